//! The configuration from the outside: whole files in, settings or rendered faults out.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use tipoff_model::{Envelope, Protocol};

use super::{Config, Faults, Overrides, example, reference};

/// Whatever must not be shown is this in the fixtures.
const SECRET: &str = "hunter2";

fn no_variables(_: &str) -> Option<String> {
    None
}

fn parse(source: &str) -> Result<Config, Faults> {
    parse_with(source, &[])
}

fn parse_with(source: &str, variables: &[(&str, &str)]) -> Result<Config, Faults> {
    let variable = |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    Config::parse(Some(PathBuf::from("/etc/tipoff.toml")), source, None, &variable)
}

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares with what is stored, or stores it where `UPDATE_EXPECT` is set.
fn expect(path: &Path, actual: &str) {
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(path, actual).unwrap();
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(actual, expected, "{} is stale: UPDATE_EXPECT=1 renews it", path.display());
}

#[test]
fn every_bad_configuration_says_what_is_wrong() {
    let mut count = 0;
    for entry in fs::read_dir(here("tests/bad_configs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        let name = PathBuf::from(path.file_name().unwrap());
        let variable = |name: &str| {
            let value = [("IDLE", "hunter2"), ("EMPTY", "")].iter().find(|(it, _)| *it == name)?;
            Some(value.1.to_owned())
        };
        let faults = Config::parse(Some(name), &source, None, &variable).expect_err(&source);
        let plain = faults.render(false);
        assert!(!plain.contains(SECRET), "{plain}");
        assert!(!format!("{faults:?}").contains(SECRET), "{faults:?}");
        assert!(!plain.contains('\u{1b}') && faults.render(true).contains('\u{1b}'));
        assert!(!plain.contains("default is broken"), "{plain}");
        expect(&path.with_extension("expected"), &plain);
        count += 1;
    }
    assert!(count >= 25, "only {count}");
}

#[test]
fn the_reference_is_what_is_read() {
    expect(&here("../../docs/configuration.md"), &reference());
}

/// What the example says once everything in it is used.
/// Settings that are given instead of others, or with others only: of a type, the key.
const INSTEAD: &[(&str, &str)] = &[
    ("archive", "access_key"),
    ("archive", "bucket"),
    ("archive", "endpoint"),
    ("archive", "region"),
    ("archive", "secret_key"),
    ("email", "tls"),
    ("email", "trust"),
    ("mqtt", "ca"),
    ("slack", "url"),
    ("webhook", "body"),
];

fn whole_example() -> String {
    let mut kind = String::new();
    let mut is_instead = |line: &str| {
        let (key, value) = line.split_once(" = ").unwrap_or_default();
        if key == "type" {
            kind = value.trim_matches('"').to_owned();
        }
        INSTEAD.contains(&(kind.as_str(), key))
    };
    let without_mark = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => rest.to_owned(),
        _ => line.to_owned(),
    };
    let lines = example();
    let lines = lines.lines().map(without_mark).filter(|line| !is_instead(line));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_is_a_configuration_as_it_is_and_with_everything_used() {
    let default = parse("").unwrap();
    assert_eq!(format!("{:?}", parse(&example()).unwrap()), format!("{default:?}"));
    // Bots' tokens are the values that have forms of their own.
    let variable = |name: &str| {
        if name.starts_with("TIPOFF_") {
            return None;
        }
        let value = match name {
            "SLACK_TOKEN" => "xoxb-1234567890-AbCdEf",
            "TIPOFF_PUBLIC_ADDRESS" => return None,
            _ => "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0",
        };
        Some(value.to_owned())
    };
    let whole = whole_example();
    let config = Config::parse(None, &whole, None, &variable)
        .unwrap_or_else(|faults| panic!("{}", faults.render(false)));
    assert_eq!(config.channels.len(), tipoff_channels::CHANNELS.len());
    assert_eq!((config.devices.len(), config.rules.routes.len()), (1, 1));
    assert!(config.smtp.certificate.is_some() && config.access.user.is_some());
}

/// Every default that the reference shows is the one that holds.
#[test]
fn defaults_that_are_written_down_change_nothing() {
    let optional = [
        "data_dir",
        "time_zone",
        "language",
        "host_name",
        "place",
        "certificate",
        "rsa_certificate",
        "max_size",
        "media",
        "endpoint",
        "region",
        "access_key",
        "secret_key",
        "public_address",
        "public_url",
        "trusted_proxies",
        "proxy_secret",
        "proxy_user_header",
        "proxy_role_header",
        "proxy_role",
        "hosts",
        "proxy_protocol",
        "push_networks",
        "url",
        "ca",
        "node",
    ];
    let lines = whole_example();
    let (sections, _) = lines.split_once("[[mqtt]]").unwrap();
    let (_, rest) = lines.split_once("\n[incidents]\n").unwrap();
    let sections = format!("{sections}\n[incidents]\n{rest}");
    let defaults: Vec<&str> = sections
        .lines()
        .filter(|line| {
            let key = line.split(" =").next().unwrap_or_default();
            !optional.contains(&key) && !["user", "password"].contains(&key)
        })
        .collect();
    assert!(defaults.iter().filter(|line| line.contains(" = ")).count() > 15);
    let written = parse(&defaults.join("\n")).unwrap();
    assert_eq!(format!("{written:?}"), format!("{:?}", parse("").unwrap()));
}

/// A program that was built without OpenSSL says so, instead of refusing each device.
#[cfg(not(feature = "legacy-tls"))]
#[test]
fn old_encryption_that_was_not_built_in_is_a_fault() {
    for section in ["smtp", "ftp"] {
        let faults = parse(&format!("[{section}]\nlegacy_tls = true\n")).unwrap_err();
        assert!(faults.to_string().contains("built without old encryption"), "{faults}");
        parse(&format!("[{section}]\nlegacy_tls = false\n")).unwrap();
    }
}

#[cfg(feature = "legacy-tls")]
#[test]
fn old_encryption_is_allowed_for_each_receiver() {
    let config = parse("smtp.legacy_tls = true").unwrap();
    assert!(config.smtp.legacy_tls && !config.ftp.legacy_tls);
}

#[test]
fn defaults() {
    let config = parse("").unwrap();
    let smtp = &config.smtp;
    let listen: Vec<String> = smtp.listen.iter().map(|it| it.at.address.to_string()).collect();
    assert_eq!(listen, ["0.0.0.0:2525"]);
    assert!(smtp.listen.iter().all(|it| !it.at.tls && it.ehlo && it.auth && it.starttls));
    assert_eq!(smtp.max_message, 50_000_000);
    assert_eq!((smtp.max_recipients, smtp.max_line, smtp.max_errors), (100, 2_048, 20));
    assert_eq!((smtp.max_connections, smtp.max_connections_per_address), (2_000, 100));
    assert_eq!(smtp.idle, Duration::from_secs(300));
    assert!(smtp.certificate.is_none() && !smtp.host_name.is_empty());
    let http = crate::config::Listener { address: "0.0.0.0:8080".parse().unwrap(), tls: false };
    assert_eq!(config.http.listen, Some(http));
    assert_eq!(config.http.public_url, None);
    assert!(config.access.networks.contains("192.168.1.20".parse().unwrap()));
    assert!(!config.access.networks.contains("8.8.8.8".parse().unwrap()));
    assert!(!config.access.require_login && config.access.user.is_none());
    assert!(config.devices.is_empty() && config.channels.is_empty());
    assert!(config.rules.routes.is_empty() && config.rules.channels.is_empty());
    let grouping = &config.rules.grouping;
    assert_eq!((grouping.quiet.as_secs(), grouping.longest.as_secs()), (20, 300));
    assert_eq!(grouping.settle, Duration::from_secs(2));
    assert_eq!(config.retention.keep, Duration::from_secs(30 * 86_400));
    assert_eq!(config.retention.max_size, None);
    assert_eq!(super::Retention::default_max_size(30_000_000_000, 2_000_000_000), 16_000_000_000);
    assert_eq!(super::Retention::default_max_size(0, 500), 1_000_000_000);
    assert_eq!(config.retention.min_free, 200_000_000);
}

#[test]
fn what_is_written_holds() {
    let config = parse(
        r#"
        data_dir = "data"
        [smtp]
        listen = ["smtps://0.0.0.0:0", { address = "[::1]:0", auth = false, starttls = false }]
        certificate = { chain = "cert.pem", key = "/key.pem" }
        max_recipients = 0x10
        max_connections = 1_000
        [http]
        listen = "off"
        public_url = "https://example.org/"
        [[device]]
        name = "Yard"
        user = "yard"
        password = "hunter2"
        match = { from = ["cam1@*", "cam2"], ip = "192.168.1.20" }
        [[channel]]
        type = "exec"
        command = "siren"
        expire = "2 h"
        [[route]]
        devices = "Yard"
        channels = ["exec"]
        between = "22:00-06:00"
        cooldown = "2 min"
        "#,
    )
    .unwrap();
    assert_eq!(config.data_dir, Path::new("/etc/data"));
    let [first, second] = &config.smtp.listen[..] else { panic!("{:?}", config.smtp.listen) };
    assert!(first.at.tls && first.auth && first.starttls);
    assert!(!second.at.tls && second.ehlo && !second.auth && !second.starttls);
    let certificate = config.smtp.certificate.as_ref().unwrap();
    assert_eq!(certificate.chain, Path::new("/etc/cert.pem"));
    assert_eq!(certificate.key, Path::new("/key.pem"));
    assert_eq!((config.smtp.max_recipients, config.smtp.max_connections), (16, 1_000));
    assert_eq!(config.http.listen, None);
    assert_eq!(config.http.public_url.as_deref(), Some("https://example.org"));
    let device = &config.devices[0];
    assert_eq!(device.password.as_ref().unwrap().expose(), SECRET);
    let channel = &config.channels[0];
    assert_eq!((channel.name.as_str(), channel.kind), ("exec", "exec"));
    assert_eq!(channel.expire, Duration::from_secs(7_200));
    assert_eq!(config.rules.channels, ["exec"]);
    let route = &config.rules.routes[0];
    assert_eq!(
        (&route.conditions.devices[..], &route.channels[..]),
        (&["Yard".into()][..], &["exec".into()][..])
    );
    assert!(route.conditions.between.is_some());
    assert_eq!(route.cooldown, Some(Duration::from_secs(120)));
    assert!(!format!("{config:?}").contains(SECRET), "{config:?}");
}

#[test]
fn a_device_is_recognised_by_any_one_thing() {
    let config = parse(
        "[[device]]\nname = \"a\"\n\
         match = { from = \"cam1@*\", to = \"front@*\", ip = \"10.0.0.0/30\" }",
    )
    .unwrap();
    for (sender, recipient, peer, expected) in [
        ("cam1@x", "y", "10.1.1.1", true),
        ("y", "Front@x", "10.1.1.1", true),
        ("y", "y", "10.0.0.3", true),
        ("y", "y", "::ffff:10.0.0.3", true),
        ("cam2@x", "back@x", "10.0.0.4", false),
        ("", "", "10.0.0.4", false),
    ] {
        let envelope = Envelope {
            protocol: Protocol::Smtp,
            peer: peer.parse().unwrap(),
            login: None,
            proof: tipoff_model::LoginProof::default(),
            greeting: None,
            sender: sender.to_owned(),
            recipients: vec!["other@x".to_owned(), recipient.to_owned()],
            tls: false,
            path: None,
        };
        assert_eq!(config.devices[0].fits(&envelope), expected, "{sender} {recipient} {peer}");
    }
}

#[test]
fn a_device_is_recognised_by_its_folder() {
    let device = "[[device]]\nname = \"a\"\nmatch = { folder = [\"front\", \"nvr/cam?\"] }";
    let config = parse(device).unwrap();
    for (path, expected) in [
        ("/front/x.jpg", true),
        ("/Front/2026/10/x.jpg", true),
        ("/nvr/cam1/x.jpg", true),
        ("/nvr/cam12/x.jpg", false),
        ("/nvr/x.jpg", false),
        ("/front", false),
        ("/yard/front/x.jpg", false),
    ] {
        assert_eq!(config.devices[0].has_folder_of(path), expected, "{path}");
    }
}

#[test]
fn strings_come_from_the_environment_and_from_files() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("password"), "hunter2\n").unwrap();
    fs::write(
        folder.path().join("tipoff.toml"),
        "smtp.idle = { env = \"IDLE\" }\naccess.user = \"x\"\n\
         access.password = { file = \"password\" }",
    )
    .unwrap();
    let variable = |name: &str| (name == "IDLE").then(|| "1 min".to_owned());
    let path = folder.path().join("tipoff.toml");
    let config = Config::load(Some(&path), None, &variable).unwrap();
    assert_eq!(config.smtp.idle, Duration::from_secs(60));
    assert_eq!(config.access.password.unwrap().expose(), SECRET);
    assert_eq!(config.path, Some(path));
}

