use jiff_sqlx::ToSqlx as _;

use super::*;
use crate::domain::ids::JobTemplateId;
use crate::domain::job_template::{
    JobTemplate, JobTemplateData, KeptData, NewJobTemplate, Parameter, ParameterKind,
};

fn data() -> KeptData {
    let parameter = Parameter {
        kind: Some(ParameterKind::Number),
        default_value: Some("1".to_owned()),
    };
    KeptData::Open(Box::new(JobTemplateData {
        execution_role_arn: "arn:aws:iam::111111111111:role/job".to_owned(),
        release_label: "emr-7.5.0-latest".to_owned(),
        driver: JobDriver::SparkSql {
            entry_point: Some("s3://b/${day}.sql".to_owned()),
            parameters: None,
        },
        overrides: None,
        job_tags: Some(BTreeMap::from([("a".to_owned(), "b".to_owned())])),
        parameters: Some(BTreeMap::from([("day".to_owned(), parameter)])),
    }))
}

fn new_job_template(client_token: &str, data: KeptData) -> NewJobTemplate {
    NewJobTemplate {
        id: JobTemplateId::random(),
        name: "nightly".to_owned(),
        client_token: client_token.to_owned(),
        kms_key_arn: matches!(data, KeptData::Sealed(_)).then(|| "${key}".to_owned()),
        data,
        tags: BTreeMap::from([("team".to_owned(), "data".to_owned())]),
    }
}

async fn create(store: &Store, client_token: &str, data: KeptData) -> JobTemplate {
    let new = new_job_template(client_token, data);
    store
        .create_job_template(&us(), &new, &hash(1))
        .await
        .unwrap()
}

#[sqlx::test]
async fn what_was_created_is_read_back_by_its_account(pool: PgPool) {
    let store = Store::from_pool(pool);
    for kept in [data(), KeptData::Sealed(vec![1, 2, 3])] {
        let token = format!("{kept:?}");
        let created = create(&store, &token, kept).await;
        let read = store.job_template(&us().account, &created.id).await;
        assert_eq!(read.unwrap().as_ref(), Some(&created));
        assert_eq!(created.created_by, us().arn);
        let theirs = caller("222222222222").account;
        assert_eq!(
            store.job_template(&theirs, &created.id).await.unwrap(),
            None
        );
        assert!(
            !store
                .delete_job_template(&theirs, &created.id)
                .await
                .unwrap()
        );
        let account = us().account;
        assert!(
            store
                .delete_job_template(&account, &created.id)
                .await
                .unwrap()
        );
        assert!(
            !store
                .delete_job_template(&account, &created.id)
                .await
                .unwrap()
        );
        assert_eq!(
            store.job_template(&account, &created.id).await.unwrap(),
            None
        );
    }
}

#[sqlx::test]
async fn a_known_token_gives_the_original_and_never_another(pool: PgPool) {
    let store = Store::from_pool(pool);
    let created = create(&store, "t", data()).await;
    assert_eq!(create(&store, "t", data()).await, created);
    let new = new_job_template("t", data());
    let reused = store.create_job_template(&us(), &new, &hash(2)).await;
    assert!(matches!(reused, Err(TokenError::Reused)));
    let (account, request) = (us().account, hash(1));
    let known = store.job_template_by_token(&account, "t", &request).await;
    assert_eq!(known.unwrap(), Some(created));
    let theirs = caller("222222222222");
    let other = store.create_job_template(&theirs, &new, &hash(2)).await;
    assert_eq!(other.unwrap().id, new.id);
}

#[sqlx::test]
async fn templates_are_listed_by_account_and_time_newest_first(pool: PgPool) {
    let store = Store::from_pool(pool.clone());
    let mut ids = Vec::new();
    for (second, token) in (0..).zip(["a", "b", "c"]) {
        let id = create(&store, token, data()).await.id;
        sqlx::query("UPDATE job_template SET created_at = $2 WHERE id = $1")
            .bind(id.as_str())
            .bind(at(second).to_sqlx())
            .execute(&pool)
            .await
            .unwrap();
        ids.insert(0, id);
    }
    let theirs = new_job_template("x", data());
    let stranger = caller("222222222222");
    store
        .create_job_template(&stranger, &theirs, &hash(1))
        .await
        .unwrap();
    let list = async |filter: JobTemplateFilter, page: Page| -> Vec<_> {
        let found = store.list_job_templates(&us().account, filter, &page).await;
        found
            .unwrap()
            .into_iter()
            .map(|template| template.id)
            .collect()
    };
    let all = Page {
        after: None,
        limit: 9,
    };
    let everything = JobTemplateFilter::default();
    assert_eq!(list(everything, all.clone()).await, ids);
    let rest = Page {
        after: Some(Cursor {
            created_at: at(1),
            id: ids[1].to_string(),
        }),
        limit: 9,
    };
    assert_eq!(list(everything, rest).await, ids[2..]);
    let window = JobTemplateFilter {
        created_after: Some(at(1)),
        created_before: Some(at(1)),
    };
    assert_eq!(list(window, all).await, ids[1..2]);
}

#[sqlx::test]
async fn only_what_is_still_there_is_sealed_anew(pool: PgPool) {
    let store = Store::from_pool(pool);
    create(&store, "open", data()).await;
    for (token, sealed) in [("a", vec![1]), ("b", vec![2]), ("c", vec![3])] {
        create(&store, token, KeptData::Sealed(sealed)).await;
    }
    let all = store.sealed_job_templates(None, 9).await.unwrap();
    assert_eq!(all.len(), 3);
    let first = store.sealed_job_templates(None, 1).await.unwrap();
    let rest = store
        .sealed_job_templates(Some(&first[0].id), 9)
        .await
        .unwrap();
    assert!([first, rest].concat() == all);
    assert!(store.reseal_job_template(&all[0], &[9]).await.unwrap());
    assert!(!store.reseal_job_template(&all[0], &[8]).await.unwrap());
    let read = store.job_template(&us().account, &all[0].id).await.unwrap();
    assert_eq!(read.unwrap().data, KeptData::Sealed(vec![9]));
}

#[sqlx::test]
async fn the_table_refuses_what_the_code_forbids(pool: PgPool) {
    let store = Store::from_pool(pool.clone());
    create(&store, "t", data()).await;
    for (change, constraint) in [
        (
            "sealed_data = '\\x01', kms_key_arn = 'k'",
            "job_template_one_data",
        ),
        ("data = NULL", "job_template_one_data"),
        (
            "data = NULL, sealed_data = '\\x01'",
            "job_template_sealed_for_a_key",
        ),
        ("data = '[]'", "job_template_data"),
        ("tags = 'null'", "job_template_tags"),
    ] {
        let change = format!("UPDATE job_template SET {change}");
        let refused = sqlx::query(sqlx::AssertSqlSafe(change))
            .execute(&pool)
            .await;
        let text = refused.unwrap_err().to_string();
        assert!(text.contains(constraint), "{text}");
    }
}
