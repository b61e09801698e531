//! What callers may ask of a cluster: which properties and which fields of a pod. The cluster's
//! administrator widens it; what `render` prints of a plain spark-submit line knows no policy.

/// One cluster's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Reserved properties that callers may set all the same; `*` stands for any text.
    pub allow_properties: Vec<String>,
    /// Fields of templates that are allowed beyond the usual ones, such as `spec.hostNetwork` or
    /// `container.securityContext.privileged`.
    pub allow_fields: Vec<String>,
    /// Paths of nodes that pods may mount, with all below them; `*` stands for any text without a
    /// slash.
    pub host_paths: Vec<String>,
    /// Priority classes that pods may have; `*` stands for any text.
    pub priority_classes: Vec<String>,
    /// Runtime classes that pods may have; `*` stands for any text.
    pub runtime_classes: Vec<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            allow_properties: Vec::new(),
            allow_fields: Vec::new(),
            host_paths: ["/mnt", "/data*", "/local*"].map(str::to_owned).to_vec(),
            priority_classes: Vec::new(),
            runtime_classes: Vec::new(),
        }
    }
}
