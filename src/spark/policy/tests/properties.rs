//! What properties must not bring about.

use super::*;

/// Spark trims what it reads, and what it makes of a path is what is mounted.
#[test]
fn what_is_mounted_is_what_was_judged() {
    let policy = Policy::default();
    for role in ["driver", "executor"] {
        let volume = format!("spark.kubernetes.{role}.volumes.hostPath.a");
        for path in [" /mnt", "/mnt/.. ", "/mnt/..\u{1}", "\t/mnt", "/data\n/x"] {
            let key = format!("{volume}.options.path");
            assert!(property(&policy, &key, path).is_err(), "{path:?}");
        }
        for path in ["a/.. ", "..\u{1}", " /etc"] {
            for option in ["subPath", "subPathExpr"] {
                let key = format!("{volume}.mount.{option}");
                assert!(property(&policy, &key, path).is_err(), "{path:?}");
            }
        }
    }
}

#[test]
fn no_name_of_a_volume_hides_a_mark() {
    let everything = Policy {
        allow_properties: vec!["*".to_owned()],
        ..Policy::default()
    };
    for key in [
        "spark.kubernetes.driver.volumes.persistentVolumeClaim.label.label.firesteel.dev/holder",
        "spark.kubernetes.executor.volumes.persistentVolumeClaim.a.annotation.firesteel.dev/x",
        "spark.kubernetes.driver.service.annotation.firesteel.dev/x",
        "spark.kubernetes.executor.service.label.spark-role",
    ] {
        let breach = property(&everything, key, "x").unwrap_err();
        assert_eq!(breach, Breach::Property(key.to_owned()));
    }
}

/// Spark may leave steps out of a pod, but not those that bind it.
#[test]
fn no_pod_loses_its_service_account_or_template() {
    let widened = Policy {
        allow_properties: vec!["*.excludedFeatureSteps".to_owned()],
        ..Policy::default()
    };
    for (role, step) in [
        ("driver", "DriverKubernetesCredentialsFeatureStep"),
        ("driver", "PodTemplateConfigMapStep"),
        ("executor", "ExecutorKubernetesCredentialsFeatureStep"),
    ] {
        let key = format!("spark.kubernetes.{role}.pod.excludedFeatureSteps");
        let package = "org.apache.spark.deploy.k8s.features";
        let other = format!("{package}.EnvSecretsFeatureStep");
        let steps = format!("{other}, {package}.{step}");
        assert!(property(&Policy::default(), &key, &steps).is_err());
        assert_eq!(property(&widened, &key, &steps), Ok(()));
        assert_eq!(property(&Policy::default(), &key, &other), Ok(()));
    }
}