#[test]
fn the_folder_of_data_is_the_first_that_is_told() {
    let folder = |source: &str, variables: &[(&str, &str)], told: Option<&str>| {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, it)| (*it).to_owned())
        };
        let config = {
            let data_dir = told.map(PathBuf::from);
            let overrides = Overrides { data_dir, ..Overrides::default() };
            Config::parse(None, source, Some(&overrides), &variable)
        }
        .unwrap();
        config.data_dir.to_str().unwrap().to_owned()
    };
    let file = "data_dir = \"/file\"";
    let all = [("TIPOFF_DATA_DIR", "/variable"), ("XDG_DATA_HOME", "/xdg"), ("HOME", "/home/me")];
    assert_eq!(folder(file, &all, Some("/told")), "/told");
    assert_eq!(folder(file, &all, None), "/variable");
    assert_eq!(folder(file, &all[1..], None), "/file");
    assert_eq!(folder("", &all[1..], None), "/xdg/tipoff");
    assert_eq!(folder("", &all[2..], None), "/home/me/.local/share/tipoff");
    assert_eq!(folder("", &[("HOME", "/root")], None), "/var/lib/tipoff");
    // `sudo -u tipoff` sets the home of the package's user.
    assert_eq!(folder("", &[("HOME", "/var/lib/tipoff")], None), "/var/lib/tipoff");
    assert_eq!(folder("", &[("XDG_DATA_HOME", "here")], None), "/var/lib/tipoff");
}

