mod server;

use server::{Answer, CA, Names, Server, head, redirect, text};

use super::*;

const TEMPLATE: &str = "spec: {priorityClassName: secret-of-the-team}";
const MAX: usize = 1024;

fn account() -> AccountId {
    AccountId::parse("123456789012").unwrap()
}

struct Bench {
    names: Arc<Names>,
    fetcher: Fetcher,
}

/// A fetcher that may speak to 127.0.0.1 at the servers' ports, and to no other address of this host.
fn bench(servers: &[&Server], change: impl FnOnce(&mut Settings)) -> Bench {
    let mut settings = Settings {
        prefixes: BTreeMap::new(),
        s3: S3Settings::default(),
        https_allow: vec!["127.0.0.1/32".parse().unwrap()],
        https_ports: servers.iter().map(|server| server.address.port()).collect(),
        ca: Some(CA.to_vec()),
        max_bytes: MAX,
        timeout: Duration::from_secs(20),
    };
    change(&mut settings);
    let names = Arc::new(Names::default());
    names.set("example.test", &[&["127.0.0.1"]]);
    Bench {
        names: Arc::clone(&names),
        fetcher: Fetcher::new(settings, names).unwrap(),
    }
}

impl Bench {
    async fn get(&self, url: &str) -> Result<String, FetchError> {
        let fetched = self.fetcher.https(&account(), url).await;
        if let Err(error) = &fetched {
            let told = format!("{error} {error:?}");
            assert!(!told.contains("secret"), "{told}");
        }
        fetched
    }

    async fn refused(&self, url: &str) -> FetchError {
        self.get(url).await.unwrap_err()
    }
}

/// Serves a template at every path.
fn templates(address: &str) -> Server {
    Server::start(address, |_, _| text(TEMPLATE))
}

#[tokio::test]
async fn a_text_comes_for_a_request_that_says_nothing_of_firesteel() {
    let server = templates("127.0.0.1:0");
    let bench = bench(&[&server], |_| {});
    let url = server.url("example.test", "/a.yaml?X-Amz-Signature=secret#part");
    assert_eq!(bench.get(&url).await.unwrap(), TEMPLATE);
    let literal = server.url("127.0.0.1", "/");
    assert_eq!(bench.get(&literal).await.unwrap(), TEMPLATE);
    let request = server.requests()[0].to_ascii_lowercase();
    assert!(request.starts_with("get /a.yaml?x-amz-signature=secret http/1.1\r\n"));
    for header in ["authorization", "cookie", "accept-encoding", "referer"] {
        assert!(!request.contains(header), "{request}");
    }
}

#[tokio::test]
async fn redirects_are_followed_without_taking_anything_along() {
    let server = Server::start("127.0.0.1:0", |path, address| match path {
        "/start" => redirect(301, "/second"),
        "/second" => redirect(
            308,
            &format!("https://www.example.test:{}/end", address.port()),
        ),
        "/end" => text(TEMPLATE),
        _ => redirect(302, "/again"),
    });
    let bench = bench(&[&server], |_| {});
    bench.names.set("www.example.test", &[&["127.0.0.1"]]);
    let url = server.url("example.test", "/start");
    assert_eq!(bench.get(&url).await.unwrap(), TEMPLATE);
    for request in server.requests() {
        let request = request.to_ascii_lowercase();
        assert!(
            !request.contains("cookie") && !request.contains("referer"),
            "{request}"
        );
    }
    let url = server.url("example.test", "/loop");
    assert_eq!(bench.refused(&url).await, FetchError::TooManyRedirects(5));
}

#[tokio::test]
async fn each_hop_is_judged_anew() {
    let inside = templates("127.0.0.2:0");
    let inside_port = inside.address.port();
    let server = Server::start("127.0.0.1:0", move |path, _| {
        redirect(302, &path[1..].replace("PORT", &inside_port.to_string()))
    });
    let bench = bench(&[&server, &inside], |settings| {
        settings.https_ports.push(443)
    });
    bench.names.set("inside.example.test", &[&["127.0.0.2"]]);
    bench.names.set(
        "metadata.example.test",
        &[&["169.254.169.254", "fd00:ec2::254"]],
    );
    let address = FetchError::Redirect(Box::new(FetchError::Address));
    for location in [
        "https://inside.example.test:PORT/",
        "https://127.0.0.2:PORT/",
        "https://metadata.example.test/latest",
        "https://169.254.169.254/latest",
        "https://2852039166/latest",
        "https://[::ffff:169.254.169.254]/latest",
        "https://[fd00:ec2::254]/latest",
    ] {
        let url = server.url("example.test", &format!("/{location}"));
        assert_eq!(bench.refused(&url).await, address, "{location}");
    }
    let plain = server.url("example.test", "/http://127.0.0.1:PORT/");
    let user = server.url("example.test", "/https://secret:secret@example.test:PORT/");
    for url in [plain, user] {
        let FetchError::Redirect(error) = bench.refused(&url).await else {
            panic!("not for where it leads")
        };
        assert!(matches!(*error, FetchError::Uri(_)));
    }
    let port = server.url("example.test", "/https://example.test:1/");
    assert_eq!(
        bench.refused(&port).await,
        FetchError::Redirect(Box::new(FetchError::Port(1)))
    );
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn a_literal_address_is_judged_in_every_spelling() {
    let bench = bench(&[], |settings| {
        settings.https_allow.clear();
        settings.https_ports = vec![443];
    });
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.0.1.",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1%2e",
        "①②⑦.0.0.1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[::ffff:8.8.8.8]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1::8.8.8.8]",
        "[::ffff:0:8.8.8.8]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[2001:db8::1]",
        "[2001::1]",
        "10.0.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
    ] {
        let refused = bench.refused(&format!("https://{host}/a.yaml")).await;
        assert_eq!(refused, FetchError::Address, "{host}");
    }
}

