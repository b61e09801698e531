//! Amazon resource names of what Firesteel keeps.

use super::ids::{
    AccountId, JobRunId, JobTemplateId, SecurityConfigurationId, UserName, VirtualClusterId,
};

/// Where the installation stands in AWS's naming: the partition and region its names carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    pub partition: String,
    pub region: String,
}

impl Region {
    pub fn virtual_cluster(&self, account: &AccountId, id: &VirtualClusterId) -> String {
        self.name(account, &format!("virtualclusters/{id}"))
    }

    pub fn job_run(
        &self,
        account: &AccountId,
        virtual_cluster: &VirtualClusterId,
        id: &JobRunId,
    ) -> String {
        self.name(
            account,
            &format!("virtualclusters/{virtual_cluster}/jobruns/{id}"),
        )
    }

    pub fn job_template(&self, account: &AccountId, id: &JobTemplateId) -> String {
        self.name(account, &format!("jobtemplates/{id}"))
    }

    pub fn security_configuration(
        &self,
        account: &AccountId,
        id: &SecurityConfigurationId,
    ) -> String {
        self.name(account, &format!("securityconfigurations/{id}"))
    }

    /// The name of a resource of `account`, by its path without the leading slash: also of one
    /// whose id has no right form and which does not exist.
    pub fn resource(&self, account: &AccountId, path: &str) -> String {
        self.name(account, path)
    }

    /// A user of the account as a caller.
    pub fn user(&self, account: &AccountId, name: &UserName) -> String {
        format!("arn:{}:iam::{account}:user/{name}", self.partition)
    }

    /// The account itself as a caller.
    pub fn account_root(&self, account: &AccountId) -> String {
        format!("arn:{}:iam::{account}:root", self.partition)
    }

    fn name(&self, account: &AccountId, path: &str) -> String {
        format!(
            "arn:{}:emr-containers:{}:{account}:/{path}",
            self.partition, self.region
        )
    }
}

/// The account that an ARN names, empty where it names none (`arn:aws:iam:::role/x`).
pub fn account_of(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")
        .and_then(|rest| rest.split(':').nth(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_services_form() {
        let region = Region {
            partition: "aws".into(),
            region: "us-east-1".into(),
        };
        let account = AccountId::parse("123456789012").unwrap();
        let cluster = VirtualClusterId::parse("jk518skp01ys9ka8b0npx9nt0").unwrap();
        let run = JobRunId::parse("000000035ee16lm6uri").unwrap();
        assert_eq!(
            region.job_run(&account, &cluster, &run),
            "arn:aws:emr-containers:us-east-1:123456789012:/virtualclusters/\
             jk518skp01ys9ka8b0npx9nt0/jobruns/000000035ee16lm6uri"
        );
    }

    #[test]
    fn the_account_of_a_role() {
        assert_eq!(
            account_of("arn:aws:iam::123456789012:role/job"),
            Some("123456789012")
        );
        assert_eq!(account_of("nonsense"), None);
    }
}
