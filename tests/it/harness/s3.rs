//! A real S3 server, started by `tests/s3.py`. A test that needs it fails where it is not installed.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use firesteel::fetch::{S3Access, S3Settings};
use object_store::ObjectStoreExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use tempfile::TempDir;

/// The one bucket that is there.
pub const BUCKET: &str = "templates";
const ACCESS_KEY: &str = "firesteel-tests";
const SECRET_KEY: &str = "not-a-secret";

pub struct S3Server {
    endpoint: String,
    child: Child,
    _folder: TempDir,
}

impl S3Server {
    pub fn start() -> Self {
        let python = env::var("FIRESTEEL_PYTHON").expect("FIRESTEEL_PYTHON is set by make test");
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/s3.py"))
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut endpoint = String::new();
        let output = child.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut endpoint).unwrap();
        assert!(
            endpoint.starts_with("http://"),
            "the S3 server did not start"
        );
        Self {
            endpoint: endpoint.trim().to_owned(),
            child,
            _folder: folder,
        }
    }

    pub fn settings(&self) -> S3Settings {
        S3Settings {
            endpoint: Some(self.endpoint.clone()),
            region: "us-east-1".to_owned(),
            virtual_hosted_style: false,
            access: S3Access::Key {
                id: ACCESS_KEY.to_owned(),
                secret: SECRET_KEY.to_owned(),
                session_token: None,
            },
        }
    }

    pub async fn put(&self, key: &str, text: impl Into<Vec<u8>>) {
        let path = Path::parse(key).unwrap();
        self.store().put(&path, text.into().into()).await.unwrap();
    }

    fn store(&self) -> AmazonS3 {
        AmazonS3Builder::new()
            .with_endpoint(&self.endpoint)
            .with_allow_http(true)
            .with_region("us-east-1")
            .with_bucket_name(BUCKET)
            .with_access_key_id(ACCESS_KEY)
            .with_secret_access_key(SECRET_KEY)
            .build()
            .unwrap()
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        // Its input ends, and so does it.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
