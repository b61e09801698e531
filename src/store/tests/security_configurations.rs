//! Security configurations: whose they are, and how long they stay.

use super::races::hold;
use super::*;
use crate::domain::ids::SecurityConfigurationId;
use crate::domain::security_configuration::{
    Authorization, LakeFormation, NewSecurityConfiguration, SecurityConfiguration,
    SecurityConfigurationData, SystemNamespace,
};

fn new_configuration(client_token: &str) -> NewSecurityConfiguration {
    NewSecurityConfiguration {
        name: "fine-grained".to_owned(),
        container_provider: Some(SystemNamespace {
            cluster: "prod".to_owned(),
            namespace: Some("system".to_owned()),
            node_label: None,
        }),
        data: SecurityConfigurationData {
            authorization: Some(Authorization {
                lake_formation: Some(LakeFormation {
                    authorized_session_tag_value: Some("EMR".to_owned()),
                    ..LakeFormation::default()
                }),
                encryption: None,
            }),
            authentication: None,
        },
        client_token: client_token.to_owned(),
        tags: BTreeMap::from([("team".to_owned(), String::new())]),
    }
}

async fn configuration(bench: &Bench, client_token: &str) -> SecurityConfiguration {
    let new = new_configuration(client_token);
    bench
        .store
        .create_security_configuration(&us(), &new, &hash(1))
        .await
        .unwrap()
}

fn secured(namespace: &str, id: &SecurityConfigurationId) -> NewVirtualCluster {
    NewVirtualCluster {
        security_configuration_id: Some(id.clone()),
        session_enabled: Some(true),
        ..new_virtual_cluster(namespace, namespace)
    }
}

async fn create(
    bench: &Bench,
    namespace: &str,
    id: &SecurityConfigurationId,
) -> Result<VirtualCluster, CreateVirtualClusterError> {
    bench
        .store
        .create_virtual_cluster(&us(), &secured(namespace, id), &hash(1))
        .await
}

async fn delete(bench: &Bench, id: &SecurityConfigurationId) -> SecurityConfigurationDeletion {
    bench
        .store
        .delete_security_configuration(&us().account, id)
        .await
        .unwrap()
}

#[sqlx::test]
async fn what_is_created_is_read_back_by_its_account_alone(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let created = configuration(&bench, "a").await;
    let new = new_configuration("a");
    assert_eq!((&created.data, &created.tags), (&new.data, &new.tags));
    assert_eq!(created.created_by, us().arn);
    let read = async |account: &str| {
        let account = caller(account).account;
        let read = bench.store.security_configuration(&account, &created.id);
        read.await.unwrap()
    };
    assert_eq!(read("111111111111").await.as_ref(), Some(&created));
    assert_eq!(read("222222222222").await, None);
    let theirs = caller("222222222222").account;
    let deleted = bench
        .store
        .delete_security_configuration(&theirs, &created.id)
        .await;
    assert_eq!(deleted.unwrap(), SecurityConfigurationDeletion::Unknown);
}

#[sqlx::test]
async fn one_token_gives_one_configuration_even_when_it_is_gone(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let (me, new, request) = (us(), new_configuration("twin"), hash(1));
    let create = || {
        bench
            .store
            .create_security_configuration(&me, &new, &request)
    };
    let (a, b, c) = tokio::join!(create(), create(), create());
    let a = a.unwrap();
    assert_eq!((b.unwrap(), c.unwrap()), (a.clone(), a.clone()));
    let reused = bench
        .store
        .create_security_configuration(&me, &new, &hash(2))
        .await;
    assert!(matches!(reused, Err(TokenError::Reused)));
    assert_eq!(
        delete(&bench, &a.id).await,
        SecurityConfigurationDeletion::Deleted
    );
    assert_eq!(create().await.unwrap(), a);
    assert_eq!(
        delete(&bench, &a.id).await,
        SecurityConfigurationDeletion::Unknown
    );
}