#[test]
fn what_is_public() {
    for address in [
        "8.8.8.8",
        "172.32.0.1",
        "100.128.0.1",
        "2606:4700::1111",
        "64:ff9b::808:808",
    ] {
        assert!(is_public(address.parse().unwrap()), "{address}");
    }
}

#[tokio::test]
async fn a_name_is_connected_to_at_no_other_address_than_one_that_passed() {
    let outside = templates("127.0.0.1:0");
    let port = outside.address.port();
    let inside = templates(&format!("127.0.0.2:{port}"));
    let bench = bench(&[&outside], |_| {});
    // Both at once, and another answer to every later question.
    bench
        .names
        .set("a.example.test", &[&["127.0.0.2", "127.0.0.1"]]);
    bench
        .names
        .set("b.example.test", &[&["127.0.0.1"], &["127.0.0.2"]]);
    for host in ["a.example.test", "b.example.test"] {
        let url = outside.url(host, "/");
        assert_eq!(bench.get(&url).await.unwrap(), TEMPLATE);
    }
    let url = outside.url("b.example.test", "/");
    assert_eq!(bench.refused(&url).await, FetchError::Address);
    assert_eq!((outside.connections(), inside.connections()), (2, 0));
}

/// A fetcher whose S3 is `server`, and where a template of it lies.
fn s3_bench(server: &Server) -> (Bench, &'static str) {
    let bench = bench(&[server], |settings| {
        let prefix = "s3://templates/team".parse().unwrap();
        settings.prefixes.insert(account(), vec![prefix]);
        settings.s3 = S3Settings {
            endpoint: Some(server.url("127.0.0.1", "")),
            region: "us-east-1".to_owned(),
            virtual_hosted_style: false,
            access: S3Access::Key {
                id: "id".to_owned(),
                secret: "secret".to_owned(),
                session_token: None,
            },
        };
    });
    (bench, "s3://templates/team/a.yaml")
}

#[tokio::test]
async fn s3_is_asked_for_the_key_as_it_was_judged() {
    let server = templates("127.0.0.1:0");
    let (bench, uri) = s3_bench(&server);
    let fetched = bench.fetcher.s3(&account(), uri).await;
    assert_eq!(fetched.unwrap(), TEMPLATE);
    let request = &server.requests()[0];
    assert!(request.starts_with("GET /templates/team/a.yaml HTTP/1.1\r\n"));
}

#[tokio::test]
async fn s3_leads_nowhere_else() {
    let elsewhere = templates("127.0.0.1:0");
    let location = elsewhere.url("127.0.0.1", "/templates/team/a.yaml");
    let server = Server::start("127.0.0.1:0", move |_, _| redirect(307, &location));
    let (bench, uri) = s3_bench(&server);
    let error = bench.fetcher.s3(&account(), uri).await.unwrap_err();
    assert!(matches!(error, FetchError::Unreachable(_)), "{error:?}");
    assert_eq!(elsewhere.connections(), 0);
    assert!(server.connections() > 0);
}

/// Tests that fetch go as well with an environment that names a proxy, which nobody is.
#[test]
fn proxies_of_the_environment_play_no_part() {
    let mut fetching = std::process::Command::new(std::env::current_exe().unwrap());
    fetching.args([
        "--exact",
        "fetch::tests::a_text_comes_for_a_request_that_says_nothing_of_firesteel",
        "fetch::tests::s3_is_asked_for_the_key_as_it_was_judged",
    ]);
    for variable in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        for name in [variable.to_owned(), variable.to_lowercase()] {
            fetching.env(name, "http://127.0.0.1:9");
        }
    }
    for name in ["NO_PROXY", "no_proxy"] {
        fetching.env_remove(name);
    }
    let told = fetching.output().unwrap();
    let text = String::from_utf8_lossy(&told.stdout);
    assert!(text.contains("test result: ok. 2 passed"), "{text}");
}

