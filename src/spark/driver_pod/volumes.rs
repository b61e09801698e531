//! Spark's `MountVolumesFeatureStep`: volumes that properties describe, and the claims that are
//! made for them.

use std::collections::{BTreeMap, HashMap};

use k8s_openapi::api::core::v1::{
    EmptyDirVolumeSource, HostPathVolumeSource, NFSVolumeSource, PersistentVolumeClaim,
    PersistentVolumeClaimSpec, PersistentVolumeClaimVolumeSource, Volume, VolumeMount,
    VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{BuildError, Dependent, Draft, Run, labels};

const PREFIX: &str = "spark.kubernetes.driver.volumes.";
const LEGACY_ACCESS: &str = "spark.kubernetes.legacy.useReadWriteOnceAccessMode";

/// In a claim's name it stands for a claim of the run's own.
const ON_DEMAND: &str = "OnDemand";

pub(super) fn build(draft: &mut Draft, run: &Run<'_>) -> Result<(), BuildError> {
    let all = run.properties.under_in_sparks_order(PREFIX);
    let options: HashMap<&str, &str> = all.iter().copied().collect();
    let mut volumes: Vec<(&str, &str)> = Vec::new();
    for (key, _) in &all {
        let mut parts = key.split('.');
        if let Some(volume) = parts.next().zip(parts.next())
            && !volumes.contains(&volume)
        {
            volumes.push(volume);
        }
    }
    let mut paths: Vec<&str> = Vec::new();
    for (index, (kind, name)) in volumes.into_iter().enumerate() {
        let described = Described {
            options: &options,
            kind,
            name,
        };
        let mount = described.mount(run)?;
        let path = described.required("mount.path")?;
        if paths.contains(&path) {
            return Err(BuildError::DuplicateMount(described.key("mount.path")));
        }
        paths.push(path);
        let volume = described.volume(draft, run, index)?;
        draft.mount_as(volume, mount);
    }
    Ok(())
}

/// One volume of the properties.
struct Described<'a> {
    /// By what follows `PREFIX`.
    options: &'a HashMap<&'a str, &'a str>,
    kind: &'a str,
    name: &'a str,
}

impl<'a> Described<'a> {
    fn key(&self, option: &str) -> String {
        format!("{PREFIX}{}.{}.{option}", self.kind, self.name)
    }

