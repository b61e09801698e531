//! Against the Postgres of this machine; as root they show that the server runs as another user.

use std::os::unix::fs::PermissionsExt as _;

use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

use super::*;

struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Its owner may be root, and the server another user.
        open(folder.path(), 0o755);
        Self { folder }
    }

    fn data_dir(&self) -> PathBuf {
        self.folder.path().join("postgres")
    }

    async fn try_start(&self) -> Result<Embedded, EmbeddedError> {
        let binaries = std::env::var_os("FIRESTEEL_POSTGRES_BIN").map(PathBuf::from);
        let elsewhere = self.folder.path().join("elsewhere");
        Embedded::start_at(&self.data_dir(), binaries.as_deref(), &elsewhere).await
    }

    async fn start(&self) -> Embedded {
        self.try_start().await.unwrap()
    }
}

fn open(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

async fn connect(server: &Embedded) -> PgConnection {
    PgConnection::connect(server.url()).await.unwrap()
}

async fn write(server: &Embedded) {
    let mut connection = connect(server).await;
    sqlx::raw_sql("CREATE TABLE kept (value integer); INSERT INTO kept VALUES (7)")
        .execute(&mut connection)
        .await
        .unwrap();
}

async fn read(server: &Embedded) -> i32 {
    let mut connection = connect(server).await;
    sqlx::query_scalar("SELECT value FROM kept")
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

/// What a Firesteel leaves that is killed: a server that runs, and no lock.
fn killed(server: Embedded) -> i32 {
    let pid = server.pid().unwrap();
    let mut server = std::mem::ManuallyDrop::new(server);
    server._place.unlock();
    pid
}

#[tokio::test]
async fn data_is_kept_from_run_to_run() {
    let bench = Bench::new();
    let server = bench.start().await;
    write(&server).await;
    server.stop().await.unwrap();
    let server = bench.start().await;
    assert_eq!(read(&server).await, 7);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn only_the_owner_reaches_it_and_only_by_its_socket() {
    let bench = Bench::new();
    let server = bench.start().await;
    let mode = fs::metadata(server.sockets.path())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    let mut connection = connect(&server).await;
    let addresses: String = sqlx::query_scalar("SHOW listen_addresses")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(addresses, "");
    for durable in [
        "SHOW fsync",
        "SHOW synchronous_commit",
        "SHOW full_page_writes",
    ] {
        let value: String = sqlx::query_scalar(durable)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(value, "on", "{durable}");
    }
    drop(connection);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_folder_serves_one_firesteel_at_a_time() {
    let bench = Bench::new();
    let server = bench.start().await;
    assert!(matches!(
        bench.try_start().await,
        Err(EmbeddedError::InUse(_))
    ));
    assert!(PgConnection::connect(server.url()).await.is_ok());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_left_by_a_killed_firesteel_gives_way_to_a_new_one() {
    let bench = Bench::new();
    let server = bench.start().await;
    write(&server).await;
    let left = killed(server);
    let server = bench.start().await;
    assert_ne!(server.pid(), Some(left));
    assert_eq!(read(&server).await, 7);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_server_starts_again_with_all_that_was_committed() {
    let bench = Bench::new();
    let server = bench.start().await;
    write(&server).await;
    let _session = connect(&server).await;
    postmaster::signal(killed(server), Signal::SIGKILL);
    let server = bench.start().await;
    assert_eq!(read(&server).await, 7);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn another_process_that_got_the_servers_number_is_left_alone() {
    let bench = Bench::new();
    let server = bench.start().await;
    let pid_file = server._place.data().join("postmaster.pid");
    let user = server._place.user.clone();
    let lines = fs::read_to_string(&pid_file).unwrap();
    server.stop().await.unwrap();
    let mut other = command(Path::new("/bin/sleep"), &user)
        .arg("600")
        .spawn()
        .unwrap();
    let (_, rest) = lines.split_once('\n').unwrap();
    fs::write(&pid_file, format!("{}\n{rest}", other.id().unwrap())).unwrap();

    let server = bench.start().await;
    assert_eq!(other.try_wait().unwrap(), None, "it lives");
    other.kill().await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_dropped_server_stops_by_itself() {
    let bench = Bench::new();
    let server = bench.start().await;
    write(&server).await;
    let pid_file = server._place.data().join("postmaster.pid");
    drop(server);
    let gone = async {
        while pid_file.exists() {
            tokio::time::sleep(POLL).await;
        }
    };
    tokio::time::timeout(STOP_LIMIT, gone).await.unwrap();
}

#[tokio::test]
async fn a_folder_with_other_things_is_left_alone() {
    let bench = Bench::new();
    fs::create_dir(bench.data_dir()).unwrap();
    fs::write(bench.data_dir().join("PG_VERSION"), "15\n").unwrap();
    assert!(matches!(
        bench.try_start().await,
        Err(EmbeddedError::NotOurs(_))
    ));
    assert_eq!(fs::read_dir(bench.data_dir()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_database_of_another_version_is_named_and_left_alone() {
    let bench = Bench::new();
    let server = bench.start().await;
    let version = server._place.data().join("PG_VERSION");
    server.stop().await.unwrap();
    for other in ["9", "99"] {
        fs::write(&version, format!("{other}\n")).unwrap();
        let error = bench.try_start().await.unwrap_err();
        assert!(matches!(&error, EmbeddedError::OtherMajor { made_by, .. } if made_by == other));
        assert!(error.to_string().contains("FIRESTEEL_POSTGRES_BIN"));
    }
}

#[tokio::test]
async fn an_interrupted_first_start_leaves_nothing_in_the_way() {
    let bench = Bench::new();
    fs::create_dir_all(bench.data_dir().join("data.new/base")).unwrap();
    fs::write(bench.data_dir().join("FIRESTEEL_POSTGRES"), "").unwrap();
    fs::write(bench.data_dir().join("data.new/PG_VERSION"), "15\n").unwrap();
    bench.start().await.stop().await.unwrap();
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_gets_a_short_one() {
    let mut bench = Bench::new();
    let deep = bench.folder.path().join("d".repeat(90));
    fs::create_dir(&deep).unwrap();
    open(&deep, 0o755);
    let inner = tempfile::tempdir_in(&deep).unwrap();
    open(inner.path(), 0o755);
    let _outer = std::mem::replace(&mut bench.folder, inner);

    let server = bench.start().await;
    let sockets = server.sockets.path().to_owned();
    write(&server).await;
    killed(server);
    let server = bench.start().await;
    assert!(!sockets.exists(), "the killed run's folder is removed");
    let sockets = server.sockets.path().to_owned();
    assert_eq!(read(&server).await, 7);
    server.stop().await.unwrap();
    assert!(!sockets.exists());
}

#[tokio::test]
async fn roots_closed_folders_do_not_stop_it() {
    if !nix::unistd::Uid::effective().is_root() {
        return;
    }
    let bench = Bench::new();
    open(bench.folder.path(), 0o700);
    let error = bench.try_start().await.unwrap_err();
    let EmbeddedError::Unreachable { user, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(user, "nobody");

    // With a place elsewhere that is open, the database lives there, and is found again.
    let bench = Bench::new();
    let closed = bench.folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    open(&closed, 0o700);
    let elsewhere = bench.folder.path().join("elsewhere");
    let data_dir = closed.join("postgres");
    let start = || Embedded::start_at(&data_dir, None, &elsewhere);
    let server = start().await.unwrap();
    write(&server).await;
    server.stop().await.unwrap();
    let server = start().await.unwrap();
    assert_eq!(read(&server).await, 7);
    server.stop().await.unwrap();
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 1);
}

#[tokio::test]
async fn programs_that_are_not_there_are_named() {
    let bench = Bench::new();
    let missing = bench.folder.path().join("nowhere");
    let error = Embedded::start(&bench.data_dir(), Some(&missing))
        .await
        .unwrap_err();
    assert!(matches!(error, EmbeddedError::NotBinaries { .. }));
}
