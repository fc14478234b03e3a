//! What a deployment is refused for and warned of, and what the hints of a check say.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::path::PathBuf;
use std::process::{Command, Output};

fn vedette(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vedette")).args(arguments).output().unwrap()
}

/// What a command says on standard error, and how it ended.
fn said(arguments: &[&str]) -> (Option<i32>, String) {
    let output = vedette(arguments);
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A configuration file of this test alone.
fn file(name: &str, content: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path.display().to_string()
}

fn named(name: &str, url: &str, more: &str) -> String {
    format!("[[pool]]\nname = \"{name}\"\n{more}\n[[pool.origin]]\nname = \"primary\"\nurl = \"{url}\"\n")
}

fn pool(url: &str, more: &str) -> String {
    named("shop", url, more)
}

/// A pool for each address with these settings, called `p0` and on.
fn pools<'a>(all: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    all.enumerate().map(|(n, (url, more))| named(&format!("p{n}"), url, more)).collect()
}

#[test]
fn what_the_edge_cannot_reach_is_not_deployed() {
    let unreached = [
        ("http://192.168.1.5", "is a private address"),
        ("http://10.0.0.1:8080", "is a private address"),
        ("http://172.31.255.1", "is a private address"),
        ("http://100.64.0.1", "is a private address"),
        ("http://169.254.169.254", "is a link-local address"),
        ("http://[fd00::1]", "is a private address"),
        ("http://[fe80::1]", "is a link-local address"),
        ("http://[::ffff:10.0.0.1]", "is a private address"),
        ("http://grafana", "is a name without a dot"),
        ("https://nas.local", "is a name of a local network"),
        ("https://db.prod.internal", "is a name of a private network"),
        ("https://tv.home.arpa", "is a name of a home network"),
    ];
    let bad = file("unreached.toml", &pools(unreached.iter().map(|(url, _)| (*url, ""))));
    let (code, text) = said(&["check", &bad, "--deploy"]);
    assert_eq!(code, Some(1), "{text}");
    for (n, (url, why)) in unreached.iter().enumerate() {
        let line = format!("pool.p{n}.origin.primary: its url {url} {why}");
        assert!(text.contains(&line), "{line}: {text}");
    }
    // At home they may well be watched.
    let (code, text) = said(&["check", &bad]);
    assert_eq!(code, Some(0), "{text}");
    let urls = ["http://172.32.0.1", "http://100.128.0.1", "https://local.example.com"];
    let good = file("reached.toml", &pools(urls.iter().map(|url| (*url, ""))));
    let (code, text) = said(&["check", &good, "--deploy"]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn receivers_and_references_that_the_edge_cannot_reach_are_not_deployed() {
    let text = pool("https://shop.example.com", "");
    let bad = file(
        "receivers.toml",
        &format!(
            "references = [\"https://router.local\"]\n{text}\n[[notify]]\nname = \"ops\"\nkind = \"webhook\"\nsecret = \"KEY\"\nurl = \"https://192.168.1.9/hook\"\n"
        ),
    );
    let (code, text) = said(&["check", &bad, "--deploy"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("notify.ops: its url is a private address"), "{text}");
    assert!(text.contains("references: https://router.local is a name of a local network"), "{text}");
}

#[test]
fn what_should_be_looked_at_again_is_warned_of_and_deployed() {
    let doubts = [
        ("http://203.0.113.10", "", "is an address without a name"),
        (
            "http://shop.example.com",
            "probe = { headers = { authorization = { secret = \"TOKEN\" } } }",
            "sends a secret over plain http",
        ),
        (
            "https://shop.example.com",
            "probe = { headers = { authorization = \"Basic canary\" } }",
            "has the header authorization in plain text",
        ),
        (
            "https://shop.example.com",
            "probe = { headers = { Cookie = \"canary\" } }",
            "has the header cookie in plain text",
        ),
        (
            "https://shop.example.com",
            "probe = { path = \"/health?a=1&token=canary\" }",
            "has token= in plain text",
        ),
    ];
    let doubtful = file("doubtful.toml", &pools(doubts.iter().map(|(url, more, _)| (*url, *more))));
    let texts = ["check", "compile"].map(|command| {
        let (code, text) = said(&[command, &doubtful, "--deploy"]);
        assert_eq!(code, Some(0), "{text}");
        text
    });
    let json: serde_json::Value =
        serde_json::from_slice(&vedette(&["check", &doubtful, "--deploy", "--json"]).stdout).unwrap();
    for (n, (.., why)) in doubts.iter().enumerate() {
        let begin = format!("warning: pool.p{n}.origin.primary: ");
        for text in &texts {
            let line = text.lines().find(|line| line.starts_with(&begin));
            assert!(line.is_some_and(|line| line.contains(why) && !line.contains("canary")), "{why}: {text}");
        }
        assert!(json["warnings"][n].as_str().is_some_and(|line| line.contains(why)), "{json}");
    }
    let good = file(
        "undoubted.toml",
        &pool(
            "https://shop.example.com",
            "probe = { path = \"/h?tokens=2\", headers = { authorization = { secret = \"T\" } } }",
        ),
    );
    assert_eq!(said(&["check", &good, "--deploy"]), (Some(0), String::new()));
}

#[test]
fn who_builds_is_told_what_is_not_active() {
    let idle = file("idle.toml", &pool("https://shop.example.com", "cert_warn = \"14d\""));
    let (code, text) = said(&["compile", &idle]);
    assert_eq!(code, Some(0));
    assert!(text.contains("pool.shop.cert_warn: not active yet"), "{text}");
}

#[test]
fn a_file_in_another_format_is_named_for_what_it_is() {
    for (name, kind, content) in [
        ("gatus.yaml", "YAML", "endpoints:\n  - name: shop\n"),
        ("blackbox.yml", "YAML", "modules:\n  http:\n"),
        ("monitors.JSON", "JSON", "{\n  \"monitors\": []\n}\n"),
    ] {
        let foreign = file(name, content);
        let (code, text) = said(&["check", &foreign]);
        assert_eq!(code, Some(1));
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains(&format!("is {kind} by its name")), "{text}");
        let json: serde_json::Value =
            serde_json::from_slice(&vedette(&["check", &foreign, "--json"]).stdout).unwrap();
        assert!(json["problems"][0]["message"].as_str().is_some_and(|text| text.contains(kind)), "{json}");
    }
}

#[test]
fn no_hint_turns_a_check_round() {
    for (setting, turned) in [
        ("body_not_matchs", "\"body_matches\""),
        ("min_latency", "max_latency\"?"),
        ("min_db_calls", "max_db_calls\"?"),
        ("body_no_contains", "\"body_contains\""),
    ] {
        let bad = file(
            &format!("hint-{setting}.toml"),
            &pool("https://shop.example.com", &format!("expect = {{ {setting} = \"1\" }}")),
        );
        let (code, text) = said(&["check", &bad]);
        assert_eq!(code, Some(1));
        assert!(text.contains("is not a setting; ") && !text.contains(turned), "{setting}: {text}");
    }
}

#[test]
fn what_is_not_probed_is_told_what_is_possible_instead() {
    let tcp = file("tcp.toml", &pool("tcp://db.example.com:5432", ""));
    let (_, text) = said(&["check", &tcp]);
    assert!(text.contains("nothing else is probed") && text.contains("kind = \"heartbeat\""), "{text}");
    let host =
        file("host.toml", &pool("https://a.example.com", "probe = { headers = { host = \"b.example\" } }"));
    let (_, text) = said(&["check", &host]);
    assert!(text.contains("give the origin a host name of its own"), "{text}");
}

#[test]
fn two_checks_of_one_host_are_two_origins_if_their_paths_differ() {
    let two = |first: &str, second: &str| {
        let origin = |name: &str, path: &str| {
            format!(
                "[[pool.origin]]\nname = \"{name}\"\nurl = \"https://a.example.com\"\nprobe = {{ path = \"{path}\" }}\n"
            )
        };
        format!("[[pool]]\nname = \"shop\"\n{}{}", origin("api", first), origin("web", second))
    };
    let good = file("paths.toml", &two("/api", "/web"));
    assert_eq!(said(&["check", &good]).0, Some(0));
    let (code, text) = said(&["check", &file("same-path.toml", &two("/api", "/api"))]);
    assert_eq!(code, Some(1));
    assert!(text.contains("is given already on line 5; write another address or probe.path"), "{text}");
    // Requests cannot fail over from an address to itself.
    let routed = format!("{}[[route]]\npool = \"shop\"\n", two("/api", "/web"));
    let (code, text) = said(&["check", &file("one-address.toml", &routed)]);
    assert_eq!(code, Some(1));
    assert!(
        text.contains("route[0].pool: leads to a pool with two origins at https://a.example.com"),
        "{text}"
    );
}
