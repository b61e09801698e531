//! Lists: order, filters, pages.

use firesteel::domain::ids::JobRunId;
use firesteel::wire::{
    ListJobRunsResponse, ListSecurityConfigurationsResponse, ListVirtualClustersResponse,
};
use jiff::Timestamp;
use serde_json::json;
use sqlx::PgPool;

use crate::harness::client::{job_run, virtual_cluster, with};
use crate::harness::{Client, TestApp};

async fn runs(client: &Client, path: &str) -> (Vec<String>, Option<String>) {
    let list: ListJobRunsResponse = client.get(path).await.ok();
    let ids = list.job_runs.unwrap().into_iter();
    (ids.map(|run| run.id.unwrap()).collect(), list.next_token)
}

async fn clusters(client: &Client, path: &str) -> (Vec<String>, Option<String>) {
    let list: ListVirtualClustersResponse = client.get(path).await.ok();
    let ids = list.virtual_clusters.unwrap().into_iter();
    let ids = ids.map(|cluster| cluster.id.unwrap());
    (ids.collect(), list.next_token)
}

async fn configurations(client: &Client, path: &str) -> (Vec<String>, Option<String>) {
    let list: ListSecurityConfigurationsResponse = client.get(path).await.ok();
    let ids = list.security_configurations.unwrap().into_iter();
    let ids = ids.map(|configuration| configuration.id.unwrap());
    (ids.collect(), list.next_token)
}

/// Creates a security configuration and gives its id.
async fn configuration(client: &Client) -> String {
    let request = json!({
        "name": "a",
        "clientToken": uuid::Uuid::new_v4().to_string(),
        "securityConfigurationData": {},
    });
    client
        .post("/securityconfigurations", &request)
        .await
        .text("id")
}

/// Starts runs and gives their ids, the newest first.
async fn start(client: &Client, cluster: &str, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(client.job_run(cluster).await);
    }
    ids.reverse();
    ids
}

#[sqlx::test]
async fn pages_hold_each_run_once_newest_first(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let path = format!("/virtualclusters/{cluster}/jobruns");
    let started = start(&app.client, &cluster, 7).await;
    // Runs of one moment are told apart by their ids alone.
    sqlx::query("UPDATE job_run SET created_at = date_trunc('day', created_at)")
        .execute(&app.pool)
        .await
        .unwrap();
    let mut sorted = started.clone();
    sorted.sort_by(|a, b| b.cmp(a));
    let (all, none) = runs(&app.client, &path).await;
    assert_eq!((all, none), (sorted.clone(), None));

    let (mut pages, mut next) = runs(&app.client, &format!("{path}?maxResults=3")).await;
    assert_eq!(pages.len(), 3);
    while let Some(token) = next {
        let page = format!("{path}?maxResults=3&nextToken={token}");
        let (more, following) = runs(&app.client, &page).await;
        pages.extend(more);
        next = following;
    }
    assert_eq!(pages, sorted);

    let (first, next) = runs(&app.client, &format!("{path}?maxResults=2")).await;
    let rest = format!("{path}?nextToken={}", next.unwrap());
    let (rest, none) = runs(&app.client, &rest).await;
    assert_eq!((first.len(), rest.len(), none), (2, 5, None));
    let (exact, none) = runs(&app.client, &format!("{path}?maxResults=7")).await;
    assert_eq!((exact, none), (sorted, None));
}

#[sqlx::test]
async fn page_sizes_have_a_default_and_a_limit(pool: PgPool) {
    let settings = [("API__DEFAULT_PAGE_SIZE", "2"), ("API__MAX_PAGE_SIZE", "3")];
    let app = TestApp::with(pool, &settings).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let path = format!("/virtualclusters/{cluster}/jobruns");
    start(&app.client, &cluster, 5).await;
    for (query, size) in [("", 2), ("?maxResults=1", 1), ("?maxResults=1000", 3)] {
        let (page, next) = runs(&app.client, &format!("{path}{query}")).await;
        assert_eq!(page.len(), size, "{query}");
        assert!(next.is_some(), "{query}");
    }
    for size in ["0", "-1"] {
        for list in [&path, "/virtualclusters"] {
            let reply = app.client.get(&format!("{list}?maxResults={size}")).await;
            reply.invalid(&format!(
                "1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy \
                 constraint: Member must have value greater than or equal to 1"
            ));
        }
    }
    let reply = app.client.get(&format!("{path}?maxResults=many")).await;
    reply.refused_with(400, "SerializationException", "maxResults");
}

