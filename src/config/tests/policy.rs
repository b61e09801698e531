//! `[clusters.policy]`.

use super::{PROD, load};
use crate::spark::Policy;

#[test]
fn a_clusters_policy_is_its_own_and_makes_sense() {
    let policy = |text: &str| {
        let text = format!("{PROD}\n[clusters.policy]\n{text}");
        load(&text, &[]).map(|config| Policy::from(config.clusters[0].policy()))
    };
    let default = policy("").unwrap();
    assert_eq!(default, Policy::default());
    let own = policy(
        "allow_properties = [\"spark.app.id\"]\nallow_fields = [\"spec.hostNetwork\"]\n\
         host_paths = [\"/nvme*\"]\npriority_classes = [\"team-*\"]\n\
         runtime_classes = [\"gvisor\"]",
    );
    let list = |text: &str| vec![text.to_owned()];
    let expected = Policy {
        allow_properties: list("spark.app.id"),
        allow_fields: list("spec.hostNetwork"),
        host_paths: list("/nvme*"),
        priority_classes: list("team-*"),
        runtime_classes: list("gvisor"),
    };
    assert_eq!(own.unwrap(), expected);
    for (text, named) in [
        ("allow_fields = [\"spec.nodeName\"]", "spec.nodeName"),
        ("allow_fields = [\"spec\"]", "\"spec\""),
        ("host_paths = [\"/\"]", "host_paths"),
        ("host_paths = [\"/mnt/../etc\"]", "host_paths"),
        ("privileged = true", "privileged"),
    ] {
        let error = policy(text).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}
