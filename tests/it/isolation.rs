//! Accounts are strangers: to one of them, what is another's does not exist, on any route.

use std::collections::BTreeSet;

use firesteel::wire::OPERATIONS;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::harness::app::ACCOUNT;
use crate::harness::client::with;
use crate::harness::{Client, Reply, TestApp};
use crate::operations::{Call, Resources, call, encoded, find, send};

const STRANGER: &str = "210987654321";

struct Two {
    app: TestApp,
    ours: Client,
    theirs: Client,
    /// Of `theirs`, who are the stranger's victims.
    resources: Resources,
}

impl Two {
    async fn start(pool: PgPool, settings: &[(&str, &str)]) -> Self {
        let settings = [&[("API__AUTH", "sigv4")], settings].concat();
        let app = TestApp::with(pool, &settings).await;
        let theirs = app.signed(ACCOUNT, None).await;
        Self {
            ours: app.signed(STRANGER, None).await,
            resources: Resources::new(&theirs, ACCOUNT).await,
            theirs,
            app,
        }
    }

    /// Everything that the account can see of its own.
    async fn everything_of_theirs(&self) -> Vec<Value> {
        let mut seen = Vec::new();
        for name in READING {
            let reply = send(&self.theirs, &call(find(name), &self.resources)).await;
            assert_eq!(reply.status, 200, "{name}: {}", reply.body);
            seen.push(reply.body);
        }
        seen
    }
}

const READING: [&str; 9] = [
    "DescribeJobRun",
    "DescribeJobTemplate",
    "DescribeSecurityConfiguration",
    "DescribeVirtualCluster",
    "ListJobRuns",
    "ListJobTemplates",
    "ListSecurityConfigurations",
    "ListTagsForResource",
    "ListVirtualClusters",
];

/// Calls that name no resource: what they touch is the caller's own.
const UNADDRESSED: [&str; 6] = [
    "CreateJobTemplate",
    "CreateSecurityConfiguration",
    "CreateVirtualCluster",
    "ListJobTemplates",
    "ListSecurityConfigurations",
    "ListVirtualClusters",
];

/// The answer with one account's names in place of another's.
fn renamed(reply: &Reply, from: &Resources, to: &Resources) -> (u16, String) {
    let names = [
        (&from.virtual_cluster, &to.virtual_cluster),
        (&from.job_run, &to.job_run),
        (&from.job_template, &to.job_template),
        (&from.security_configuration, &to.security_configuration),
        (&from.account, &to.account),
    ];
    let body = names
        .iter()
        .fold(reply.body.to_string(), |body, (from, to)| {
            body.replace(from.as_str(), to)
        });
    (reply.status, body)
}

#[sqlx::test]
async fn on_every_route_what_is_anothers_answers_as_what_does_not_exist(pool: PgPool) {
    let two = Two::start(pool, &[]).await;
    let before = two.everything_of_theirs().await;
    // Whose account stands in a path matters only where there are ARNs in it.
    for account in [ACCOUNT, STRANGER] {
        let known = Resources {
            account: account.to_owned(),
            ..two.resources.clone()
        };
        let absent = Resources::absent(account);
        let mut tried = BTreeSet::new();
        for operation in OPERATIONS.iter().filter(|o| o.uri.contains('{')) {
            let existing = send(&two.ours, &call(operation, &known)).await;
            let missing = send(&two.ours, &call(operation, &absent)).await;
            assert_eq!(
                renamed(&existing, &known, &absent),
                (missing.status, missing.body.to_string()),
                "{}",
                operation.name
            );
            let is_empty_list = existing.body == json!({"jobRuns": []});
            assert!(existing.status == 400 || is_empty_list, "{existing:?}");
            tried.insert(operation.name);
        }
        tried.extend(UNADDRESSED);
        assert_eq!(tried.len(), OPERATIONS.len());
    }
    assert_eq!(two.everything_of_theirs().await, before);
}

#[sqlx::test]
async fn tags_of_every_kind_of_resource_are_their_accounts(pool: PgPool) {
    let two = Two::start(pool, &[]).await;
    let Resources {
        virtual_cluster,
        job_run,
        job_template,
        security_configuration,
        ..
    } = &two.resources;
    let absent = Resources::absent(ACCOUNT);
    for (path, missing) in [
        (
            format!("/virtualclusters/{virtual_cluster}"),
            format!("/virtualclusters/{}", absent.virtual_cluster),
        ),
        (
            format!("/virtualclusters/{virtual_cluster}/jobruns/{job_run}"),
            format!(
                "/virtualclusters/{virtual_cluster}/jobruns/{}",
                absent.job_run
            ),
        ),
        (
            format!("/jobtemplates/{job_template}"),
            format!("/jobtemplates/{}", absent.job_template),
        ),
        (
            format!("/securityconfigurations/{security_configuration}"),
            format!("/securityconfigurations/{}", absent.security_configuration),
        ),
    ] {
        let (arn, missing) = (two.resources.arn(&path), absent.arn(&missing));
        let tagged = |arn: &str| format!("/tags/{}", encoded(arn));
        let body = json!({"tags": {"owner": "stranger"}});
        for (existing, absent) in [
            (
                two.ours.post(&tagged(&arn), &body).await,
                two.ours.post(&tagged(&missing), &body).await,
            ),
            (
                two.ours.get(&tagged(&arn)).await,
                two.ours.get(&tagged(&missing)).await,
            ),
            (
                two.ours
                    .delete(&format!("{}?tagKeys=owner", tagged(&arn)))
                    .await,
                two.ours
                    .delete(&format!("{}?tagKeys=owner", tagged(&missing)))
                    .await,
            ),
        ] {
            assert_eq!(
                (
                    existing.status,
                    existing.body.to_string().replace(&arn, &missing)
                ),
                (absent.status, absent.body.to_string())
            );
            existing.refused_with(400, "ResourceNotFoundException", "");
        }
        let reply = two.theirs.get(&tagged(&arn)).await;
        assert_eq!(reply.body, json!({"tags": {}}));
    }
}

