use std::io::Write as _;

use super::*;

mod policy;
mod waits;

fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, InvalidConfig> {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(Some(file.path()), environment, &Overrides::default())
}

fn refusal(text: &str, environment: &[(&str, &str)]) -> String {
    load(text, environment).unwrap_err().to_string()
}

const PROD: &str = r#"
[database]
url = "postgres://db/firesteel"
[[clusters]]
id = "prod"
backend = "kubernetes"
accounts = ["123456789012"]
namespaces = ["team-*"]
"#;

#[test]
fn the_defaults_are_complete() {
    let config = Config::load(None, [], &Overrides::default()).unwrap();
    assert_eq!(config.account.as_str(), "123456789012");
    assert_eq!(config.api.listen.to_string(), "127.0.0.1:9400");
    assert_eq!(config.admin.listen.to_string(), "127.0.0.1:9401");
    assert_eq!(config.api.max_body_bytes.get(), 2 * 1024 * 1024);
    assert_eq!(config.log.format, LogFormat::Text);
    let policy = Policy::from(&config.worker);
    assert_eq!(policy.start_timeout, Duration::from_secs(900));
    assert_eq!(policy.idle, Duration::from_secs(600));
    assert!(config.clusters.is_empty());
}

#[test]
fn a_file_goes_over_the_defaults_and_the_environment_over_the_file() {
    let text = "region = \"eu-west-1\"\n[api]\nlisten = \"127.0.0.1:1\"\nmax_page_size = 100\n";
    let environment = [
        ("FIRESTEEL_API__LISTEN", "[::1]:2"),
        ("FIRESTEEL_ACCOUNT", "000000000001"),
        ("FIRESTEEL_API__MAX_BODY_BYTES", "17"),
        ("FIRESTEEL_ALLOW_PROCESS_BACKEND", "true"),
        ("FIRESTEEL_WORKER__LEASE", "2m"),
        ("FIRESTEEL_WORKER__IDLE", "90"),
    ];
    let config = load(text, &environment).unwrap();
    assert_eq!(config.region, "eu-west-1");
    assert_eq!(config.api.max_page_size.get(), 100);
    assert_eq!(config.api.listen.to_string(), "[::1]:2");
    assert_eq!(config.account.as_str(), "000000000001");
    assert_eq!(config.api.max_body_bytes.get(), 17);
    assert!(config.allow_process_backend);
    assert_eq!(config.worker.lease, Duration::from_secs(120));
    assert_eq!(config.worker.idle, Duration::from_secs(90));
}

#[test]
fn the_command_line_goes_over_everything() {
    let overrides = Overrides {
        listen: Some("127.0.0.1:0".into()),
        database_url: Some("postgres://x".into()),
        ..Overrides::default()
    };
    let environment = [("FIRESTEEL_API__LISTEN".to_owned(), "127.0.0.1:9".to_owned())];
    let config = Config::load(None, environment, &overrides).unwrap();
    assert_eq!(config.api.listen.to_string(), "127.0.0.1:0");
    assert_eq!(config.database.url.unwrap().expose(), "postgres://x");
}

#[test]
fn variables_that_kubernetes_sets_for_a_service_of_our_name_are_no_settings() {
    let environment = [
        ("FIRESTEEL_SERVICE_HOST", "10.0.0.1"),
        ("FIRESTEEL_PORT", "tcp://10.0.0.1:9400"),
        ("FIRESTEEL_PORT_9400_TCP_ADDR", "10.0.0.1"),
        ("FIRESTEEL_CONFIG", "/etc/firesteel.toml"),
    ];
    load("", &environment).unwrap();
}

#[test]
fn what_is_unknown_or_malformed_is_refused_by_name_on_one_line() {
    type Case = (
        &'static str,
        &'static [(&'static str, &'static str)],
        &'static [&'static str],
    );
    let cases: [Case; 11] = [
        ("reigon = \"x\"", &[], &["reigon"]),
        ("[api]\nlisen = \"x\"", &[], &["lisen"]),
        ("", &[("FIRESTEEL_API__LISEN", "x")], &["lisen"]),
        ("[api]\nlisten = \"here\"", &[], &["api.listen"]),
        ("[api]\nauth = \"sigv5\"", &[], &["sigv5"]),
        ("[worker]\nlease = \"soon\"", &[], &["soon", "worker.lease"]),
        ("[worker]\nlease = 0", &[], &["worker.lease"]),
        ("[worker]\nlease = -1", &[], &["worker.lease"]),
        ("account = \"12\"", &[], &["12 digits"]),
        ("[api]\nmax_page_size = 10", &[], &["max_page_size"]),
        ("[api", &[], &["line 1"]),
    ];
    for (text, environment, named) in cases {
        let message = refusal(text, environment);
        assert!(!message.contains('\n'), "{message}");
        for name in named {
            assert!(message.contains(name), "{name}: {message}");
        }
    }
}

