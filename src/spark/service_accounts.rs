//! As whom the pods of a run talk to their cluster and to AWS: one pair of service accounts for
//! each execution role, named as the service names them, so that trust policies written for it
//! hold here too.

mod objects;

pub use objects::Objects;

use crate::domain::ids::AccountId;

/// The accounts of an execution role, or of the runs that have none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServiceAccounts {
    pub driver: String,
    pub executor: String,
    /// Gives the driver's account its rights.
    pub driver_binding: String,
    /// The execution role, where the run has one.
    pub role_arn: Option<String>,
}

impl ServiceAccounts {
    /// Those of `role_arn` in `account`, which a role of another account keeps out of: the names
    /// carry the role's own account.
    pub fn of(account: &AccountId, role_arn: Option<&str>) -> Self {
        let owner = role_arn.and_then(account_of).unwrap_or(account.as_str());
        let mut end = owner.to_owned();
        if let Some(role) = role_arn.map(role_name) {
            end.push('-');
            end.push_str(&base36(role));
        }
        Self {
            driver: format!("emr-containers-sa-spark-driver-{end}"),
            executor: format!("emr-containers-sa-spark-executor-{end}"),
            driver_binding: format!("emr-containers-rb-spark-driver-{end}"),
            role_arn: role_arn.map(str::to_owned),
        }
    }
}

fn account_of(role_arn: &str) -> Option<&str> {
    role_arn
        .split(':')
        .nth(4)
        .filter(|account| !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The role's name without its path.
fn role_name(role_arn: &str) -> &str {
    role_arn.rsplit(['/', ':']).next().unwrap_or(role_arn)
}

/// The bytes of `text` as one number, most significant first, in digits `0-9a-z`.
fn base36(text: &str) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut number = text.as_bytes().to_vec();
    let mut digits = Vec::new();
    while number.iter().any(|byte| *byte != 0) {
        let mut rest = 0_usize;
        for byte in &mut number {
            let value = rest * 256 + usize::from(*byte);
            // Below 256, since what is left over is below 36.
            *byte = u8::try_from(value / 36).unwrap_or(u8::MAX);
            rest = value % 36;
        }
        digits.push(char::from(DIGITS[rest]));
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(role_arn: Option<&str>) -> ServiceAccounts {
        ServiceAccounts::of(&AccountId::parse("111122223333").unwrap(), role_arn)
    }

    #[test]
    fn role_names_are_written_as_the_service_writes_them() {
        assert_eq!(
            base36("JobExecutionRoleIRSAv2"),
            "c7ohmynrs14q04uudoef8n97xdufwajzua"
        );
        assert_eq!(base36(""), "");
        assert_eq!(base36("$"), "10");
    }

    #[test]
    fn accounts_bear_the_name_of_the_role_without_its_path() {
        let role = "arn:aws:iam::123456789012:role/team/JobExecutionRoleIRSAv2";
        let accounts = of(Some(role));
        let end = "123456789012-c7ohmynrs14q04uudoef8n97xdufwajzua";
        assert_eq!(
            accounts.driver,
            format!("emr-containers-sa-spark-driver-{end}")
        );
        assert_eq!(
            accounts.executor,
            format!("emr-containers-sa-spark-executor-{end}")
        );
        assert_eq!(
            accounts.driver_binding,
            format!("emr-containers-rb-spark-driver-{end}")
        );
        assert_eq!(accounts.role_arn.as_deref(), Some(role));
    }

    #[test]
    fn the_longest_role_name_fits_an_object() {
        let role = format!("arn:aws:iam::123456789012:role/{}", "~".repeat(64));
        assert!(of(Some(&role)).executor.len() < 253);
    }

    #[test]
    fn runs_without_a_role_share_their_accounts() {
        let accounts = of(None);
        assert_eq!(
            accounts.driver,
            "emr-containers-sa-spark-driver-111122223333"
        );
        assert_eq!(accounts.role_arn, None);
        // The role's account may be left out of its name.
        assert!(
            of(Some("arn:aws:iam:::role/x"))
                .driver
                .contains("-111122223333-")
        );
    }
}
