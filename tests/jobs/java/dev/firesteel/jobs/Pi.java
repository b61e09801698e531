package dev.firesteel.jobs;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/** Estimates pi on the executors. Argument: the number of partitions (default 2). */
public final class Pi {
  private static final int DARTS = 100_000;

  private Pi() {}

  public static void main(String[] args) {
    int partitions = args.length > 0 ? Integer.parseInt(args[0]) : 2;
    List<Integer> seeds = new ArrayList<>();
    for (int i = 0; i < partitions; i++) {
      seeds.add(i);
    }
    try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
      long inside = spark.parallelize(seeds, partitions).map(seed -> throwDarts()).reduce(Long::sum);
      System.out.println("Pi is roughly " + 4.0 * inside / ((long) DARTS * partitions));
    }
  }

  private static long throwDarts() {
    long inside = 0;
    for (int i = 0; i < DARTS; i++) {
      double x = ThreadLocalRandom.current().nextDouble();
      double y = ThreadLocalRandom.current().nextDouble();
      if (x * x + y * y <= 1) {
        inside++;
      }
    }
    return inside;
  }
}