    fn get(&self, option: &str) -> Option<&'a str> {
        let key = format!("{}.{}.{option}", self.kind, self.name);
        self.options.get(key.as_str()).copied()
    }

    fn required(&self, option: &str) -> Result<&'a str, BuildError> {
        self.get(option)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| BuildError::Missing(self.key(option)))
    }

    fn read_only(&self) -> Result<bool, BuildError> {
        match self.get("mount.readOnly").map(str::to_lowercase).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(BuildError::Property {
                key: self.key("mount.readOnly"),
                expected: "true or false",
            }),
        }
    }

    fn mount(&self, run: &Run<'_>) -> Result<VolumeMount, BuildError> {
        let sub_path = self.get("mount.subPath");
        let mut mount = VolumeMount {
            name: self.name.to_owned(),
            mount_path: self.required("mount.path")?.to_owned(),
            read_only: Some(self.read_only()?),
            sub_path: Some(sub_path.unwrap_or_default().to_owned()),
            ..VolumeMount::default()
        };
        if run.version.has_rich_volumes() {
            let expression = self.get("mount.subPathExpr");
            if expression.is_some() && sub_path.is_some() {
                return Err(BuildError::Property {
                    key: self.key("mount.subPathExpr"),
                    expected: "left out where mount.subPath is given",
                });
            }
            mount.sub_path_expr = Some(expression.unwrap_or_default().to_owned());
        }
        Ok(mount)
    }

    fn volume(&self, draft: &mut Draft, run: &Run<'_>, index: usize) -> Result<Volume, BuildError> {
        let mut volume = Volume {
            name: self.name.to_owned(),
            ..Volume::default()
        };
        match self.kind {
            "hostPath" => {
                let kind = self
                    .get("options.type")
                    .filter(|_| run.version.has_rich_volumes());
                volume.host_path = Some(HostPathVolumeSource {
                    path: self.required("options.path")?.to_owned(),
                    type_: Some(kind.unwrap_or_default().to_owned()),
                });
            }
            "emptyDir" => {
                volume.empty_dir = Some(EmptyDirVolumeSource {
                    medium: Some(self.get("options.medium").unwrap_or_default().to_owned()),
                    size_limit: self.size(run)?,
                });
            }
            "nfs" => {
                volume.nfs = Some(NFSVolumeSource {
                    path: self.required("options.path")?.to_owned(),
                    server: self.required("options.server")?.to_owned(),
                    read_only: None,
                });
            }
            "persistentVolumeClaim" => {
                volume.persistent_volume_claim = Some(self.claim(draft, run, index)?);
            }
            _ => return Err(BuildError::VolumeType(self.key("mount.path"))),
        }
        Ok(volume)
    }

    fn claim(
        &self,
        draft: &mut Draft,
        run: &Run<'_>,
        index: usize,
    ) -> Result<PersistentVolumeClaimVolumeSource, BuildError> {
        let own = format!("{}-driver-pvc-{index}", run.names.prefix);
        let claim_name = self.required("options.claimName")?.replace(ON_DEMAND, &own);
        if let Some((class, size)) = self.get("options.storageClass").zip(self.size(run)?) {
            let claim = self.new_claim(run, &claim_name, class, size)?;
            draft
                .dependents
                .push(Dependent::PersistentVolumeClaim(claim));
        }
        Ok(PersistentVolumeClaimVolumeSource {
            claim_name,
            read_only: Some(self.read_only()?),
        })
    }

    fn new_claim(
        &self,
        run: &Run<'_>,
        name: &str,
        class: &str,
        size: Quantity,
    ) -> Result<PersistentVolumeClaim, BuildError> {
        let legacy = match run.properties.get(LEGACY_ACCESS) {
            Some(_) => Some(run.properties.flag(LEGACY_ACCESS)?),
            None => None,
        };
        let access = if run.version.claims_for_one_pod(legacy) {
            "ReadWriteOncePod"
        } else {
            "ReadWriteOnce"
        };
        let (mut labels, annotations) = if run.version.has_rich_volumes() {
            (self.entries("label"), self.entries("annotation"))
        } else {
            Default::default()
        };
        labels.insert(labels::SPARK_APP_ID.to_owned(), run.plan.app_id.clone());
        Ok(PersistentVolumeClaim {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                labels: Some(labels),
                annotations: (!annotations.is_empty()).then_some(annotations),
                ..ObjectMeta::default()
            },
            spec: Some(PersistentVolumeClaimSpec {
                access_modes: Some(vec![access.to_owned()]),
                storage_class_name: Some(class.to_owned()),
                resources: Some(VolumeResourceRequirements {
                    requests: Some([("storage".to_owned(), size)].into()),
                    limits: None,
                }),
                ..PersistentVolumeClaimSpec::default()
            }),
            status: None,
        })
    }

    fn entries(&self, kind: &str) -> BTreeMap<String, String> {
        let prefix = format!("{}.{}.{kind}.", self.kind, self.name);
        self.options
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?, *value)))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }

    /// Spark 4 takes small numbers for forgotten units.
    fn size(&self, run: &Run<'_>) -> Result<Option<Quantity>, BuildError> {
        let Some(size) = self.get("options.sizeLimit") else {
            return Ok(None);
        };
        match size.parse::<u64>() {
            Ok(bytes) if bytes < 1024 && run.version.has_rich_volumes() => {
                Err(BuildError::Property {
                    key: self.key("options.sizeLimit"),
                    expected: "an amount with its unit, such as 10Gi",
                })
            }
            Ok(_) | Err(_) => Ok(Some(Quantity(size.to_owned()))),
        }
    }
}