#[sqlx::test]
async fn nothing_of_another_account_can_be_used(pool: PgPool) {
    let two = Two::start(pool, &[]).await;
    let own = Resources::new(&two.ours, STRANGER).await;
    let absent = Resources::absent(STRANGER);
    let start = |template: &str| {
        let mut start = call(find("StartJobRun"), &own);
        let token = start.body.as_ref().unwrap()["clientToken"].clone();
        start.body = Some(json!({"jobTemplateId": template, "clientToken": token}));
        start
    };
    let create = |configuration: &str| {
        let mut create = call(find("CreateVirtualCluster"), &own);
        let more = json!({"securityConfigurationId": configuration});
        create.body = create.body.map(|body| with(body, more));
        create
    };
    for (theirs, missing) in [
        (
            start(&two.resources.job_template),
            start(&absent.job_template),
        ),
        (
            create(&two.resources.security_configuration),
            create(&absent.security_configuration),
        ),
    ] {
        let (existing, missing) = (
            send(&two.ours, &theirs).await,
            send(&two.ours, &missing).await,
        );
        let existing = renamed(&existing, &two.resources, &absent);
        assert_eq!(existing, (missing.status, missing.body.to_string()));
        missing.refused_with(400, "ResourceNotFoundException", "doesn't exist.");
    }
    let reply = send(&two.ours, &start(&own.job_template)).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
}

#[sqlx::test]
async fn a_run_is_not_reached_through_the_callers_own_virtual_cluster(pool: PgPool) {
    let two = Two::start(pool, &[]).await;
    let own = Resources::new(&two.ours, STRANGER).await;
    let mixed = Resources {
        job_run: two.resources.job_run.clone(),
        ..own.clone()
    };
    let absent = Resources {
        job_run: Resources::absent(STRANGER).job_run,
        ..own
    };
    for name in ["DescribeJobRun", "CancelJobRun"] {
        let existing = send(&two.ours, &call(find(name), &mixed)).await;
        let missing = send(&two.ours, &call(find(name), &absent)).await;
        assert_eq!(
            renamed(&existing, &mixed, &absent),
            (missing.status, missing.body.to_string())
        );
        assert_eq!(existing.status, 400);
    }
}

#[sqlx::test]
async fn lists_hold_the_accounts_own_and_their_tokens_open_no_others(pool: PgPool) {
    let two = Two::start(pool, &[]).await;
    let own = Resources::new(&two.ours, STRANGER).await;
    for _ in 0..2 {
        two.theirs.job_run(&two.resources.virtual_cluster).await;
        Resources::new(&two.theirs, ACCOUNT).await;
    }
    for (name, member, id) in [
        (
            "ListVirtualClusters",
            "virtualClusters",
            &own.virtual_cluster,
        ),
        ("ListJobTemplates", "templates", &own.job_template),
        (
            "ListSecurityConfigurations",
            "securityConfigurations",
            &own.security_configuration,
        ),
        ("ListJobRuns", "jobRuns", &own.job_run),
    ] {
        let reply = send(&two.ours, &call(find(name), &own)).await;
        let entries = reply.body[member].as_array().unwrap();
        assert_eq!(entries.len(), 1, "{name}: {}", reply.body);
        assert_eq!(entries[0]["id"], **id);

        let page = |resources: &Resources, query: &str| {
            let list = call(find(name), resources);
            Call {
                path: format!("{}?{query}", list.path),
                ..list
            }
        };
        let first = send(&two.theirs, &page(&two.resources, "maxResults=1")).await;
        let token = first.text("nextToken");
        let query = format!("nextToken={token}");
        let stolen = send(&two.ours, &page(&own, &query)).await;
        let made_up = send(&two.ours, &page(&own, "nextToken=nobodys")).await;
        assert_eq!(stolen.body, made_up.body);
        stolen.refused_with(400, "ValidationException", "");
        let next = send(&two.theirs, &page(&two.resources, &query)).await;
        assert_eq!(
            next.body[member].as_array().unwrap().len(),
            2,
            "{}",
            next.body
        );
    }
}

#[sqlx::test]
async fn a_client_token_is_its_accounts(pool: PgPool) {
    let two = Two::start(pool, &[]).await;
    let own = Resources::new(&two.ours, STRANGER).await;
    for name in [
        "CreateVirtualCluster",
        "CreateJobTemplate",
        "CreateSecurityConfiguration",
        "StartJobRun",
        "UpdateVirtualCluster",
    ] {
        let theirs = call(find(name), &two.resources);
        let mut ours = call(find(name), &own);
        let token = theirs.body.as_ref().unwrap()["clientToken"].clone();
        ours.body = ours
            .body
            .map(|body| with(body, json!({"clientToken": token})));
        let first = send(&two.theirs, &theirs).await;
        let second = send(&two.ours, &ours).await;
        assert_eq!(
            (first.status, second.status),
            (200, 200),
            "{name}: {second:?}"
        );
        let repeated = send(&two.theirs, &theirs).await;
        assert_eq!(repeated.body["id"], first.body["id"]);
        if first.body["id"].is_string() {
            assert_ne!(second.body["id"], first.body["id"], "{name}");
            let arn = second.body["arn"].as_str().unwrap();
            assert!(arn.contains(STRANGER), "{arn}");
        }
    }
    assert_eq!(two.app.count("access_key").await, 2);
}