#[sqlx::test]
async fn lists_are_the_accounts_own_filtered_and_paged(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let mut ids = Vec::new();
    for token in ["a", "b", "c", "d", "e"] {
        ids.push(configuration(&bench, token).await.id);
    }
    bench
        .execute("UPDATE security_configuration SET created_at = '2026-01-01T00:00:00Z'")
        .await;
    delete(&bench, &ids[0]).await;
    let theirs = caller("222222222222");
    let new = new_configuration("theirs");
    let store = &bench.store;
    let created = store
        .create_security_configuration(&theirs, &new, &hash(1))
        .await;
    created.unwrap();
    let account = us().account;
    let list = async |filter: SecurityConfigurationFilter, page: &Page| {
        store
            .list_security_configurations(&account, &filter, page)
            .await
            .unwrap()
    };
    let mut listed = Vec::new();
    let mut page = Page {
        after: None,
        limit: 3,
    };
    loop {
        let found = list(SecurityConfigurationFilter::default(), &page).await;
        let Some(last) = found.last() else { break };
        page.after = Some(Cursor {
            created_at: last.created_at,
            id: last.id.to_string(),
        });
        listed.extend(found.into_iter().map(|found| found.id));
    }
    let mut living = ids[1..].to_vec();
    living.sort();
    living.reverse();
    assert_eq!(listed, living);
    let day = "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap();
    let second = Duration::from_secs(1);
    for (after, before, count) in [
        (Some(day), Some(day), 4),
        (Some(day + second), None, 0),
        (None, Some(day - second), 0),
    ] {
        let filter = SecurityConfigurationFilter {
            created_after: after,
            created_before: before,
        };
        page.after = None;
        page.limit = 100;
        assert_eq!(list(filter, &page).await.len(), count);
    }
}

#[sqlx::test]
async fn a_configuration_goes_only_without_a_virtual_cluster_that_lives(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let id = configuration(&bench, "a").await.id;
    let place = create(&bench, "secured", &id).await.unwrap();
    assert_eq!(place.security_configuration_id.as_ref(), Some(&id));
    assert_eq!(
        delete(&bench, &id).await,
        SecurityConfigurationDeletion::InUse(place.id.clone())
    );
    let account = us().account;
    let ended = bench
        .store
        .delete_virtual_cluster(&account, &place.id)
        .await;
    assert_eq!(ended.unwrap(), Deletion::Deleted);
    assert_eq!(
        delete(&bench, &id).await,
        SecurityConfigurationDeletion::Deleted
    );
    let read = bench.store.virtual_cluster(&account, &place.id).await;
    assert_eq!(read.unwrap().unwrap().security_configuration_id, Some(id));
}

#[sqlx::test]
async fn a_configuration_belongs_to_one_virtual_cluster_that_lives(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let id = configuration(&bench, "a").await.id;
    let first = create(&bench, "first", &id).await.unwrap();
    assert!(matches!(
        create(&bench, "second", &id).await,
        Err(CreateVirtualClusterError::SecurityConfigurationTaken)
    ));
    assert_eq!(create(&bench, "first", &id).await.unwrap(), first);
    let account = us().account;
    let ended = bench
        .store
        .delete_virtual_cluster(&account, &first.id)
        .await;
    assert_eq!(ended.unwrap(), Deletion::Deleted);
    create(&bench, "second", &id).await.unwrap();
}

#[sqlx::test]
async fn only_a_configuration_of_the_account_is_attached(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let id = configuration(&bench, "a").await.id;
    let theirs = bench
        .store
        .create_virtual_cluster(&caller("222222222222"), &secured("x", &id), &hash(1))
        .await;
    let nobodys = create(&bench, "y", &SecurityConfigurationId::random()).await;
    delete(&bench, &id).await;
    let gone = create(&bench, "z", &id).await;
    for refused in [theirs, nobodys, gone] {
        assert!(matches!(
            refused,
            Err(CreateVirtualClusterError::UnknownSecurityConfiguration)
        ));
    }
}

