//! What belongs to a driver: its dependents and its service accounts.

use super::server::{Call, cluster, cluster_with};
use super::*;
use crate::domain::ids::AccountId;
use crate::spark::layout::LayoutSetting;
use crate::spark::service_accounts::ServiceAccounts;

const POST_POD: &str = "POST /api/v1/namespaces/analytics/pods";
const GET_POD: &str = "GET /api/v1/namespaces/analytics/pods/spark-000000035ee16lm6uri-driver";
const POST_SERVICE: &str = "POST /api/v1/namespaces/analytics/services";
const GET_SERVICE: &str =
    "GET /api/v1/namespaces/analytics/services/spark-000000035ee16lm6uri-driver-svc";
const POST_MAP: &str = "POST /api/v1/namespaces/analytics/configmaps";
const MAP: &str =
    "/api/v1/namespaces/analytics/configmaps/spark-000000035ee16lm6uri-driver-conf-map";

fn classic() -> Plan {
    Plan {
        layout: Some(LayoutSetting::Classic),
        ..plan()
    }
}

fn classic_pod() -> Value {
    pod(|pod| {
        pod["spec"]["volumes"] = json!([
            { "name": "spark-conf-volume-driver", "configMap": { "name": "a" } },
        ]);
    })
}

fn taken() -> (u16, Value) {
    status(409, "AlreadyExists", "it already exists")
}

fn done() -> (u16, Value) {
    (201, json!({}))
}

async fn create(plan: &Plan, script: Vec<Call>) -> (Result<Seen, CreateError>, Vec<Value>) {
    let (cluster, server) = cluster(script);
    let result = cluster.create(&driver(), plan, &Prepared::default()).await;
    drop(cluster);
    (result, server.finished().await)
}

fn map_of(uid: &str, installation: &str) -> (u16, Value) {
    let map = json!({ "metadata": {
        "uid": "map-1",
        "labels": {
            "firesteel.dev/installation": installation,
            "firesteel.dev/attempt": "1",
            "emr-containers.amazonaws.com/job.id": "000000035ee16lm6uri",
        },
        "ownerReferences": [
            { "apiVersion": "v1", "kind": "Pod", "name": "a", "uid": uid },
        ],
    }});
    (200, map)
}

#[tokio::test(start_paused = true)]
async fn dependents_follow_the_pod_under_its_uid() {
    let (created, bodies) = create(
        &classic(),
        vec![
            Call::answers(POST_POD, (201, classic_pod())),
            Call::answers(POST_SERVICE, done()),
            Call::answers(POST_MAP, done()),
        ],
    )
    .await;
    assert_eq!(created.unwrap().holder.uid, "uid-1");
    for body in &bodies[1..] {
        let owner = &body["metadata"]["ownerReferences"][0];
        assert_eq!(owner["uid"], "uid-1");
        assert_eq!(owner["name"], driver().name);
        let labels = &body["metadata"]["labels"];
        assert_eq!(labels["firesteel.dev/installation"], INSTALLATION);
        assert_eq!(labels["spark-app-selector"], driver().app_id);
    }
}

