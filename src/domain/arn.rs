//! Amazon resource names of what Firesteel keeps.

use std::borrow::Cow;

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
        self.resource(account, &format!("virtualclusters/{id}"))
    }

    pub fn job_run(
        &self,
        account: &AccountId,
        virtual_cluster: &VirtualClusterId,
        id: &JobRunId,
    ) -> String {
        self.resource(
            account,
            &format!("virtualclusters/{virtual_cluster}/jobruns/{id}"),
        )
    }

    pub fn job_template(&self, account: &AccountId, id: &JobTemplateId) -> String {
        self.resource(account, &format!("jobtemplates/{id}"))
    }

    pub fn security_configuration(
        &self,
        account: &AccountId,
        id: &SecurityConfigurationId,
    ) -> String {
        self.resource(account, &format!("securityconfigurations/{id}"))
    }

    /// Reads the name of a resource that may be kept here; a name of another region or partition,
    /// or in any other spelling than the one that is given out, names nothing.
    pub fn parse(&self, arn: &str) -> Option<(AccountId, Resource)> {
        let mut parts = arn.splitn(6, ':');
        let ours = parts.next()? == "arn"
            && parts.next()? == self.partition
            && parts.next()? == "emr-containers"
            && parts.next()? == self.region;
        let account = AccountId::parse(parts.next()?).ok()?;
        let resource = Resource::parse(parts.next()?.strip_prefix('/')?)?;
        ours.then_some((account, resource))
    }

    /// The name of a resource of `account`, by its path without the leading slash: also of one
    /// whose id has no right form and which does not exist.
    pub fn resource(&self, account: &AccountId, path: &str) -> String {
        format!(
            "arn:{}:emr-containers:{}:{account}:/{path}",
            self.partition, self.region
        )
    }

    /// A user of the account as a caller.
    pub fn user(&self, account: &AccountId, name: &UserName) -> String {
        format!("arn:{}:iam::{account}:user/{name}", self.partition)
    }

    /// The account itself as a caller.
    pub fn account_root(&self, account: &AccountId) -> String {
        format!("arn:{}:iam::{account}:root", self.partition)
    }
}

/// What an ARN of this service names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    VirtualCluster(VirtualClusterId),
    JobRun(VirtualClusterId, JobRunId),
    JobTemplate(JobTemplateId),
    SecurityConfiguration(SecurityConfigurationId),
}

impl Resource {
    fn parse(path: &str) -> Option<Self> {
        let mut parts = path.split('/');
        let named = match (parts.next()?, parts.next()?, parts.next(), parts.next()) {
            ("virtualclusters", id, None, None) => {
                Self::VirtualCluster(VirtualClusterId::parse(id).ok()?)
            }
            ("virtualclusters", cluster, Some("jobruns"), Some(id)) => Self::JobRun(
                VirtualClusterId::parse(cluster).ok()?,
                JobRunId::parse(id).ok()?,
            ),
            ("jobtemplates", id, None, None) => Self::JobTemplate(JobTemplateId::parse(id).ok()?),
            ("securityconfigurations", id, None, None) => {
                Self::SecurityConfiguration(SecurityConfigurationId::parse(id).ok()?)
            }
            _ => return None,
        };
        parts.next().is_none().then_some(named)
    }
}

/// The account that an ARN names, empty where it names none (`arn:aws:iam:::role/x`).
pub fn account_of(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")
        .and_then(|rest| rest.split(':').nth(3))
}

/// The partition that an ARN names.
pub fn partition_of(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")
        .and_then(|rest| rest.split(':').next())
}

/// The same name, of this account where it names none.
pub fn in_account<'a>(arn: &'a str, account: &AccountId) -> Cow<'a, str> {
    match arn.splitn(6, ':').collect::<Vec<_>>()[..] {
        [arn, partition, service, region, "", rest] => {
            format!("{arn}:{partition}:{service}:{region}:{account}:{rest}").into()
        }
        _ => arn.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn us_east_1() -> Region {
        Region {
            partition: "aws".into(),
            region: "us-east-1".into(),
        }
    }

    #[test]
    fn names_have_the_services_form() {
        let region = us_east_1();
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
    fn a_name_that_is_given_out_is_read_back() {
        let region = us_east_1();
        let account = AccountId::parse("123456789012").unwrap();
        let cluster = VirtualClusterId::random();
        let run = JobRunId::parse("000000035ee16lm6uri").unwrap();
        let (template, security) = (JobTemplateId::random(), SecurityConfigurationId::random());
        for (arn, resource) in [
            (
                region.virtual_cluster(&account, &cluster),
                Resource::VirtualCluster(cluster.clone()),
            ),
            (
                region.job_run(&account, &cluster, &run),
                Resource::JobRun(cluster.clone(), run),
            ),
            (
                region.job_template(&account, &template),
                Resource::JobTemplate(template),
            ),
            (
                region.security_configuration(&account, &security),
                Resource::SecurityConfiguration(security),
            ),
        ] {
            assert_eq!(
                region.parse(&arn),
                Some((account.clone(), resource)),
                "{arn}"
            );
        }
    }

    #[test]
    fn no_other_name_is_read() {
        let region = us_east_1();
        let id = "jk518skp01ys9ka8b0npx9nt0";
        let start = "arn:aws:emr-containers:us-east-1:123456789012:";
        for arn in [
            format!("arn:aws-cn:emr-containers:us-east-1:123456789012:/virtualclusters/{id}"),
            format!("arn:aws:emr-containers:eu-west-1:123456789012:/virtualclusters/{id}"),
            format!("arn:aws:elasticmapreduce:us-east-1:123456789012:/virtualclusters/{id}"),
            format!("arn:aws:emr-containers:us-east-1:12345678901:/virtualclusters/{id}"),
            format!("{start}virtualclusters/{id}"),
            format!("{start}jobtemplate/{id}"),
            format!("{start}//virtualclusters/{id}"),
            format!("{start}/virtualclusters/{id}/"),
            format!("{start}/virtualclusters/{id}/jobruns"),
            format!("{start}/virtualclusters/{id}/jobruns/000000035ee16lm6uri/x"),
            format!("{start}/virtualclusters/{id}/endpoints/8gai4l4exxxxx"),
            format!("{start}/virtualclusters/{}", id.to_uppercase()),
            format!("{start}/virtualclusters/"),
            format!("{start}/jobtemplates/{id}:x"),
            format!("x{start}/jobtemplates/{id}"),
            String::new(),
        ] {
            assert_eq!(region.parse(&arn), None, "{arn}");
        }
    }

    #[test]
    fn the_account_of_a_role() {
        assert_eq!(
            account_of("arn:aws:iam::123456789012:role/job"),
            Some("123456789012")
        );
        assert_eq!(account_of("nonsense"), None);
        assert_eq!(partition_of("arn:aws-cn:iam:::role/job"), Some("aws-cn"));
        assert_eq!(partition_of("nonsense"), None);
        let account = AccountId::parse("123456789012").unwrap();
        for (arn, whole) in [
            (
                "arn:aws:iam:::role/a:b",
                "arn:aws:iam::123456789012:role/a:b",
            ),
            ("arn:aws:iam::1:role/a", "arn:aws:iam::1:role/a"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(in_account(arn, &account), whole);
        }
    }
}
