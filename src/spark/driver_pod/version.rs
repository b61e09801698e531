//! What differs between Spark versions is data: asked of the version, never copied into a step.

use super::BuildError;
use super::spark_order::Scala;

/// Spark's minor version decides what a driver pod looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SparkVersion {
    major: u32,
    minor: u32,
}

impl SparkVersion {
    pub(super) fn parse(text: &str) -> Result<Self, BuildError> {
        let mut parts = text.split('.').map(str::parse);
        match (parts.next(), parts.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Ok(Self { major, minor }),
            _ => Err(BuildError::SparkVersion(text.to_owned())),
        }
    }

    pub(super) fn at_least(self, major: u32, minor: u32) -> bool {
        self >= Self { major, minor }
    }

    /// Whether its client writes maps that are empty (`annotations: {}`).
    pub(super) fn writes_empty_maps(self) -> bool {
        !self.at_least(3, 4)
    }

    /// Whether executors may come from their own application's pods alone.
    pub(super) fn has_network_policy(self) -> bool {
        self.at_least(4, 2)
    }

    /// Whether its client puts its own namespace over a template's.
    pub(super) fn overrides_template_namespace(self) -> bool {
        self.at_least(3, 4)
    }

    /// The Scala whose collections decide the order of what properties ask for.
    pub(super) fn scala(self) -> Scala {
        if self.at_least(4, 0) {
            Scala::V2_13
        } else {
            Scala::V2_12
        }
    }

    /// Whether labels may speak of the application's id, as annotations always may.
    pub(super) fn substitutes_in_labels(self) -> bool {
        self.at_least(4, 0)
    }

    /// Whether an image may speak of Spark's version.
    pub(super) fn substitutes_in_images(self) -> bool {
        self.at_least(4, 1)
    }

    /// Whether the driver serves Spark Connect on a port of its own.
    pub(super) fn has_connect_port(self) -> bool {
        self.at_least(4, 1)
    }

    /// Whether the Service says what the Connect port speaks.
    pub(super) fn names_connect_protocol(self) -> bool {
        self.at_least(4, 2)
    }

    /// Whether a Service can have families of addresses and labels of the run's.
    pub(super) fn shapes_service(self) -> bool {
        self.at_least(3, 4)
    }

    /// Whether a Service says if it serves drivers that are not ready.
    pub(super) fn publishes_not_ready(self) -> bool {
        self.at_least(4, 3)
    }

    /// Whether containers say if they may gain privileges.
    pub(super) fn limits_privileges(self) -> bool {
        self.at_least(4, 3)
    }

    /// Whether a run may leave out steps.
    pub(super) fn excludes_steps(self) -> bool {
        self.at_least(4, 1)
    }

    /// Whether volumes have types, expressions in their paths, and claims with labels.
    pub(super) fn has_rich_volumes(self) -> bool {
        self.at_least(4, 0)
    }

    /// Whether a claim is for one pod where `legacy`, the run's word on it, does not say otherwise.
    pub(super) fn claims_for_one_pod(self, legacy: Option<bool>) -> bool {
        self.at_least(3, 4) && !legacy.unwrap_or(!self.at_least(4, 0))
    }

    /// Whether executors learn the name of the map with Hadoop's files.
    pub(super) fn tells_executors_of_hadoop(self) -> bool {
        self.at_least(3, 5)
    }
}