/// The pod was created, and the process ended before the rest.
#[tokio::test(start_paused = true)]
async fn a_creation_that_was_cut_off_is_made_complete() {
    // Even where the configuration would choose the compact layout by now.
    let (created, bodies) = create(
        &plan(),
        vec![
            Call::answers(POST_POD, taken()),
            Call::answers(GET_POD, (200, classic_pod())),
            Call::answers(POST_SERVICE, taken()),
            Call::answers(GET_SERVICE, map_of("uid-1", INSTALLATION)),
            Call::answers(POST_MAP, done()),
        ],
    )
    .await;
    created.unwrap();
    assert_eq!(bodies[4]["metadata"]["ownerReferences"][0]["uid"], "uid-1");
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_was_found_is_made_complete() {
    let (cluster, server) = cluster(vec![
        Call::answers(GET_POD, (200, classic_pod())),
        Call::answers(GET_POD, (200, classic_pod())),
        Call::answers(POST_SERVICE, done()),
        Call::answers(POST_MAP, done()),
    ]);
    let seen = cluster.look(&driver()).await.unwrap().unwrap();
    let complete = cluster
        .complete(&driver(), &classic(), &Prepared::default(), seen)
        .await;
    complete.unwrap();
    drop(cluster);
    server.finished().await;
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_has_ended_needs_nothing_more() {
    let mut ended = classic_pod();
    ended["status"]["phase"] = json!("Succeeded");
    let (created, _) = create(
        &classic(),
        vec![
            Call::answers(POST_POD, taken()),
            Call::answers(GET_POD, (200, ended)),
        ],
    )
    .await;
    created.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_earlier_pods_object_gives_way_and_anybody_elses_does_not() {
    let until_map = || {
        vec![
            Call::answers(POST_POD, (201, classic_pod())),
            Call::answers(POST_SERVICE, done()),
            Call::answers(POST_MAP, taken()),
        ]
    };
    let mut script = until_map();
    script.extend([
        Call::answers(&format!("GET {MAP}"), map_of("uid-0", INSTALLATION)),
        Call::answers(&format!("DELETE {MAP}"), (200, json!({}))),
        Call::answers(POST_MAP, done()),
    ]);
    let (created, bodies) = create(&classic(), script).await;
    created.unwrap();
    assert_eq!(bodies[4]["preconditions"]["uid"], "map-1");

    let mut script = until_map();
    script.push(Call::answers(
        &format!("GET {MAP}"),
        map_of("uid-1", "other"),
    ));
    match create(&classic(), script).await.0 {
        Err(CreateError::Incomplete {
            refusal: Refusal::Invalid(why),
            ..
        }) => assert!(why.contains("ConfigMap spark-000000035ee16lm6uri"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_that_is_refused_leaves_the_driver_incomplete() {
    let quota = "services is forbidden: exceeded quota: q";
    for (answer, expected) in [
        (forbidden("create", "services"), "Forbidden"),
        (status(403, "Forbidden", quota), "Full"),
        (status(422, "Invalid", "no such port"), "Invalid"),
    ] {
        let script = vec![
            Call::answers(POST_POD, (201, classic_pod())),
            Call::answers(POST_SERVICE, answer),
            Call::answers(GET_SERVICE, not_found("services", "a")),
        ];
        match create(&classic(), script).await.0 {
            Err(CreateError::Incomplete { since, refusal }) => {
                assert_eq!(since, "2026-11-24T08:00:00Z".parse().unwrap());
                let told = format!("{refusal:?}");
                assert!(told.starts_with(expected), "{told}");
                assert!(told.contains("Service spark-000000035ee16lm6uri-driver-svc"));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Quotas, rights and admission rules are asked before existence.
#[tokio::test(start_paused = true)]
async fn a_part_that_exists_is_not_missed_whatever_refuses_another_one() {
    for refused in [
        status(403, "Forbidden", "services is forbidden: exceeded quota: q"),
        forbidden("create", "services"),
        status(422, "Invalid", "the policy says no"),
    ] {
        let script = vec![
            Call::answers(POST_POD, taken()),
            Call::answers(GET_POD, (200, classic_pod())),
            Call::answers(POST_SERVICE, refused),
            Call::answers(GET_SERVICE, map_of("uid-1", INSTALLATION)),
            Call::answers(POST_MAP, done()),
        ];
        create(&classic(), script).await.0.unwrap();
    }
    // Silence about it leaves it open.
    let quota = status(403, "Forbidden", "services is forbidden: exceeded quota: q");
    let script = vec![
        Call::answers(POST_POD, (201, classic_pod())),
        Call::answers(POST_SERVICE, quota),
        Call::breaks(GET_SERVICE),
    ];
    let (created, _) = create(&classic(), script).await;
    assert!(matches!(created, Err(CreateError::Unanswered(_))));
}

#[tokio::test(start_paused = true)]
async fn only_a_driver_that_waits_for_its_map_may_lack_a_part() {
    let mut running = classic_pod();
    running["status"] = json!({ "phase": "Running", "containerStatuses": [{
        "name": "spark-kubernetes-driver",
        "state": { "running": { "startedAt": "2026-11-24T08:00:09Z" } },
    }]});
    for (held, lacks) in [
        (classic_pod(), true),
        (running, false),
        (pod(unchanged), false),
    ] {
        let (cluster, server) = cluster(vec![
            Call::answers(GET_POD, (200, held.clone())),
            Call::answers(GET_POD, (200, held)),
        ]);
        let seen = cluster.look(&driver()).await.unwrap().unwrap();
        assert_eq!(
            cluster.may_lack_parts(&driver(), &seen).await.unwrap(),
            lacks
        );
        drop(cluster);
        server.finished().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_whose_answer_is_lost_leaves_all_open() {
    for lost in [Call::breaks(POST_SERVICE), Call::is_silent(POST_SERVICE)] {
        let script = vec![Call::answers(POST_POD, (201, classic_pod())), lost];
        let (created, _) = create(&classic(), script).await;
        assert!(matches!(created, Err(CreateError::Unanswered(_))));
    }
}

const ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/namespaces/analytics/roles";
const BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/namespaces/analytics/rolebindings";
const ACCOUNTS: &str = "/api/v1/namespaces/analytics/serviceaccounts";
const ROLE_ARN: &str = "arn:aws:iam::123456789012:role/x";

fn of_role() -> Plan {
    let account = AccountId::parse("123456789012").unwrap();
    Plan {
        service_accounts: Some(ServiceAccounts::of(&account, Some(ROLE_ARN))),
        ..plan()
    }
}

fn made(path: &str) -> Call {
    Call::answers(&format!("POST {path}"), done())
}

fn all_made() -> [Call; 4] {
    [made(ROLES), made(BINDINGS), made(ACCOUNTS), made(ACCOUNTS)]
}

#[tokio::test(start_paused = true)]
async fn a_roles_accounts_are_made_once_with_rights_first() {
    let mut script: Vec<Call> = all_made().into();
    script.push(Call::answers(POST_POD, (201, pod(unchanged))));
    script.push(Call::answers(POST_POD, (201, pod(unchanged))));
    let (cluster, server) = cluster_with(script, |settings| settings.pod.irsa = true);
    for _ in 0..2 {
        cluster
            .create(&driver(), &of_role(), &Prepared::default())
            .await
            .unwrap();
    }
    drop(cluster);
    let bodies = server.finished().await;
    let name = "emr-containers-sa-spark-driver-123456789012-3c";
    assert_eq!(bodies[1]["subjects"][0]["name"], name);
    let account = &bodies[2]["metadata"];
    assert_eq!(account["name"], name);
    assert_eq!(
        account["annotations"]["eks.amazonaws.com/role-arn"],
        ROLE_ARN
    );
    assert_eq!(bodies[4]["spec"]["serviceAccountName"], name);
}

#[tokio::test(start_paused = true)]
async fn accounts_that_exist_are_left_as_they_are() {
    let (created, _) = create(
        &of_role(),
        vec![
            Call::answers(&format!("POST {ROLES}"), taken()),
            Call::answers(&format!("POST {BINDINGS}"), taken()),
            Call::answers(&format!("POST {ACCOUNTS}"), taken()),
            Call::answers(&format!("POST {ACCOUNTS}"), taken()),
            Call::answers(POST_POD, (201, pod(unchanged))),
        ],
    )
    .await;
    created.unwrap();
}

#[tokio::test(start_paused = true)]
async fn accounts_that_vanished_are_made_again() {
    let driver = of_role().service_accounts.unwrap().driver;
    let gone = format!(
        "pods \"x\" is forbidden: error looking up service account analytics/{driver}: \
         serviceaccount \"{driver}\" not found"
    );
    let mut script: Vec<Call> = all_made().into();
    script.push(Call::answers(POST_POD, status(403, "Forbidden", &gone)));
    script.extend(all_made());
    script.push(Call::answers(POST_POD, (201, pod(unchanged))));
    let (created, _) = create(&of_role(), script).await;
    created.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_missing_right_is_told_with_the_setting_that_does_without() {
    let role = format!("GET {ROLES}/emr-containers-role-spark-driver");
    let driver = of_role().service_accounts.unwrap().driver;
    let account = format!("GET {ACCOUNTS}/{driver}");
    let escalation = status(
        403,
        "Forbidden",
        "roles is forbidden: user is attempting to grant RBAC permissions not currently held",
    );
    for refused in [forbidden("create", "roles"), escalation] {
        let script = vec![
            Call::answers(&format!("POST {ROLES}"), refused),
            Call::answers(&role, not_found("roles", "a")),
            Call::answers(&account, not_found("serviceaccounts", "a")),
        ];
        match create(&of_role(), script).await.0 {
            Err(CreateError::Refused(Refusal::Forbidden(why))) => {
                assert!(
                    why.contains("Role emr-containers-role-spark-driver"),
                    "{why}"
                );
                assert!(why.contains("service_account"), "{why}");
            }
            other => panic!("{other:?}"),
        }
    }
    // Whoever made the account saw to its rights.
    let script = vec![
        Call::answers(&format!("POST {ROLES}"), forbidden("create", "roles")),
        Call::answers(&role, not_found("roles", "a")),
        Call::answers(&account, (200, json!({}))),
        Call::answers(&format!("POST {ACCOUNTS}"), taken()),
        Call::answers(&format!("POST {ACCOUNTS}"), taken()),
        Call::answers(POST_POD, (201, pod(unchanged))),
    ];
    create(&of_role(), script).await.0.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_account_that_exists_needs_no_room_in_a_quota() {
    let accounts = of_role().service_accounts.unwrap();
    let quota = || {
        status(
            403,
            "Forbidden",
            "serviceaccounts is forbidden: exceeded quota: q",
        )
    };
    let script = vec![
        Call::answers(&format!("POST {ROLES}"), taken()),
        Call::answers(&format!("POST {BINDINGS}"), taken()),
        Call::answers(&format!("POST {ACCOUNTS}"), quota()),
        Call::answers(&format!("GET {ACCOUNTS}/{}", accounts.driver), done()),
        Call::answers(&format!("POST {ACCOUNTS}"), quota()),
        Call::answers(&format!("GET {ACCOUNTS}/{}", accounts.executor), done()),
        Call::answers(POST_POD, (201, pod(unchanged))),
    ];
    create(&of_role(), script).await.0.unwrap();
}

#[tokio::test(start_paused = true)]
async fn silence_about_an_account_ends_no_run() {
    let script = vec![
        Call::answers(&format!("POST {ROLES}"), forbidden("create", "roles")),
        Call::breaks(&format!("GET {ROLES}/emr-containers-role-spark-driver")),
    ];
    let (created, _) = create(&of_role(), script).await;
    assert!(
        matches!(
            created,
            Err(CreateError::Refused(Refusal::Unreachable { .. }))
        ),
        "{created:?}"
    );
}