#[test]
fn a_missing_file_is_named() {
    let path = Path::new("/nowhere/firesteel.toml");
    let error = Config::load(Some(path), [], &Overrides::default()).unwrap_err();
    assert!(
        error.to_string().contains("/nowhere/firesteel.toml"),
        "{error}"
    );
}

#[test]
fn clusters_are_checked() {
    let cases = [
        (
            "[[clusters]]\nid = \"a b\"\nbackend = \"process\"",
            "\"a b\" is not an id",
        ),
        (
            "[[clusters]]\nid = \"a\"\nbackend = \"process\"\n[[clusters]]\nid = \"a\"\nbackend = \"kubernetes\"",
            "a stands there twice",
        ),
        ("[[clusters]]\nid = \"a\"\nbackend = \"mesos\"", "mesos"),
        (
            "[[clusters]]\nid = \"a\"\nbackend = \"process\"\nkubeconfig = \"x\"",
            "kubeconfig",
        ),
        (
            "[[clusters]]\nid = \"a\"\nbackend = \"kubernetes\"\nin_cluster = true\ncontext = \"x\"",
            "in_cluster",
        ),
        (
            "[[clusters]]\nid = \"a\"\nbackend = \"process\"\naccounts = [\"1\"]",
            "12 digits",
        ),
    ];
    for (text, named) in cases {
        let message = refusal(text, &[]);
        assert!(message.contains(named), "{message}");
    }
}

#[test]
fn dev_has_a_cluster_and_keeps_those_it_is_given() {
    let config = load("", &[]).unwrap().for_command(Command::Dev).unwrap();
    assert_eq!(config.clusters.len(), 1);
    assert_eq!(config.clusters[0].id(), "local");
    assert!(config.clusters[0].namespaces().is_none());
    let config = load(PROD, &[]).unwrap().for_command(Command::Dev).unwrap();
    assert_eq!(config.clusters.len(), 1);
    assert_eq!(config.clusters[0].id(), "prod");
}

#[test]
fn without_authentication_only_this_host_is_listened_to() {
    let anywhere = ("FIRESTEEL_API__LISTEN", "0.0.0.0:9400");
    for (command, auth, fine) in [
        (Command::Dev, "none", false),
        (Command::Serve, "none", false),
        (Command::Dev, "sigv4", true),
        (Command::Serve, "sigv4", true),
    ] {
        let config = load(PROD, &[anywhere, ("FIRESTEEL_API__AUTH", auth)]).unwrap();
        match config.for_command(command) {
            Ok(_) => assert!(fine, "{command:?} {auth}"),
            Err(error) => assert!(!fine && error.to_string().contains("loopback"), "{error}"),
        }
    }
}

#[test]
fn callers_prove_who_they_are_unless_it_is_for_one_person() {
    let auth = |command, environment: &[(&str, &str)]| {
        let config = load(PROD, environment).unwrap();
        config.for_command(command).unwrap().api.auth()
    };
    assert_eq!(auth(Command::Serve, &[]), Auth::SigV4);
    assert_eq!(auth(Command::Dev, &[]), Auth::None);
    for (text, said) in [("sigv4", Auth::SigV4), ("none", Auth::None)] {
        for command in [Command::Dev, Command::Serve] {
            assert_eq!(auth(command, &[("FIRESTEEL_API__AUTH", text)]), said);
        }
    }
    assert_eq!(load("", &[]).unwrap().api.auth(), Auth::SigV4);
}

#[test]
fn an_origin_is_what_a_browser_sends() {
    let load = |origin: &str| load(&format!("[api]\ncors_origins = [\"{origin}\"]"), &[]);
    for origin in [
        "https://portal.example.org",
        "http://localhost:3000",
        "http://127.0.0.1:8080",
        "https://[::1]:8443",
        "http://[::1]",
    ] {
        assert_eq!(load(origin).unwrap().api.cors_origins, [origin]);
    }
    for origin in [
        "*",
        "null",
        "",
        "https://",
        "portal.example.org",
        "https://portal.example.org/",
        "https://portal.example.org/app",
        "https://Portal.example.org",
        "https://*.example.org",
        "https://user@portal.example.org",
        "https://portal.example.org:443",
        "http://portal.example.org:80",
        "http://portal.example.org:080",
        "http://portal.example.org:",
        "http://portal.example.org:99999",
        "ftp://portal.example.org",
    ] {
        let error = load(origin).unwrap_err().to_string();
        assert!(error.starts_with("api.cors_origins: "), "{origin}: {error}");
    }
}