#[tokio::test]
async fn api_servers_are_left_alone_by_name_and_by_address() {
    let bench = bench(&[], |settings| settings.https_ports = vec![443]);
    bench
        .names
        .set("api.example.test", &[&["8.8.8.8"], &["8.8.4.4"]]);
    bench.names.set("alias.example.test", &[&["8.8.4.4"]]);
    let nat64 = &[&["64:ff9b::808:404"][..]];
    bench.names.set("nat64.example.test", nat64);
    bench.fetcher.keep_away_from("API.example.test");
    bench.fetcher.keep_away_from("1.1.1.1");
    // The name is refused whatever it leads to at the moment.
    for url in [
        "https://api.example.test/",
        "https://alias.example.test/",
        "https://nat64.example.test/",
        "https://8.8.4.4/",
        "https://[64:ff9b::808:404]/",
    ] {
        assert_eq!(bench.refused(url).await, FetchError::Address, "{url}");
    }
    // What it led to last counts while it is not found.
    bench.names.forget("api.example.test");
    for url in ["https://alias.example.test/", "https://1.1.1.1/"] {
        assert_eq!(bench.refused(url).await, FetchError::Address, "{url}");
    }

    let server = templates("127.0.0.1:0");
    let open = self::bench(&[&server], |_| {});
    open.fetcher.keep_away_from("127.0.0.1");
    let url = server.url("127.0.0.1", "/");
    assert_eq!(open.get(&url).await.unwrap(), TEMPLATE, "it is configured");
}

#[tokio::test]
async fn a_text_has_its_bounds() {
    let server = Server::start("127.0.0.1:0", |path, _| match path {
        "/longest" => text(&"x".repeat(MAX)),
        "/longer" => text(&"x".repeat(MAX + 1)),
        "/endless" => Answer::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
        "/zipped" => head(200, &["Content-Encoding: gzip"]),
        "/plain" => head(200, &["Content-Encoding: identity"]),
        "/bytes" => Answer::Whole(b"HTTP/1.1 200 OK\r\n\r\n\xff\xfesecret".to_vec()),
        "/cut" => Answer::Whole(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsecret".to_vec()),
        "/none" => head(404, &[]),
        "/denied" => head(403, &[]),
        "/teapot" => head(418, &[]),
        "/busy" => head(429, &[]),
        _ => head(503, &[]),
    });
    let bench = bench(&[&server], |_| {});
    assert_eq!(
        bench
            .get(&server.url("example.test", "/longest"))
            .await
            .unwrap()
            .len(),
        MAX
    );
    assert_eq!(
        bench
            .get(&server.url("example.test", "/plain"))
            .await
            .unwrap(),
        ""
    );
    for (path, error, may_pass) in [
        ("/longer", FetchError::TooLarge(MAX), false),
        ("/endless", FetchError::TooLarge(MAX), false),
        ("/zipped", FetchError::Encoded, false),
        ("/bytes", FetchError::NotText, false),
        (
            "/cut",
            FetchError::Unreachable("the connection breaks"),
            true,
        ),
        ("/none", FetchError::Missing, false),
        ("/denied", FetchError::Denied, false),
        ("/teapot", FetchError::Answer(418), false),
        ("/busy", FetchError::Answer(429), true),
        ("/failing", FetchError::Answer(503), true),
    ] {
        let url = server.url("example.test", path);
        assert_eq!(bench.refused(&url).await, error, "{path}");
        assert_eq!(error.may_pass(), may_pass, "{path}");
    }
}

#[tokio::test]
async fn a_server_that_keeps_waiting_is_left_in_time() {
    let limit = Duration::from_millis(200);
    let server = Server::start("127.0.0.1:0", |path, _| {
        let begun = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsec";
        Answer::Silent(if path == "/begins" {
            begun.to_vec()
        } else {
            Vec::new()
        })
    });
    let bench = bench(&[&server], |settings| settings.timeout = limit);
    for path in ["/begins", "/silent"] {
        let url = server.url("example.test", path);
        let error = bench.refused(&url).await;
        assert!(error.may_pass(), "{error:?}");
        assert!(matches!(
            error,
            FetchError::Timeout(_) | FetchError::Unreachable("it takes too long")
        ));
    }
}

#[tokio::test]
async fn a_server_must_prove_its_name() {
    let server = templates("127.0.0.1:0");
    let trusting = bench(&[&server], |_| {});
    trusting.names.set("other.test", &[&["127.0.0.1"]]);
    let untrusting = bench(&[&server], |settings| settings.ca = None);
    let untrusted = FetchError::Unreachable("its TLS certificate or protocol is not accepted");
    let url = server.url("other.test", "/");
    assert_eq!(trusting.refused(&url).await, untrusted);
    let url = server.url("example.test", "/");
    assert_eq!(untrusting.refused(&url).await, untrusted);
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn what_is_no_place_to_fetch_from() {
    let bench = bench(&[], |settings| settings.https_ports = vec![443]);
    for url in [
        "http://example.test/",
        "ftp://example.test/",
        "file:///etc/passwd",
        "/etc/passwd",
        "https://",
        "https://secret@example.test/",
        "https://:secret@example.test/",
    ] {
        let error = bench.refused(url).await;
        assert!(matches!(error, FetchError::Uri(_)), "{url} {error:?}");
    }
    assert_eq!(
        bench.refused("https://example.test:8443/").await,
        FetchError::Port(8443)
    );
    let nowhere = bench.refused("https://nowhere.example.test/").await;
    assert_eq!(
        nowhere,
        FetchError::Unreachable("its host's name has no address")
    );
}
