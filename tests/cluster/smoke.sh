#!/bin/bash
# Run a PySpark and a Java job as compact driver pods (one pod, no Service or ConfigMap, properties
# in an annotation) on the running cluster, and tell how they end: smoke.sh [SPARK_VERSION]
set -euo pipefail
. "$(dirname "$0")/lib.sh"
version=${1:-3.5.9}
namespace=smoke
"$here/namespace.sh" $namespace

driver() { # name class resource property...: a driver pod, as Firesteel makes it
  local name=$1 class=$2 resource=$3
  shift 3
  cat <<Y
apiVersion: v1
kind: Pod
metadata:
  name: $name-driver
  namespace: $namespace
  labels: {spark-role: driver, spark-app-selector: $name}
  annotations:
    firesteel.dev/spark.properties: |
      spark.master=k8s\://https\://kubernetes.default.svc\:443
      spark.submit.deployMode=cluster
      spark.app.id=$name
      spark.app.name=$name
      spark.kubernetes.namespace=$namespace
      spark.kubernetes.submitInDriver=true
      spark.kubernetes.driver.pod.name=$name-driver
      spark.kubernetes.authenticate.driver.serviceAccountName=spark
      spark.kubernetes.container.image=localhost/firesteel-spark\:$version
      spark.kubernetes.executor.disableConfigMap=true
      spark.kubernetes.executor.request.cores=0.2
      spark.driver.port=7078
      spark.driver.blockManager.port=7079
      spark.driver.memory=512m
      spark.executor.memory=512m
      spark.executor.instances=2
$(printf '      %s\n' "$@")
spec:
  serviceAccountName: spark
  restartPolicy: Never
  enableServiceLinks: false
  containers:
    - name: spark-kubernetes-driver
      image: localhost/firesteel-spark:$version
      args: [driver, --properties-file, /opt/spark/conf/spark.properties,
             --conf, spark.driver.host=\$(SPARK_DRIVER_BIND_ADDRESS),
             --class, $class, $resource, "4"]
      env:
        - {name: SPARK_USER, value: spark}
        - {name: SPARK_APPLICATION_ID, value: $name}
        - {name: SPARK_DRIVER_BIND_ADDRESS, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        - {name: SPARK_LOCAL_DIRS, value: /var/data/spark}
        - {name: SPARK_CONF_DIR, value: /opt/spark/conf}
      ports:
        - {name: driver-rpc-port, containerPort: 7078}
        - {name: blockmanager, containerPort: 7079}
        - {name: spark-ui, containerPort: 4040}
      resources: {requests: {cpu: 200m, memory: 896Mi}, limits: {memory: 896Mi}}
      terminationMessagePolicy: FallbackToLogsOnError
      volumeMounts:
        - {name: spark-local-dir-1, mountPath: /var/data/spark}
        - {name: spark-conf-volume-driver, mountPath: /opt/spark/conf}
  volumes:
    - {name: spark-local-dir-1, emptyDir: {}}
    - name: spark-conf-volume-driver
      downwardAPI:
        items:
          - path: spark.properties
            fieldRef: {fieldPath: "metadata.annotations['firesteel.dev/spark.properties']"}
Y
}

run() { # name ...: runs it to its end
  local pod=$1-driver phase=
  kubectl delete pod "$pod" -n $namespace --ignore-not-found >/dev/null
  driver "$@" | kubectl apply -f - >/dev/null
  say "$pod: created"
  until [[ $phase =~ Succeeded|Failed ]]; do
    sleep 0.5
    phase=$(kubectl get pod "$pod" -n $namespace -o 'jsonpath={.status.phase}')
    [ $SECONDS -lt 300 ] || fail "$pod is still $phase"
  done
  say "$pod: $phase, $(kubectl logs "$pod" -n $namespace | grep 'Pi is roughly')"
  [ "$phase" = Succeeded ]
}

jar=local:///opt/firesteel-jobs/jobs.jar
run python org.apache.spark.deploy.PythonRunner local:///opt/firesteel-jobs/pi.py spark.kubernetes.resource.type=python
run java dev.firesteel.jobs.Pi "$jar" spark.kubernetes.resource.type=java "spark.jars=$jar"
