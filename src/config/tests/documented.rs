//! What `config.default.toml` says of settings that lists have is so.

use super::*;

#[test]
fn a_clusters_defaults_are_the_documented_ones() {
    let text = "[[clusters]]\nid = \"a\"\nbackend = \"process\"\n[[clusters]]\nid = \"b\"\nbackend = \"kubernetes\"\n";
    let config = load(text, &[]).unwrap();
    for cluster in &config.clusters {
        let documented: Vec<String> = match cluster {
            ClusterConfig::Process(process) => {
                vec![format!("max_processes = {} ", process.max_processes)]
            }
            ClusterConfig::Kubernetes(kubernetes) => vec![
                format!("image = \"{}\" ", kubernetes.image),
                format!(
                    "image_pull_policy = \"{}\"",
                    kubernetes.image_pull_policy.as_str()
                ),
                format!("layout = \"{}\" ", kubernetes.layout.as_str()),
                format!("irsa = {} ", kubernetes.irsa),
                format!("node_label_key = \"{}\"", kubernetes.node_label_key),
                format!("in_cluster = {} ", kubernetes.in_cluster),
            ],
        };
        assert!(!cluster.removes_unknown_objects());
        assert!(DEFAULTS.contains("# remove_unknown_objects = false\n"));
        for line in documented {
            assert!(DEFAULTS.contains(&line), "{line}");
        }
    }
}

#[test]
fn the_documented_clusters_and_releases_can_be_read() {
    let (_, examples) = DEFAULTS.split_once("\n# Release labels, over").unwrap();
    let is_setting = |line: &&str| {
        let key = line.split_once(" = ").map(|(key, _)| key);
        line.starts_with('[') || key.is_some_and(|key| !key.contains(' '))
    };
    let settings: Vec<&str> = examples
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(is_setting)
        .collect();
    let config = load(&settings.join("\n"), &[]).unwrap();
    let [local, prod] = &config.clusters[..] else {
        panic!("{} clusters", config.clusters.len());
    };
    assert_eq!((local.id(), prod.id()), ("local", "prod"));
    assert_eq!(config.releases.len(), 1);
    assert_eq!(prod.releases().len(), 1);
    assert!(prod.event_log_dir().is_some());
    assert_eq!(prod.defaults().properties.len(), 1);
    let (documented, built_in) = (prod.policy(), PolicyConfig::default());
    assert_eq!(documented.host_paths, built_in.host_paths);
    assert_eq!(documented.allow_properties, built_in.allow_properties);
    assert_eq!(documented.allow_fields, built_in.allow_fields);
    assert_eq!(documented.priority_classes, built_in.priority_classes);
    assert_eq!(documented.runtime_classes, built_in.runtime_classes);
}