#[sqlx::test]
async fn a_virtual_cluster_that_comes_before_the_deletion_keeps_the_configuration(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let id = configuration(&bench, "a").await.id;
    let created = hold(
        &bench,
        "WITH configuration AS (SELECT * FROM security_configuration FOR KEY SHARE)
        INSERT INTO virtual_cluster (id, account, name, state, cluster, namespace, client_token,
            request_hash, tags, security_configuration_id, created_by, created_at)
        SELECT 'jk518skp01ys9ka8b0npx9nt0', account, 'a', 'RUNNING', 'prod', 'secured', 'c',
            request_hash, '{}', id, 'me', now()
        FROM configuration",
    )
    .await;
    let commit = async {
        bench.until_waiting(1).await;
        created.commit().await.unwrap();
    };
    let (deletion, ()) = tokio::join!(delete(&bench, &id), commit);
    let user = VirtualClusterId::parse("jk518skp01ys9ka8b0npx9nt0").unwrap();
    assert_eq!(deletion, SecurityConfigurationDeletion::InUse(user));
}

#[sqlx::test]
async fn a_virtual_cluster_that_comes_after_the_deletion_is_refused(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let id = configuration(&bench, "a").await.id;
    let deleted = hold(
        &bench,
        "UPDATE security_configuration SET deleted_at = now()
        WHERE id IN (SELECT id FROM security_configuration FOR UPDATE)",
    )
    .await;
    let commit = async {
        bench.until_waiting(1).await;
        deleted.commit().await.unwrap();
    };
    let (created, ()) = tokio::join!(create(&bench, "late", &id), commit);
    assert!(matches!(
        created,
        Err(CreateVirtualClusterError::UnknownSecurityConfiguration)
    ));
}

#[sqlx::test]
async fn creation_and_deletion_at_once_agree(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let id = configuration(&bench, "a").await.id;
    let gate = hold(&bench, "SELECT FROM security_configuration FOR UPDATE").await;
    let open = async {
        bench.until_waiting(2).await;
        gate.commit().await.unwrap();
    };
    let (created, deletion, ()) =
        tokio::join!(create(&bench, "both", &id), delete(&bench, &id), open);
    match (created, deletion) {
        (Ok(place), SecurityConfigurationDeletion::InUse(user)) => assert_eq!(place.id, user),
        (
            Err(CreateVirtualClusterError::UnknownSecurityConfiguration),
            SecurityConfigurationDeletion::Deleted,
        ) => {}
        both => panic!("both won, or none: {both:?}"),
    }
}

#[sqlx::test]
async fn twins_that_meet_at_the_configuration_are_one_virtual_cluster(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let id = configuration(&bench, "a").await.id;
    let (a, b, c) = tokio::join!(
        create(&bench, "twin", &id),
        create(&bench, "twin", &id),
        create(&bench, "twin", &id)
    );
    let a = a.unwrap();
    assert_eq!((b.unwrap(), c.unwrap()), (a.clone(), a));
}

#[sqlx::test]
async fn the_tables_refuse_what_the_code_forbids(pool: PgPool) {
    let bench = Bench::new(pool).await;
    let used = configuration(&bench, "used").await;
    create(&bench, "a", &used.id).await.unwrap();
    let gone = configuration(&bench, "gone").await;
    delete(&bench, &gone.id).await;
    for (sql, constraint) in [
        (
            "UPDATE security_configuration SET deleted_at = now() WHERE deleted_at IS NULL",
            "security_configuration_is_unused",
        ),
        (
            "UPDATE security_configuration SET deleted_at = NULL WHERE deleted_at IS NOT NULL",
            "security_configuration_deleted_is_final",
        ),
        (
            "UPDATE virtual_cluster SET security_configuration_id =
                (SELECT id FROM security_configuration WHERE deleted_at IS NOT NULL)",
            "virtual_cluster_security_configuration_is_there",
        ),
        (
            "UPDATE virtual_cluster SET security_configuration_id = 'nothing'
                WHERE security_configuration_id IS NOT NULL",
            "virtual_cluster_security_configuration",
        ),
        (
            "UPDATE security_configuration SET data = '[]'",
            "security_configuration_data",
        ),
        (
            "UPDATE security_configuration SET container_provider = 'null'",
            "security_configuration_container_provider",
        ),
        (
            "UPDATE security_configuration SET tags = '[]'",
            "security_configuration_tags",
        ),
    ] {
        assert_eq!(bench.refused(sql).await, constraint, "{sql}");
    }
}