#[sqlx::test]
async fn a_page_of_long_entries_ends_early_and_loses_none(pool: PgPool) {
    let app = TestApp::with(pool, &[("API__MAX_BODY_BYTES", "20000")]).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let driver = |arguments: usize| {
        json!({"sparkSubmitJobDriver":
            {"entryPoint": "local:///x.py", "entryPointArguments": vec!["x".repeat(900); arguments]}})
    };
    let runs_path = format!("/virtualclusters/{cluster}/jobruns");
    let (mut made_runs, mut templates) = (Vec::new(), Vec::new());
    // Long ones, short ones, and long ones again: more than are read at once of each.
    for arguments in [[20; 18], [1; 18], [20; 18]].concat() {
        let run = with(job_run(), json!({"jobDriver": driver(arguments)}));
        made_runs.push(app.client.start(&cluster, &run).await.text("id"));
        let template = json!({
            "name": "t",
            "clientToken": uuid::Uuid::new_v4().to_string(),
            "jobTemplateData": {"executionRoleArn": run["executionRoleArn"],
                "releaseLabel": run["releaseLabel"], "jobDriver": driver(arguments)},
        });
        templates.push(app.client.post("/jobtemplates", &template).await.text("id"));
    }
    for (path, entries, made) in [
        (runs_path.as_str(), "jobRuns", made_runs),
        ("/jobtemplates", "templates", templates),
    ] {
        let mut listed = Vec::new();
        let mut lengths = Vec::new();
        let mut query = "maxResults=40".to_owned();
        loop {
            let page = app.client.get(&format!("{path}?{query}")).await.body;
            // Room for the four longest requests, for the entry that fills it, and for what every
            // entry has besides.
            assert!(page.to_string().len() < 7 * 20_000, "{entries}");
            let ids = page[entries].as_array().unwrap().iter();
            let ids: Vec<_> = ids
                .map(|entry| entry["id"].as_str().unwrap().to_owned())
                .collect();
            lengths.push(ids.len());
            listed.extend(ids);
            match page["nextToken"].as_str() {
                Some(token) => query = format!("maxResults=40&nextToken={token}"),
                None => break,
            }
        }
        listed.reverse();
        assert_eq!(listed, made, "{entries}");
        assert_eq!(lengths[0], 5, "{entries}: {lengths:?}");
        assert!(
            lengths.iter().any(|length| *length > 18),
            "{entries}: {lengths:?}"
        );
    }
}

#[sqlx::test]
async fn a_token_works_for_its_list_alone_and_unchanged(pool: PgPool) {
    let app = TestApp::start(pool.clone()).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let other = app.client.virtual_cluster("others").await;
    let path = format!("/virtualclusters/{cluster}/jobruns");
    start(&app.client, &cluster, 2).await;
    let (_, next) = runs(&app.client, &format!("{path}?maxResults=1")).await;
    let token = next.unwrap();
    let turned: String = token.chars().rev().collect();
    let stranger = TestApp::with(pool, &[("ACCOUNT", "210987654321")]).await;
    for (client, path, token) in [
        (&app.client, path.as_str(), turned.as_str()),
        (&app.client, &path, "x"),
        (
            &app.client,
            &format!("/virtualclusters/{other}/jobruns"),
            &token,
        ),
        (&app.client, "/virtualclusters", &token),
        (&stranger.client, &path, &token),
    ] {
        let reply = client.get(&format!("{path}?nextToken={token}")).await;
        reply.invalid("Invalid next token.");
    }
    let reply = app.client.get(&format!("{path}?nextToken=")).await;
    reply.refused_with(400, "ValidationException", "nextToken");
}

