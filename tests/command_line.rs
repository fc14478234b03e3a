//! The command line as its users meet it: exit codes, what is printed, and one probe against a real
//! socket.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output};

fn vedette(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vedette")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a command prints as JSON.
fn json(arguments: &[&str]) -> serde_json::Value {
    serde_json::from_slice(&vedette(arguments).stdout).unwrap()
}

/// A configuration file of this test alone.
fn file(name: &str, content: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path.display().to_string()
}

fn pool(url: &str) -> String {
    format!("[[pool]]\nname = \"shop\"\n[[pool.origin]]\nname = \"primary\"\nurl = \"{url}\"\n")
}

/// An origin that gives the same answer once.
fn origin(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        if let Ok((mut socket, _)) = listener.accept() {
            let _ = socket.read(&mut [0; 4096]);
            let _ = socket.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}")
}

#[test]
fn the_sample_configuration_is_good_and_explained() {
    let output = vedette(&["check", "vedette.toml"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", text(&output.stderr));
    for part in [
        "vedette.toml: good",
        "shop/primary",
        "weur",
        "detection on plan free",
        "a day on plan free, the plan of this file",
        "a day on plan paid",
        "a month of such days",
        "shop.localhost/",
        "to shop, priority; 1s each, 3 at most within 30s",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn every_problem_is_printed_and_the_exit_code_is_1() {
    let bad = file("bad.toml", "plan = \"gratis\"\n[[pool]]\nname = \"shop\"\nintervall = \"1s\"\n");
    let output = vedette(&["check", &bad]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("plan:") && said.contains("did you mean \"interval\"?"), "{said}");
    let json: serde_json::Value =
        serde_json::from_slice(&vedette(&["check", &bad, "--json"]).stdout).unwrap();
    assert_eq!(json["good"], false);
    assert!(json["problems"].as_array().is_some_and(|problems| problems.len() >= 2), "{json}");
}

/// A pipe that nobody reads any more.
fn unread() -> std::io::PipeWriter {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer
}

#[test]
fn a_reader_that_leaves_ends_it_without_a_word() {
    let bad = file("unread.toml", "plan = \"gratis\"\n");
    for arguments in [
        &["check", "vedette.toml"][..],
        &["check", "vedette.toml", "--json"],
        &["compile", "vedette.toml"],
        &["check", &bad, "--json"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vedette"));
        let output = command.args(arguments).stdout(unread()).output().unwrap();
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(141), ""), "{arguments:?}");
    }
    // Its complaints are what nobody reads.
    let mut command = Command::new(env!("CARGO_BIN_EXE_vedette"));
    assert_eq!(command.args(["check", &bad]).stderr(unread()).status().unwrap().code(), Some(141));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told_and_ends_with_2() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_vedette"));
    let output = command.args(["compile", "vedette.toml"]).stdout(full).output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.starts_with("cannot write the output: "), "{said}");
}

#[test]
fn a_file_that_is_not_named_is_the_one_of_the_folder() {
    let named = vedette(&["check", "vedette.toml"]);
    assert_eq!(vedette(&["check"]).stdout, named.stdout);
    let elsewhere = Command::new(env!("CARGO_BIN_EXE_vedette"))
        .arg("check")
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .output()
        .unwrap();
    assert_eq!(elsewhere.status.code(), Some(2));
    assert!(text(&elsewhere.stderr).starts_with("cannot read vedette.toml: "), "{}", text(&elsewhere.stderr));
}

#[test]
fn a_call_that_is_not_understood_ends_with_2() {
    for arguments in [
        &["check", "vedette.toml", "other.toml"][..],
        &["check", "/nowhere/vedette.toml"],
        &["probe", "vedette.toml"],
        &["init"],
        &["fly"],
        &["probe", "vedette.toml", "shop/nope"],
    ] {
        assert_eq!(vedette(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_file_in_another_encoding_is_refused_with_the_one_to_use() {
    let utf16: Vec<u8> = "\u{feff}plan = \"free\"".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("utf16.toml");
    std::fs::write(&path, utf16).unwrap();
    let output = vedette(&["check", &path.display().to_string()]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("utf16.toml") && said.contains("save it as UTF-8"), "{said}");
}

#[test]
fn origins_on_this_machine_are_not_deployed() {
    let output = vedette(&["check", "vedette.toml", "--deploy"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr)
            .contains("pool.shop.origin.primary: its url http://127.0.0.1:9101 is this machine")
    );
}

#[test]
fn a_plan_that_cannot_carry_it_is_said_with_the_number() {
    let busy = file(
        "busy.toml",
        &format!("[defaults]\ninterval = \"1s\"\ntimeout = \"1s\"\n{}", pool("https://example.com")),
    );
    let output = vedette(&["check", &busy]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("\"free\" allows 100000 Durable Object requests a day"),
        "{}",
        text(&output.stderr)
    );
}

/// A file of ten origins on the free plan, at this interval, from so many of three vantages.
fn ten(name: &str, interval: &str, vantages: usize) -> String {
    let hints: Vec<&str> = ["weur", "enam", "apac"].into_iter().take(vantages).collect();
    let mut text =
        format!("[defaults]\ninterval = \"{interval}\"\nvantages = {hints:?}\n[[pool]]\nname = \"shop\"\n");
    for n in 0..10 {
        text += &format!("[[pool.origin]]\nname = \"o{n}\"\nurl = \"https://o{n}.example.com\"\n");
    }
    file(name, &text)
}

#[test]
fn the_nearest_configuration_that_fits_does_and_nothing_nearer() {
    let output = vedette(&["check", &ten("ten.toml", "5s", 3)]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    let (_, rest) = said.split_once("fits: interval = \"").unwrap();
    let seconds: u64 = rest.split_once("s\"").unwrap().0.parse().unwrap();
    assert!(said.contains("too many") && said.contains("plan = \"paid\", for $"), "{said}");
    let code =
        |interval: u64| vedette(&["check", &ten("near.toml", &format!("{interval}s"), 3)]).status.code();
    assert_eq!((code(seconds), code(seconds - 1)), (Some(0), Some(1)), "{said}");
}

#[test]
fn redirects_that_do_not_fit_into_one_invocation_split_its_tick() {
    let good = std::fs::read_to_string(ten("hops.toml", "60s", 1)).unwrap();
    let hops = |count: u32| {
        let name = format!("hops-{count}.toml");
        let path = file(
            &name,
            &good.replace("[defaults]\n", &format!("[defaults]\nprobe = {{ redirects = {count} }}\n")),
        );
        let output = vedette(&["check", &path, "--json"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let ticks = said["budget"]["vantages"][0]["ticks"].as_u64().unwrap();
        let caps = said["budget"]["free"]["caps"].as_array().unwrap();
        let used = caps.iter().find(|cap| cap["what"] == "subrequests of one invocation").unwrap();
        (ticks, used["used"].as_u64().unwrap())
    };
    // Ten origins: 50 requests fit into one invocation, and 110 take three.
    assert_eq!(hops(4), (1, 50));
    assert_eq!(hops(10), (3, 44));
}

#[test]
fn the_budget_is_told_in_json_too() {
    let output = vedette(&["check", &ten("json.toml", "30s", 3), "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let budget = &said["budget"];
    assert_eq!(budget["vantages"][0]["shards"], 1);
    assert_eq!(budget["free"]["a_day"][2]["what"], "Durable Object requests");
    assert_eq!(budget["free"]["a_day"][2]["limit"], 100_000);
    assert!(budget["free"]["fast_probes"].as_u64().is_some_and(|fast| fast > 1_000), "{said}");
    assert_eq!(budget["paid"]["a_month"][1]["normal"], "5.00");
    assert!(budget["detection"][0]["worst_ms"].as_u64() > budget["detection"][0]["best_ms"].as_u64());
}

#[test]
fn a_probe_explains_what_it_saw() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer-Timing: db;dur=3;desc=\"4\", \
                  render;dur=12.5\r\n\r\nok";
    let named = pool(&origin(answer)).replacen(
        "name = \"shop\"",
        "name = \"shop\"\nexpect.timings = [\"render\"]",
        1,
    );
    let good = file("good.toml", &named);
    let output = vedette(&["probe", &good, "shop/primary"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for part in [
        "status         200",
        "database calls 4",
        "timing render  12.5ms",
        "expect status               met",
        "evidence: pass",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let answer = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";
    let broken = file("broken.toml", &pool(&origin(answer)));
    let output = vedette(&["probe", &broken, "shop/primary"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stdout).contains("evidence: fail (status 500 is not expected)"),
        "{}",
        text(&output.stdout)
    );
}

const JOBS: &str = "heartbeat_secret = \"HEARTBEAT_KEY\"\n[[pool]]\nname = \"jobs\"\n\
                    origin = [{ name = \"nightly\", kind = \"heartbeat\", period = \"24h\" }]\n";

/// Runs `vedette heartbeat` with a secret.
fn heartbeat(job: &str, secret: Option<&str>, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vedette"));
    command.args(["heartbeat", &file(&format!("jobs-{}.toml", more.len()), JOBS), job]).args(more);
    command.env_remove("HEARTBEAT_KEY");
    if let Some(secret) = secret {
        command.env("HEARTBEAT_KEY", secret);
    }
    command.output().unwrap()
}

#[test]
fn the_address_of_a_heartbeat_is_printed_with_a_line_for_cron() {
    let secret = "0123456789abcdef-canary";
    let output = heartbeat("jobs/nightly", Some(secret), &["--base", "https://health.example.com/"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", text(&output.stderr));
    // printf 'vedette heartbeat v1 jobs/nightly' | openssl dgst -sha256 -hmac KEY -binary | basenc
    // --base64url
    let address =
        "https://health.example.com/v1/heartbeat/jobs.nightly.aDzkb1tcMGyRjjz2NX3Tdxx3R0iRBDGgkr7J1SZJxaY";
    assert_eq!(said.lines().next(), Some(address));
    assert!(said.lines().any(|line| line.starts_with("7 3 * * *") && line.ends_with(address)), "{said}");
    assert!(!said.contains(secret));
}

#[test]
fn a_heartbeat_without_its_secret_or_of_nobody_is_refused() {
    for (job, secret, code, why) in [
        ("jobs/nightly", None, 1, "the secret HEARTBEAT_KEY is not set"),
        ("jobs/nightly", Some("short-canary"), 1, "shorter than 16 bytes"),
        ("jobs/gone", Some("0123456789abcdef"), 2, "there are jobs/nightly"),
        ("nothing", None, 2, "there is no heartbeat of this name"),
    ] {
        let output = heartbeat(job, secret, &[]);
        assert_eq!(output.status.code(), Some(code), "{job}");
        let said = text(&output.stderr);
        assert!(said.contains(why) && !said.contains("canary"), "{said}");
    }
    let output = heartbeat("jobs/nightly", Some("0123456789abcdef"), &["--base", "health.example.com"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn check_lists_heartbeats() {
    let jobs = file("jobs.toml", JOBS);
    let said = text(&vedette(&["check", &jobs]).stdout);
    assert!(said.contains("jobs/nightly") && said.contains("heartbeat every 1day, 2h 24m grace"), "{said}");
    let said = json(&["check", &jobs, "--json"]);
    let listed =
        serde_json::json!([{ "subject": "jobs/nightly", "period_ms": 86_400_000, "grace_ms": 8_640_000 }]);
    assert_eq!((&said["heartbeats"], &said["channels"]), (&listed, &serde_json::json!([])));
}

fn channel(lines: &str) -> String {
    let pool = pool("https://shop.example.com");
    format!("{pool}\n[[notify]]\nname = \"ops\"\nkind = \"webhook\"\nsecret = \"NO_SUCH_KEY\"\n{lines}\n")
}

#[test]
fn a_test_message_needs_a_channel_and_its_secrets() {
    let good = file("channel.toml", &channel("url = \"https://hooks.example.com\""));
    let unknown = vedette(&["notify-test", &good, "nobody"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("there are ops"), "{}", text(&unknown.stderr));
    let unset = vedette(&["notify-test", &good, "ops"]);
    assert_eq!(unset.status.code(), Some(1));
    assert!(text(&unset.stderr).contains("NO_SUCH_KEY is not set"), "{}", text(&unset.stderr));
}

#[test]
fn a_test_message_is_explained() {
    for (answer, code, part) in [
        ("HTTP/1.1 204 No Content\r\n\r\n", 0, "taken: the receiver has it"),
        (
            "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n",
            1,
            "not taken: status 503, to be asked again in 30s",
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example\r\nContent-Length: 0\r\n\r\n",
            1,
            "redirects are not followed",
        ),
    ] {
        let good = file(&format!("told-{code}.toml"), &channel(&format!("url = \"{}\"", origin(answer))));
        let output = Command::new(env!("CARGO_BIN_EXE_vedette"))
            .args(["notify-test", &good, "ops"])
            .env("NO_SUCH_KEY", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            .output()
            .unwrap();
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn channels_are_listed_and_one_that_the_edge_cannot_reach_is_not_deployed() {
    let here = file("here.toml", &channel("url = \"http://127.0.0.1:9103\"\nafter = \"1m\"\nevery = \"4h\""));
    let said = text(&vedette(&["check", &here]).stdout);
    let line = "ops          webhook    fail, origin, recovered, watch, regressed of every pool, after 1m, again every 4h; at most 20 in 1h";
    assert!(said.contains(line), "{said}");
    let said = json(&["check", &here, "--json"]);
    let listed = serde_json::json!([{
        "name": "ops", "kind": "webhook", "on": ["fail", "origin", "recovered", "watch", "regressed"], "after_ms": 60_000, "every_ms": 14_400_000,
        "cap_messages": 20, "cap_within_ms": 3_600_000, "give_up_ms": 86_400_000,
    }]);
    assert_eq!((&said["channels"], &said["heartbeats"]), (&listed, &serde_json::json!([])));
    let plain = file("plain.toml", &channel("url = \"http://hooks.example.com\""));
    for (name, why) in [(&here, "is this machine"), (&plain, "is not https")] {
        let refused = vedette(&["check", name, "--deploy"]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(
            text(&refused.stderr).contains(&format!("notify.ops: its url {why}")),
            "{}",
            text(&refused.stderr)
        );
    }
}

#[test]
fn what_check_says_of_channels_and_heartbeats_is_no_address_and_no_secret() {
    let text_of = format!(
        "{JOBS}{}\n[[notify]]\nname = \"chat\"\nkind = \"slack\"\nurl = {{ secret = \"CHAT_URL\" }}\npools = [\"shop\"]\n",
        channel("url = \"https://hooks.example.com/canary\"")
    );
    let both = file("both.toml", &text_of);
    for arguments in [&["check", &both][..], &["check", &both, "--json"]] {
        let said = text(&vedette(arguments).stdout);
        assert!(said.contains("chat") && said.contains("slack") && said.contains("jobs/nightly"), "{said}");
        for hidden in
            ["hooks.example.com", "canary", "CHAT_URL", "NO_SUCH_KEY", "HEARTBEAT_KEY", "/v1/heartbeat"]
        {
            assert!(!said.contains(hidden), "{hidden}: {said}");
        }
    }
    let said = json(&["check", &both, "--json"]);
    assert_eq!(said["channels"][1]["pools"], serde_json::json!(["shop"]));
}

#[test]
fn a_monitor_goes_by_its_name_and_an_address_in_two_places_is_named() {
    let text_of = |url: &str| {
        format!(
            "heartbeat_secret = \"KEY\"\n[[monitor]]\nname = \"memo\"\nurl = \"{url}\"\nprobe = {{ path = \"/a?token=canary\" }}\n\
             [[monitor]]\nname = \"other\"\nurl = \"{url}\"\n\
             [[monitor]]\nname = \"backup\"\nkind = \"heartbeat\"\nperiod = \"24h\"\n\
             [[pool]]\nname = \"shop\"\nprobe = {{ path = \"/a?token=canary\" }}\n[[pool.origin]]\nname = \"primary\"\nurl = \"{url}\"\n"
        )
    };
    let shared = file("shared.toml", &text_of("https://memo.example.com"));
    let said = text(&vedette(&["check", &shared]).stdout);
    let line = "addresses in two places, each probed by itself\n  https://memo.example.com/a: monitor.memo, pool.shop.origin.primary\n";
    assert!(said.contains(line) && !said.contains("canary"), "{said}");
    assert!(said.contains("\n  memo  ") && said.contains("\n  backup  "), "{said}");
    assert_eq!(
        json(&["check", &shared, "--json"])["shared_addresses"],
        serde_json::json!([{
            "address": "https://memo.example.com/a",
            "at": ["monitor.memo", "pool.shop.origin.primary"]
        }])
    );
    let url = origin("HTTP/1.1 204 No Content\r\n\r\n");
    let probed = vedette(&["probe", &file("probed.toml", &text_of(&url)), "other"]);
    assert_eq!(probed.status.code(), Some(0), "{}", text(&probed.stderr));
    let unknown = vedette(&["probe", &shared, "shop"]);
    assert!(
        text(&unknown.stderr).contains("there are memo, other, shop/primary"),
        "{}",
        text(&unknown.stderr)
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_vedette"));
    let beat =
        command.args(["heartbeat", &shared, "backup"]).env("KEY", "0123456789abcdef").output().unwrap();
    let said = text(&beat.stdout);
    assert!(
        said.contains("/v1/heartbeat/backup.backup.") && said.contains("# backup: at least every 1day"),
        "{said}"
    );
}

#[test]
fn check_says_who_may_see_what() {
    let one = "[[monitor]]\nname = \"a\"\nurl = \"https://a.example\"\n";
    let hidden = "[[monitor]]\nname = \"b\"\nurl = \"https://b.example\"\npublic = false\n";
    let jwt = "jwt_issuer = \"https://t.example\"\njwt_audience = \"x\"\njwt_admins = \"ada@a.example\"\n";
    for (name, text, said) in [
        ("open.toml", one.to_owned(), "  open to anybody: page, health, signal, readiness, api, metrics\n"),
        (
            "closed.toml",
            format!("{one}{hidden}[access]\nread_tokens = \"READ\"\nmetrics = \"public\"\n"),
            "  open to anybody: page, health, signal, metrics\n  needs a token: readiness, api\n  hidden without a token: b\n",
        ),
        (
            "both.toml",
            format!(
                "{one}[access]\nadmin_tokens = \"ADMIN\"\npage = \"read\"\nhealth = \"read\"\nsignal = \"read\"\n{jwt}"
            ),
            "  open to anybody: nothing of it\n  needs a token or a JWT of Cloudflare Access: page, health, signal, readiness, api, \
             metrics\n  may write: whoever has a token of admin_tokens, and 1 of jwt_admins\n",
        ),
    ] {
        let output = vedette(&["check", &file(name, &text)]);
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains(said), "{name}: {printed}");
    }
}