#[test]
fn durations_have_days_and_are_longer_than_nothing() {
    for (text, seconds) in [
        ("90d", 90 * 86_400),
        ("12h", 43_200),
        ("1h 30m", 5400),
        ("7", 7),
    ] {
        let duration = parse_duration(text).unwrap();
        assert_eq!(duration, Duration::from_secs(seconds), "{text}");
    }
    for text in ["", "0", "0s", "-1h", "soon"] {
        let error = parse_duration(text).unwrap_err().to_string();
        assert!(error.contains("is not a duration"), "{error}");
    }
}

#[test]
fn serve_demands_what_dev_does_not() {
    let serve = |text: &str| {
        load(text, &[])
            .unwrap()
            .for_command(Command::Serve)
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    assert_eq!(serve(PROD), Ok(()));
    let open =
        "\n[[clusters]]\nid = \"x\"\nbackend = \"process\"\naccounts = []\nnamespaces = []\n";
    let allowed = format!("allow_process_backend = true\n{PROD}{open}");
    assert_eq!(serve(&allowed), Ok(()));
    for (text, named) in [
        (format!("{PROD}{open}"), "allow_process_backend"),
        (PROD.replace("url =", "listen_url ="), "database.url"),
        (
            PROD.replace("accounts = [\"123456789012\"]", ""),
            "accounts",
        ),
        (PROD.replace("namespaces = [\"team-*\"]", ""), "namespaces"),
        (
            "[database]\nurl = \"postgres://x\"".to_owned(),
            "[[clusters]]",
        ),
    ] {
        let error = serve(&text).unwrap_err();
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn names_of_properties_and_variables_stay_as_they_are_written() {
    let text = r#"
[[clusters]]
id = "a"
backend = "kubernetes"
[clusters.defaults.properties]
"spark.kubernetes.executor.podNamePrefix" = "x"
[clusters.defaults.releases."emr-7.12.0-latest"]
"spark.kubernetes.container.image" = "y"
[clusters.defaults.environment]
AWS_REGION = "z"
"#;
    let config = load(text, &[]).unwrap();
    let defaults = config.clusters[0].defaults();
    assert_eq!(
        defaults.properties["spark.kubernetes.executor.podNamePrefix"],
        "x"
    );
    let release = &defaults.releases["emr-7.12.0-latest"];
    assert_eq!(release["spark.kubernetes.container.image"], "y");
    assert_eq!(defaults.environment["AWS_REGION"], "z");
}

#[test]
fn secrets_are_not_printed() {
    let config = load("[database]\nurl = \"postgres://u:hunter2@db/x\"", &[]).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn the_data_folder_follows_the_xdg_rules() {
    let with = |variables: &[(&str, &str)]| {
        values::default_data_dir(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).into())
        })
    };
    let both = [("XDG_DATA_HOME", "/data"), ("HOME", "/home/me")];
    assert_eq!(with(&both), Some("/data/firesteel".into()));
    let relative = [("XDG_DATA_HOME", "data"), ("HOME", "/home/me")];
    let home = Some("/home/me/.local/share/firesteel".into());
    assert_eq!(with(&relative), home);
    assert_eq!(with(&[]), None);
}

#[test]
fn releases_of_an_installation_and_of_one_cluster_add_up() {
    let text = format!(
        "{PROD}event_log_dir = \"s3://logs/events\"\n\
         [[clusters.releases]]\nlabel = \"emr-7.12.0\"\nspark = \"3.5.9\"\n\
         [clusters.releases.properties]\n\"spark.A.b\" = \"1\"\n\
         [[releases]]\nlabel = \"Own-4.3.0\"\nspark = \"4.3.0\"\nimage = \"own:{{spark_version}}\"\n"
    );
    let config = load(&text, &[]).unwrap();
    let cluster = &config.clusters[0];
    assert_eq!(cluster.event_log_dir(), Some("s3://logs/events"));
    let here = config.releases_of(cluster).unwrap();
    let patched = here.find("emr-7.12.0-java11-latest").ok().unwrap();
    assert_eq!(patched.spark_version, "3.5.9");
    assert_eq!(patched.properties["spark.A.b"], "1");
    let everywhere = config.releases().unwrap();
    for releases in [&here, &everywhere] {
        let own = releases.find("Own-4.3.0").ok().unwrap();
        assert_eq!(
            own.properties["spark.kubernetes.container.image"],
            "own:4.3.0"
        );
    }
    let there = everywhere.find("emr-7.12.0-latest").ok().unwrap();
    assert_eq!(there.spark_version, "3.5.6");
}

#[test]
fn releases_that_make_no_sense_are_refused_with_their_place() {
    let release = "[[releases]]\nlabel = \"own\"\n";
    let told = refusal(release, &[]);
    assert_eq!(
        told,
        "releases: own needs a Spark version: no release has this name"
    );
    let text = format!("{PROD}[[clusters.releases]]\nlabel = \"own\"\nspark = \"2.4.8\"\n");
    let told = refusal(&text, &[]);
    assert!(
        told.starts_with("clusters: prod: releases: own has Spark 2.4.8;"),
        "{told}"
    );
}

fn fetching(text: &str, variables: &[(&str, &str)]) -> Result<crate::fetch::Settings, String> {
    let config = load(text, &[]);
    let of_environment = |name: &str| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    config
        .and_then(|config| config.fetching(of_environment))
        .map_err(|error| error.0)
}

#[test]
fn templates_come_from_public_addresses_and_no_bucket_by_default() {
    let settings = fetching("", &[]).unwrap();
    let built_in = crate::fetch::Settings::default();
    assert!(settings.prefixes.is_empty() && settings.https_allow.is_empty());
    assert_eq!(settings.https_ports, built_in.https_ports);
    assert_eq!(settings.max_bytes, built_in.max_bytes);
    assert_eq!(settings.max_bytes, crate::spark::pod_template::MAX_BYTES);
    assert_eq!(settings.timeout, built_in.timeout);
    assert!(matches!(settings.s3.access, crate::fetch::S3Access::None));
    assert_eq!(settings.s3.region, "us-east-1");
}

#[test]
fn awss_variables_count_where_the_configuration_says_nothing_of_s3() {
    let variables = [
        ("AWS_ACCESS_KEY_ID", "theirs"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", "http://s3.test"),
    ];
    let s3 = fetching("", &variables).unwrap().s3;
    assert_eq!(
        (s3.region.as_str(), s3.endpoint.as_deref()),
        ("eu-west-1", Some("http://s3.test"))
    );
    let key = |s3: crate::fetch::S3Settings| {
        let crate::fetch::S3Access::Key { id, .. } = s3.access else {
            panic!("no key")
        };
        id
    };
    assert_eq!(key(s3), "theirs");
    let own =
        "[templates.s3]\nregion = \"here\"\naccess_key_id = \"own\"\nsecret_access_key = \"s\"";
    let s3 = fetching(own, &variables).unwrap().s3;
    assert_eq!(s3.region, "here");
    assert_eq!(key(s3), "own");
}

#[test]
fn wrong_settings_of_templates_are_told_by_name() {
    let cases = [
        (
            "template_prefixes = { 12 = [] }",
            "templates.template_prefixes.12",
        ),
        (
            "template_prefixes = { 123456789012 = [\"bucket\"] }",
            "\"bucket\" is not s3://bucket",
        ),
        (
            "https_allow = [\"10.0.0.0/40\"]",
            "templates.https_allow: \"10.0.0.0/40\"",
        ),
        (
            "s3 = { access_key_id = \"a\" }",
            "templates.s3: access_key_id",
        ),
        (
            "s3 = { endpoint = \"s3.test\" }",
            "templates.s3.endpoint: \"s3.test\"",
        ),
        ("ca_file = \"/none.pem\"", "templates.ca_file: /none.pem"),
        ("timeout = 0", "templates.timeout"),
    ];
    for (setting, told) in cases {
        let error = match fetching(&format!("[templates]\n{setting}"), &[]) {
            Err(error) => error,
            Ok(_) => panic!("{setting}"),
        };
        assert!(error.contains(told), "{error}");
    }
    let open = "[templates]\nhttps_allow = [\"10.1.0.0/16\", \"fd00::1\"]\n\
                template_prefixes = { 123456789012 = [\"s3://bucket/team\"] }";
    let settings = fetching(open, &[]).unwrap();
    assert_eq!(
        (settings.https_allow.len(), settings.prefixes.len()),
        (2, 1)
    );
}

mod documented;
