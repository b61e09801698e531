// Submits the same Spark application again and again in one JVM that is warm already.
//
// java Warm PARALLEL WARM_UP SECONDS ARGUMENT...   (arguments of spark-submit)
// Prints: runs, seconds, and seconds of CPU, of the time after the warm-up.

import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.Arrays;
import java.util.stream.IntStream;

import com.sun.management.OperatingSystemMXBean;

import org.apache.spark.deploy.InProcessSparkSubmit;

public final class Warm {
  public static void main(String[] words) throws Exception {
    int parallel = Integer.parseInt(words[0]);
    long warmUp = Long.parseLong(words[1]);
    long seconds = Long.parseLong(words[2]);
    String[] arguments = Arrays.copyOfRange(words, 3, words.length);
    AtomicLong runs = new AtomicLong();
    AtomicBoolean stop = new AtomicBoolean();
    Thread[] lanes = IntStream.range(0, parallel).mapToObj(n -> new Thread(() -> {
      while (!stop.get()) {
        // It changes what it is given.
        InProcessSparkSubmit.main(arguments.clone());
        runs.incrementAndGet();
      }
    })).toArray(Thread[]::new);
    Thread.setDefaultUncaughtExceptionHandler((thread, error) -> {
      error.printStackTrace();
      Runtime.getRuntime().halt(1);
    });
    for (Thread lane : lanes) {
      lane.start();
    }
    Thread.sleep(warmUp * 1000);
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long begun = System.nanoTime(), cpu = system.getProcessCpuTime(), before = runs.get();
    Thread.sleep(seconds * 1000);
    long done = runs.get() - before;
    System.out.println(done + " " + (System.nanoTime() - begun) / 1e9
        + " " + (system.getProcessCpuTime() - cpu) / 1e9);
    stop.set(true);
    for (Thread lane : lanes) {
      lane.join();
    }
  }
}