#[sqlx::test]
async fn runs_are_filtered(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let path = format!("/virtualclusters/{cluster}/jobruns");
    let mut ids = start(&app.client, &cluster, 3).await;
    let named = with(job_run(), json!({"name": "a/b#c"}));
    let mut named = app.client.start(&cluster, &named).await.text("id");
    let [first, second, third] = ids.as_mut_slice() else {
        panic!("three runs were started");
    };
    for (id, at, state) in [
        (third, "2026-01-01T00:00:00Z", "COMPLETED"),
        (second, "2026-01-02T00:00:00Z", "RUNNING"),
        (first, "2026-01-03T00:00:00Z", "PENDING"),
        (&mut named, "2026-01-04T00:00:00Z", "PENDING"),
    ] {
        *id = started_at(&app, id, at.parse().unwrap()).await;
        app.set_run(id, state).await;
    }
    for (query, found) in [
        ("states=RUNNING", vec![&ids[1]]),
        ("states=RUNNING&states=COMPLETED", vec![&ids[1], &ids[2]]),
        ("states=FAILED", vec![]),
        ("name=a%2Fb%23c", vec![&named]),
        ("name=pi&states=PENDING", vec![&ids[0]]),
        (
            "createdAfter=2026-01-03T00%3A00%3A00Z",
            vec![&named, &ids[0]],
        ),
        (
            "createdBefore=2026-01-02T00%3A00%3A00Z",
            vec![&ids[1], &ids[2]],
        ),
        (
            "createdAfter=2026-01-02T00%3A00%3A00Z&createdBefore=2026-01-03T00%3A00%3A00Z",
            vec![&ids[0], &ids[1]],
        ),
    ] {
        let (page, _) = runs(&app.client, &format!("{path}?{query}")).await;
        assert_eq!(page.iter().collect::<Vec<_>>(), found, "{query}");
    }
    let query = "states=PENDING&maxResults=1";
    let (first, next) = runs(&app.client, &format!("{path}?{query}")).await;
    let query = format!("{query}&nextToken={}", next.unwrap());
    let (second, none) = runs(&app.client, &format!("{path}?{query}")).await;
    assert_eq!(
        (first, second, none),
        (vec![named], vec![ids[0].clone()], None)
    );
}

#[sqlx::test]
async fn filters_that_mean_nothing_are_refused(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let cluster = app.client.virtual_cluster("jobs").await;
    let path = format!("/virtualclusters/{cluster}/jobruns");
    for (path, part) in [
        (format!("{path}?states=DONE"), "states"),
        ("/virtualclusters?states=DONE".to_owned(), "states"),
        (
            "/virtualclusters?containerProviderType=ECS".to_owned(),
            "containerProviderType",
        ),
    ] {
        let reply = app.client.get(&path).await;
        reply.refused_with(400, "ValidationException", part);
    }
    for path in [
        format!("{path}?createdAfter=yesterday"),
        "/virtualclusters?eksAccessEntryIntegrated=perhaps".to_owned(),
    ] {
        let reply = app.client.get(&path).await;
        reply.refused_with(400, "SerializationException", "can not be converted");
    }
}

#[sqlx::test]
async fn the_runs_of_an_unknown_virtual_cluster_are_none(pool: PgPool) {
    let app = TestApp::start(pool).await;
    for cluster in ["jk518skp01ys9ka8b0npx9nt0", "abc"] {
        let path = format!("/virtualclusters/{cluster}/jobruns");
        assert_eq!(runs(&app.client, &path).await, (vec![], None));
    }
}

#[sqlx::test]
async fn virtual_clusters_are_listed_filtered_and_paged(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let list = "/virtualclusters";
    assert_eq!(clusters(&app.client, list).await, (vec![], None));
    let mut ids = Vec::new();
    for (cluster, namespace) in [("local", "a"), ("local", "b"), ("shared", "team-a")] {
        let request = virtual_cluster("x", cluster, namespace);
        ids.push(app.client.post(list, &request).await.text("id"));
    }
    let gone = format!("{list}/{}", ids[0]);
    app.client.delete(&gone).await.text("id");
    for (query, found) in [
        ("", vec![&ids[2], &ids[1], &ids[0]]),
        ("?states=RUNNING", vec![&ids[2], &ids[1]]),
        ("?states=TERMINATED&states=ARRESTED", vec![&ids[0]]),
        ("?containerProviderId=local", vec![&ids[1], &ids[0]]),
        ("?containerProviderId=nowhere", vec![]),
        (
            "?containerProviderType=EKS&states=TERMINATED",
            vec![&ids[0]],
        ),
        (
            "?eksAccessEntryIntegrated=false&states=TERMINATED",
            vec![&ids[0]],
        ),
        ("?eksAccessEntryIntegrated=true", vec![]),
        ("?createdAfter=2999-01-01T00%3A00%3A00Z", vec![]),
        ("?createdBefore=2026-01-01T00%3A00%3A00Z", vec![]),
        (
            "?createdAfter=2026-01-01T00%3A00%3A00Z&createdBefore=2999-01-01T00%3A00%3A00Z\
             &states=TERMINATED",
            vec![&ids[0]],
        ),
        (
            "?containerProviderId=local&containerProviderType=EKS&states=RUNNING\
             &eksAccessEntryIntegrated=false",
            vec![&ids[1]],
        ),
    ] {
        let (page, _) = clusters(&app.client, &format!("{list}{query}")).await;
        assert_eq!(page.iter().collect::<Vec<_>>(), found, "{query}");
    }
    let (first, next) = clusters(&app.client, "/virtualclusters?maxResults=2").await;
    let rest = format!("{list}?nextToken={}", next.unwrap());
    let (rest, none) = clusters(&app.client, &rest).await;
    assert_eq!((first.len(), rest, none), (2, vec![ids[0].clone()], None));
}