#[test]
fn two_variables_make_a_channel_where_none_is_configured() {
    let both = [
        ("TIPOFF_TELEGRAM_TOKEN", "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"),
        ("TIPOFF_TELEGRAM_CHAT", "-100123"),
        ("TIPOFF_TELEGRAM_API", "http://127.0.0.1:8081"),
    ];
    let config = parse_with("", &both).unwrap();
    assert_eq!(config.rules.channels, ["telegram"]);
    assert_eq!(config.channels[0].kind, "telegram");
    let file = "[[channel]]\ntype = \"exec\"\ncommand = \"siren\"";
    assert_eq!(parse_with(file, &both).unwrap().rules.channels, ["exec"]);
    assert_eq!(parse_with(file, &both[..1]).unwrap().rules.channels, ["exec"]);
    for (variables, part) in [
        (&both[..1], "`TIPOFF_TELEGRAM_CHAT`"),
        (&both[1..2], "`TIPOFF_TELEGRAM_TOKEN`"),
        (&[("TIPOFF_TELEGRAM_TOKEN", SECRET), both[1]][..], "TIPOFF_TELEGRAM"),
    ] {
        let faults = parse_with("", variables).unwrap_err().to_string();
        assert!(faults.contains(part) && !faults.contains(SECRET), "{faults}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tipoff.toml");
    let fault = |path: &Path| {
        let variable =
            |name: &str| (name == "TIPOFF_CONFIG").then(|| path.to_str().unwrap().to_owned());
        Config::load(None, None, &variable).unwrap_err().to_string()
    };
    assert!(fault(&path).contains("tipoff.toml: cannot be opened"));
    fs::write(&path, b"[smtp]\nhost_name = \"\xe4\"\n").unwrap();
    assert!(fault(&path).contains("not UTF-8 text in line 2"));
    fs::write(&path, vec![b'\n'; 10_000_001]).unwrap();
    assert!(fault(&path).contains("larger than"));
    fs::write(&path, vec![b'\n'; 10_000_000]).unwrap();
    assert!(Config::load(Some(&path), None, &no_variables).is_ok());
}

#[test]
fn channels_use_no_key_that_all_of_them_have() {
    let settings = tipoff_channels::CHANNELS.iter().flat_map(|entry| entry.settings);
    for setting in settings {
        assert!(!["name", "type", "expire"].contains(&setting.key), "{}", setting.key);
    }
}

#[test]
fn ten_thousand_devices_with_a_fault_each_take_no_time() {
    let device = |number| format!("[[device]]\nname = \"{number}\"\nuser = \"{number}\"\n");
    let source: String = (0..10_000).map(device).collect();
    let faults = parse(&source).unwrap_err();
    assert!(
        faults.render(false).ends_with("10000 faults (the first 100 shown) in /etc/tipoff.toml\n")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_is_a_panic(source in "\\PC*") {
        let _ = parse(&source).map_err(|faults| (faults.render(false), faults.render(true)));
    }

    /// Pieces of configurations, cut and put together anyhow, with what editors leave behind.
    #[test]
    fn no_configuration_is_a_panic(
        pieces in prop::collection::vec(
            prop_oneof![
                "(listen|name|match|token|type|idle|ftp|smtp|user)",
                "( = | |\n|\r\n|\t|\u{feff}|#|,|\\.)",
                "(\\[\\[?(smtp|device|channel|route|access)\\]?\\]|\\{|\\}|\\[|\\])",
                "(\"[a-zä*:/ ]{0,9}\"|'|\"\"\"|5|-1|true|1979-05-27|\u{0}|ä|🌳)",
            ],
            0..40,
        ),
    ) {
        let source = pieces.concat();
        let _ = parse(&source).map_err(|faults| (faults.render(false), faults.render(true)));
    }

    /// A password is hidden wherever it is, and whatever is wrong around it.
    #[test]
    fn no_secret_is_shown(
        key in "(password|pasword|token|tok|user|secret|headers|url)",
        before in "(\\[access\\]\n|\\[\\[device\\]\\]\n|\\[smtp\n|)(\\[\\[channel\\]\\]\ntype = \"telegram\"\n|)",
        value in "(\"hunter2\"|'hunter2'|hunter2|\"hunter2|\"\"\"\nhunter2\"\"\"|\\{ a = \"hunter2\" \\}|\\[\"hunter2\", 5)",
        after in "(\n| # hunter2\n|\nx = 1\n| x\n)",
    ) {
        // A user is no secret.
        prop_assume!(key != "user");
        let faults = parse(&format!("{before}{key} = {value}{after}")).map_err(|it| it.to_string());
        if let Err(faults) = faults {
            prop_assert!(!faults.contains(SECRET), "{}", faults);
        }
    }
}

#[test]
fn media_are_in_a_bucket_with_the_key_of_its_section_and_no_text_shows_it() {
    let config = parse(
        "[spool]\nmedia = \"s3://bucket/cameras/\"\n[spool.s3]\nendpoint = \"http://127.0.0.1:9\"\n\
         region = \"eu-central-1\"\naccess_key = \"hunter2\"\nsecret_key = \"hunter2\"",
    );
    let config = config.unwrap();
    assert!(!format!("{config:?} {:?}", config.spool()).contains(SECRET));
    let bucket = config.spool().bucket.unwrap();
    assert_eq!(bucket.place(), "s3://bucket/cameras");
    assert_eq!(bucket.endpoint.as_deref(), Some("http://127.0.0.1:9"));
    assert_eq!((bucket.access_key, bucket.secret_key), (Some(SECRET.into()), Some(SECRET.into())));
    assert_eq!(parse("").unwrap().spool().bucket, None);
}

#[test]
fn the_engine_of_the_spool_and_its_database_are_named_together() {
    let faults = |source: &str| parse(source).unwrap_err().render(false);
    let shared = "[spool]\nengine = \"postgres\"\nurl = \"postgresql://u:hunter2@h/db\"\n";
    let config = parse(shared).unwrap();
    assert!(matches!(config.spool().engine, tipoff_spool::Engine::Postgres(_)));
    assert!(!format!("{config:?} {:?}", config.spool()).contains("hunter2"));
    let embedded = parse(&shared.replace("postgres\"", "embedded\"")).unwrap();
    assert!(matches!(embedded.spool().engine, tipoff_spool::Engine::Embedded));
    assert!(faults("[spool]\nengine = \"postgres\"\n").contains("url"));
    assert!(faults("[spool]\nengine = \"mysql\"\n").contains("`embedded` or `postgres`"));
    let unnamed = faults("[spool]\nurl = \"postgresql://u:hunter2@h/db\"\n");
    assert!(unnamed.contains("postgres") && !unnamed.contains("hunter2"), "{unnamed}");
}