#[sqlx::test]
async fn security_configurations_are_listed_filtered_and_paged(pool: PgPool) {
    let app = TestApp::start(pool).await;
    let list = "/securityconfigurations";
    assert_eq!(configurations(&app.client, list).await, (vec![], None));
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(configuration(&app.client).await);
    }
    let gone = ids.remove(3);
    app.client
        .delete(&format!("{list}/{gone}"))
        .await
        .text("id");
    for (day, id) in ids.iter().enumerate() {
        sqlx::query(
            "UPDATE security_configuration SET created_at = '2026-01-01T00:00:00Z'::timestamptz
                + $2 * interval '1 day' WHERE id = $1",
        )
        .bind(id)
        .bind(i32::try_from(day).unwrap())
        .execute(&app.pool)
        .await
        .unwrap();
    }
    ids.reverse();
    for (query, found) in [
        ("", &ids[..]),
        ("?createdAfter=2026-01-04T00%3A00%3A00Z", &ids[..2]),
        ("?createdBefore=2026-01-02T00%3A00%3A00Z", &ids[3..]),
        (
            "?createdAfter=2026-01-02T00%3A00%3A00Z&createdBefore=2026-01-03T00%3A00%3A00Z",
            &ids[2..4],
        ),
    ] {
        let (page, next) = configurations(&app.client, &format!("{list}{query}")).await;
        assert_eq!((page.as_slice(), next), (found, None), "{query}");
    }
    let (first, next) = configurations(&app.client, &format!("{list}?maxResults=2")).await;
    assert_eq!(first, ids[..2]);
    let rest = format!("{list}?nextToken={}", next.unwrap());
    let (rest, none) = configurations(&app.client, &rest).await;
    assert_eq!((rest.as_slice(), none), (&ids[2..], None));
    let reply = app.client.get(&format!("{list}?maxResults=0")).await;
    reply.refused_with(400, "ValidationException", "'maxResults'");
}

#[sqlx::test]
async fn no_list_takes_the_token_of_another(pool: PgPool) {
    let settings = [("API__DEFAULT_PAGE_SIZE", "1"), ("API__MAX_PAGE_SIZE", "1")];
    let app = TestApp::with(pool.clone(), &settings).await;
    let stranger = TestApp::with(pool, &[("ACCOUNT", "210987654321")]).await;
    let mut runs_of = Vec::new();
    for namespace in ["a", "b"] {
        let cluster = app.client.virtual_cluster(namespace).await;
        start(&app.client, &cluster, 2).await;
        configuration(&app.client).await;
        runs_of.push(format!("/virtualclusters/{cluster}/jobruns"));
    }
    let lists = [
        "/virtualclusters",
        "/securityconfigurations",
        &runs_of[0],
        &runs_of[1],
    ];
    for list in lists {
        let reply = app.client.get(&format!("{list}?maxResults=100")).await;
        let token = reply.text("nextToken");
        for other in lists {
            let reply = app.client.get(&format!("{other}?nextToken={token}")).await;
            if other == list {
                assert_eq!(reply.status, 200, "{list}");
            } else {
                reply.invalid("Invalid next token.");
            }
        }
        let reply = stranger
            .client
            .get(&format!("{list}?nextToken={token}"))
            .await;
        reply.invalid("Invalid next token.");
    }
}

/// As if the run had been started at that time, which its id tells, too; its new id.
async fn started_at(app: &TestApp, run: &str, at: Timestamp) -> String {
    let id = JobRunId::first_of(at).to_string();
    let mut transaction = app.pool.begin().await.unwrap();
    for statement in [
        "SET LOCAL session_replication_role = replica",
        "UPDATE work SET run = $2 WHERE run = $1",
        "UPDATE job_run SET id = $2, created_at = $3::timestamptz WHERE id = $1",
    ] {
        let mut query = sqlx::query(statement);
        if statement.contains("$1") {
            query = query.bind(run).bind(&id);
        }
        if statement.contains("$3") {
            query = query.bind(at.to_string());
        }
        query.execute(&mut *transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
    id
}
