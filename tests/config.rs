//! The configuration through its public door: what is refused and in which words, what good files
//! mean, and the laws that hold for every text.
//!
//! `tests/config/bad/*.toml` stand beside the exact report that each must get; `UPDATE_EXPECT=1`
//! writes the reports anew, to be read before they are committed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that fails is what a panic is for")]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use vedette::config::{
    Cap, ChannelKind, Config, MAX_BYTES, Method, Origin, Pace, Place, Plan, ProbeValue, Quorum, Retention,
    Route, StatusRange, Steering, Thresholds, Topic, Window,
};
use vedette::units::{Millis, Name, Ratio};

const EXAMPLE: &str = include_str!("config/good/example.toml");

// Bad files.

#[test]
fn every_bad_file_gets_its_report() {
    let files = files("bad");
    assert!(files.len() >= 60, "only {} files", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let said = report(&fs::read_to_string(&file).unwrap());
        let beside = file.with_extension("txt");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&beside, &said).unwrap();
        } else if fs::read_to_string(&beside).unwrap_or_default() != said {
            wrong.push(format!("{}:\n{said}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "reports differ; see UPDATE_EXPECT above\n{}", wrong.join("\n"));
}

fn report(text: &str) -> String {
    format!("{}\n", Config::parse(text).unwrap_err())
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config").join(folder);
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    files.sort();
    files
}

// Good files.

fn good(name: &str) -> Config {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/good").join(format!("{name}.toml"));
    let read = Config::parse(&fs::read_to_string(file).unwrap());
    read.unwrap_or_else(|problems| panic!("{name}.toml is refused:\n{problems}"))
}

fn origin<'a>(config: &'a Config, pool: &str, name: &str) -> &'a Origin {
    let origins = &config.pool(pool).unwrap().origins;
    origins.iter().find(|origin| origin.id.origin.as_str() == name).unwrap()
}

fn vantages(origin: &Origin) -> Vec<&str> {
    origin.vantages.iter().map(vedette::units::Name::as_str).collect()
}

const fn s(seconds: u64) -> Millis {
    Millis::from_secs(seconds)
}

#[test]
fn what_is_not_said_of_history_is_usual_but_no_longer_than_a_coarser_step() {
    let kept = |table: &str| {
        let text = format!("{table}\n[[monitor]]\nname = \"shop\"\nurl = \"https://shop.example\"\n");
        let config = Config::parse(&text).unwrap();
        let Retention { minutes, hours, days } = config.history;
        (config.hash, [minutes, hours, days].map(|kept| kept.as_secs() / 3_600))
    };
    let (usual, all) = kept("");
    assert_eq!(all, [48, 35 * 24, 400 * 24]);
    assert_eq!(kept("[history]\nminutes = \"48h\"\nhours = \"35d\"\ndays = \"400d\""), (usual, all));
    assert_eq!(kept("[history]\nminutes = \"6h\"").1, [6, 35 * 24, 400 * 24]);
    assert_eq!(kept("[history]\ndays = \"1d\"").1, [24, 24, 24]);
    assert_ne!(kept("[history]\ndays = \"399d\"").0, usual, "another configuration");
}

#[test]
fn every_good_file_is_read() {
    for file in files("good") {
        let read = Config::parse(&fs::read_to_string(&file).unwrap());
        assert!(read.is_ok(), "{}:\n{}", file.display(), read.unwrap_err());
    }
}

#[test]
fn a_byte_order_mark_is_read_past_where_the_file_begins() {
    assert_eq!(Config::parse(&format!("\u{feff}{EXAMPLE}")).unwrap(), good("example"));
}

#[test]
fn the_example_of_the_design_means_what_it_says() {
    let config = good("example");
    assert_eq!(config.plan, Plan::Free);
    assert_eq!(config.arbiter_location.as_str(), "weur");
    let names: Vec<_> = config.vantages.iter().map(|vantage| vantage.name.as_str()).collect();
    assert_eq!(names, ["weur", "enam", "apac"]);
    assert!(config.vantages.iter().all(|vantage| matches!(vantage.place, Place::Hint(_))));

    let [shop] = config.pools.as_slice() else { panic!("one pool") };
    assert_eq!(shop.name.as_str(), "shop");
    assert_eq!((shop.quorum, shop.min_votes, shop.vote_ttl), (Quorum::Majority, 2, s(45)));
    assert_eq!((shop.hold_down, shop.failback_delay, shop.panic), (s(10), s(60), Ratio::percent(50)));
    assert_eq!((shop.expose_urls, shop.cert_warn), (true, Some(s(14 * 86_400))));

    let (primary, standby) = (origin(&config, "shop", "primary"), origin(&config, "shop", "standby"));
    assert_eq!(primary.id.to_string(), "shop/primary");
    assert_eq!(primary.url.to_string(), "http://127.0.0.1:9101");
    assert_eq!((primary.priority, standby.priority, primary.weight), (0, 1, 1));
    let pace = Pace {
        interval: s(10),
        fast_interval: s(2),
        down_interval: s(10),
        timeout: s(3),
        rest_interval: None,
    };
    assert_eq!(primary.pace, pace);
    assert_eq!(
        primary.thresholds,
        Thresholds { fall: 3, rise: 2, window: Some(Window { failures: 3, of: 5 }) }
    );
    assert_eq!(
        (primary.probe.method, primary.probe.path.as_str(), primary.probe.redirects),
        (Method::Get, "/health", 0)
    );
    let secret = ProbeValue::Secret("PROBE_TOKEN".to_owned());
    assert_eq!(primary.probe.headers.get("authorization"), Some(&secret));
    assert_eq!(primary.expect.status, [StatusRange { first: 200, last: 299 }]);
    assert_eq!(primary.expect.body_contains.as_deref(), Some("\"ok\":true"));
    assert_eq!(primary.expect.json.get("/ok"), Some(&"true".to_owned()));
    assert_eq!(primary.expect.headers.get("content-type").map(String::as_str), Some("json"));
    assert_eq!((primary.expect.max_latency, primary.expect.max_db_calls), (Some(Millis::new(800)), Some(20)));
    assert_eq!(primary.expect.max_db_time, Some(Millis::new(500)));
    assert_eq!((&primary.probe, &primary.expect), (&standby.probe, &standby.expect));

    let [route] = config.routes.as_slice() else { panic!("one route") };
    assert_eq!(
        (route.host.as_str(), route.path.as_str(), route.pool.as_str()),
        ("shop.localhost", "/", "shop")
    );
    assert_eq!(route.steering, Steering::Priority);
    assert_eq!(config.not_active, ["vantage.sao.service", "pool.shop.cert_warn"]);
    assert_eq!(config.loopback_origins().count(), 2);
}

#[test]
fn what_is_not_written_has_the_defaults_of_the_design() {
    let config = good("minimal");
    assert_eq!((config.plan, config.arbiter_location.as_str()), (Plan::Free, "weur"));
    let pool = config.pool("api").unwrap();
    assert_eq!((pool.quorum, pool.min_votes, pool.vote_ttl), (Quorum::Majority, 1, s(45)));
    assert_eq!((pool.hold_down, pool.failback_delay, pool.panic), (Millis::ZERO, Millis::ZERO, None));
    assert_eq!((pool.expose_urls, pool.cert_warn), (false, None));
    let one = origin(&config, "api", "one");
    assert_eq!((one.priority, one.weight, vantages(one)), (0, 1, vec!["weur"]));
    assert_eq!(
        one.pace,
        Pace {
            interval: s(10),
            fast_interval: s(2),
            down_interval: s(10),
            timeout: s(3),
            rest_interval: None
        }
    );
    assert_eq!(one.thresholds, Thresholds { fall: 3, rise: 2, window: None });
    assert_eq!((one.probe.method, one.probe.path.as_str(), one.probe.redirects), (Method::Get, "/", 0));
    assert!(one.probe.headers.is_empty() && one.expect.json.is_empty() && one.expect.headers.is_empty());
    assert_eq!(one.expect.status, [StatusRange { first: 200, last: 299 }]);
    assert_eq!(
        (&one.expect.body_contains, one.expect.max_latency, one.expect.max_db_calls),
        (&None, None, None)
    );
    assert!(config.not_active.is_empty() && config.routes.is_empty());
    assert_eq!(config.loopback_origins().count(), 0);
}

#[test]
fn settings_are_inherited_and_tables_key_by_key() {
    let config = good("inheritance");
    let inherits = origin(&config, "shop", "inherits");
    assert_eq!(
        inherits.pace,
        Pace {
            interval: s(30),
            fast_interval: s(2),
            down_interval: s(30),
            timeout: s(2),
            rest_interval: None
        }
    );
    assert_eq!((inherits.thresholds.fall, inherits.thresholds.rise), (5, 2));
    assert_eq!(vantages(inherits), ["weur", "enam", "apac"]);
    assert_eq!((inherits.probe.method, inherits.probe.path.as_str()), (Method::Get, "/health"));
    let text = |text: &str| Some(ProbeValue::Text(text.to_owned()));
    assert_eq!(inherits.probe.headers.get("accept").cloned(), text("application/json"));
    assert_eq!(inherits.probe.headers.get("x-team").cloned(), text("shop"));
    assert_eq!(inherits.expect.json.get("/ok"), Some(&"true".to_owned()));
    assert_eq!(inherits.expect.json.get("/db"), Some(&r#"{"ports":[1,2.5,"x"],"up":true}"#.to_owned()));
    let codes = [StatusRange { first: 200, last: 299 }, StatusRange { first: 304, last: 304 }];
    assert_eq!(inherits.expect.status, codes);

    assert_eq!(inherits.expect.timings, ["render", "Queue"]);

    let differs = origin(&config, "shop", "differs");
    assert!(differs.expect.timings.is_empty(), "a list is replaced as a whole");
    assert_eq!(
        differs.pace,
        Pace {
            interval: s(1),
            fast_interval: s(1),
            down_interval: s(90),
            timeout: s(1),
            rest_interval: None
        }
    );
    let window = Some(Window { failures: 3, of: 5 });
    assert_eq!(differs.thresholds, Thresholds { fall: 1, rise: 1, window });
    assert_eq!(vantages(differs), ["oc"]);
    assert_eq!((differs.probe.method, differs.probe.path.as_str()), (Method::Get, "/live?deep=1"));
    let names: Vec<_> = differs.probe.headers.keys().map(String::as_str).collect();
    assert_eq!(names, ["accept", "authorization", "x-team"]);
    assert_eq!(differs.expect.status, [StatusRange { first: 204, last: 204 }]);
    assert_eq!(differs.expect.json.get("/ok"), Some(&"false".to_owned()));
    assert_eq!(differs.expect.json.len(), 2);
    assert_eq!(differs.expect.headers.get("content-type").map(String::as_str), Some("json"));

    // The pool says 30s; votes of `differs` are renewed after 90s and 1s while it is down.
    assert_eq!(config.pool("shop").unwrap().vote_ttl, s(3 * 90 + 1));
    assert_eq!(config.pool("shop").unwrap().min_votes, 1);
    assert_eq!(config.pool("plain").unwrap().vote_ttl, s(3 * 30 + 2));
    assert_eq!(config.pool("plain").unwrap().min_votes, 2);
    let plain = origin(&config, "plain", "inherits");
    assert_eq!((plain.thresholds.fall, plain.probe.headers.get("x-team").cloned()), (3, text("edge")));
    let names: Vec<_> = config.vantages.iter().map(|vantage| vantage.name.as_str()).collect();
    assert_eq!(names, ["weur", "enam", "apac", "oc"]);
}

#[test]
fn addresses_have_one_spelling() {
    let config = good("addresses");
    let urls: Vec<_> = config.origins().map(|origin| origin.url.to_string()).collect();
    let expected = [
        "https://shop.example.com",
        "http://shop.example.com:8080/app/v1",
        "http://192.0.2.1",
        "http://[2001:db8::1]:9101",
        "https://xn--bcher-kva.example",
        "http://shop.localhost:9101",
        "http://127.8.9.10",
        "http://[::1]",
        "http://[::ffff:127.0.0.1]",
    ];
    assert_eq!(urls, expected);
    let local: Vec<_> = config.loopback_origins().map(|origin| origin.id.origin.as_str()).collect();
    assert_eq!(local, ["local", "local-v4", "local-v6", "local-mapped"]);
}

#[test]
fn heartbeats_are_read_and_are_no_origins() {
    let config = good("heartbeats");
    assert_eq!(config.heartbeat_secret.as_deref(), Some("HEARTBEAT_KEY"));
    let jobs: Vec<_> = config.heartbeats().map(|job| (job.id.to_string(), job.period, job.grace)).collect();
    let nightly = ("jobs/nightly-backup".to_owned(), s(86_400), s(3_600));
    assert_eq!(jobs, [nightly, ("jobs/queue".to_owned(), s(60), s(60))]);
    assert_eq!(config.origins().map(|origin| origin.id.to_string()).collect::<Vec<_>>(), ["shop/primary"]);
    assert!(config.pools.iter().all(|pool| pool.is_of_heartbeats() == pool.origins.is_empty()));
    let rests: Vec<_> = config.heartbeats().map(vedette::config::Heartbeat::rest).collect();
    assert_eq!(rests, [s(60), s(3)]);
    let by_get: Vec<_> = config.heartbeats().map(|job| job.get).collect();
    assert_eq!(by_get, [false, true]);
}

#[test]
fn what_decides_a_heartbeat_changes_its_definition_and_the_hash() {
    let text = "heartbeat_secret = \"KEY\"\n[[pool]]\nname = \"jobs\"\n\
                origin = [{ name = \"a\", kind = \"heartbeat\", period = \"1h\", grace = \"5m\" }]";
    let of = |text: &str| {
        let config = Config::parse(text).unwrap();
        (config.hash, config.heartbeats().next().unwrap().definition)
    };
    let (hash, definition) = of(text);
    for (from, to, is_another) in [
        ("\"1h\"", "\"2h\"", true),
        ("\"5m\"", "\"6m\"", true),
        ("\"a\"", "\"b\"", false),
        ("KEY", "OTHER", false),
        ("\"5m\"", "\"5m\", get = true", false),
    ] {
        let (other_hash, other) = of(&text.replace(from, to));
        assert_ne!(other_hash, hash, "{to}");
        assert_eq!(other != definition, is_another, "{to}");
    }
    assert_eq!(hash.to_string(), "855d33240232367b", "running objects compare it across releases");
}

#[test]
fn monitors_and_what_people_read_are_read() {
    let config = good("monitors");
    let names: Vec<&str> = config.pools.iter().map(|pool| pool.name.as_str()).collect();
    assert_eq!(names, ["memo", "shop", "memo-us", "backup", "jobs"], "in the order of the file");
    let monitors: Vec<&str> =
        config.pools.iter().filter(|pool| pool.monitor).map(|pool| pool.name.as_str()).collect();
    assert_eq!(monitors, ["memo", "memo-us", "backup"]);
    let memo = config.pool("memo").unwrap();
    let about = &memo.about;
    assert_eq!(
        (about.title.as_deref(), about.group.as_deref(), about.description.as_deref()),
        (Some("Memo (EU)"), Some("Products"), Some("Notes and lists"))
    );
    assert_eq!(about.link.as_deref(), Some("https://memo.example.com/about?a=1#top"));
    assert_eq!(about.tags, ["team-a", "eu"]);
    let probed = origin(&config, "memo", "memo");
    assert_eq!((probed.pace.interval, vantages(probed)), (Millis::from_secs(60), vec!["paris", "enam"]));
    assert!(probed.about.is_empty(), "what people read of a monitor is the monitor's");
    assert_eq!(origin(&config, "shop", "primary").about.title.as_deref(), Some("Zürich"));
    assert_eq!(config.pool("jobs").unwrap().heartbeats[0].about.title.as_deref(), Some("Nightly report"));
    assert_eq!(config.pool("memo-us").unwrap().quorum, Quorum::Any);
    let backup = config.pool("backup").unwrap();
    assert_eq!(backup.heartbeats[0].id.to_string(), "backup/backup");
    assert_eq!(config.vantages[0].about.title.as_deref(), Some("Paris, France"));
    let told: Vec<&str> = config.notify[0].pools.iter().map(Name::as_str).collect();
    assert_eq!(told, ["shop", "memo", "backup"]);
    assert_eq!(config.notify[0].title.as_deref(), Some("The ones on call"));
    assert_eq!(config.groups(), ["仕事", "Products"]);
    assert_eq!(config.page.links[1].url, "mailto:help@example.com?subject=Status");
}

#[test]
fn what_people_read_changes_the_hash_and_no_vote() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/good/monitors.toml");
    let text = fs::read_to_string(file).unwrap();
    let config = Config::parse(&text).unwrap();
    let definitions = |config: &Config| -> Vec<_> {
        let heartbeats = config.heartbeats().map(|job| job.definition);
        config.origins().map(|origin| origin.definition).chain(heartbeats).collect()
    };
    for (from, to) in [
        ("Memo (EU)", "Memo (Europe)"),
        ("Notes and lists", "Notes"),
        ("about?a=1", "about"),
        ("\"team-a\", \"eu\"", "\"team-a\""),
        ("Zürich", "Genf"),
        ("Nightly report", "Report"),
        ("Paris, France", "Paris"),
        ("The ones on call", "On call"),
        ("Orchard status", "Orchard"),
        ("/logo.svg", "/logo.png"),
        ("\"Support\"", "\"Help\""),
        ("de-CH", "de"),
        ("Europe/Zurich", "UTC"),
        ("\"仕事\", \"Products\"]", "\"Products\"]"),
        ("[\"shop\", \"memo\"]", "[\"memo\", \"shop\"]"),
    ] {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        let edited = Config::parse(&text.replace(from, to)).unwrap();
        assert_ne!(edited.hash, config.hash, "{from}");
        assert_eq!(definitions(&edited), definitions(&config), "{from}");
    }
}

#[test]
fn the_example_of_forty_monitors_has_six_groups_and_fits_the_free_plan() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/forty-monitors.toml");
    let config = Config::parse(&fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(config.pools.iter().filter(|pool| pool.monitor).count(), 40);
    assert_eq!(config.pools.len(), 40);
    assert_eq!(config.groups().len(), 6);
    let excesses = vedette::budget::of(&config, Plan::Free).excesses();
    assert!(excesses.is_empty(), "{excesses:?}");
}

#[test]
fn quorums_vantages_and_routes_are_read() {
    let config = good("quorums");
    let quorums: Vec<_> = config.pools.iter().map(|pool| pool.quorum).collect();
    let share = Quorum::Share(Ratio::percent(60).unwrap());
    assert_eq!(quorums, [Quorum::Any, Quorum::Count(3), share, Quorum::Majority]);
    let min_votes: Vec<_> = config.pools.iter().map(|pool| pool.min_votes).collect();
    assert_eq!(min_votes, [2, 3, 1, 1]);
    let ttls: Vec<_> = config.pools.iter().map(|pool| pool.vote_ttl).collect();
    assert_eq!(ttls, [s(45), s(13), s(183), s(363)]);

    let places: Vec<_> =
        config.vantages.iter().map(|vantage| (vantage.name.as_str(), vantage.place.clone())).collect();
    let [(sao, Place::Service(binding)), (paris, Place::Hint(weur)), (enam, Place::Hint(_))] =
        places.as_slice()
    else {
        panic!("{places:?}")
    };
    assert_eq!(
        (*sao, binding.as_str(), *paris, weur.as_str(), *enam),
        ("sao", "PROBE_SAO", "paris", "weur", "enam")
    );
    assert_eq!(
        (config.plan, config.arbiter_location.as_str()),
        (Plan::Paid, "weur"),
        "the first that has a place"
    );

    let routes: Vec<_> = config.routes.iter().map(row).collect();
    assert_eq!(routes, ["* / any Priority", "shop.example.com /api share Hash"]);
    assert_eq!(config.not_active, ["vantage.sao.service", "route[1].steering"]);
}

fn row(route: &Route) -> String {
    format!("{} {} {} {:?}", route.host, route.path, route.pool, route.steering)
}

#[test]
fn a_file_has_a_bound() {
    let just = format!("{EXAMPLE}#{}", "x".repeat(MAX_BYTES - EXAMPLE.len() - 1));
    assert_eq!(just.len(), MAX_BYTES);
    assert!(Config::parse(&just).is_ok());
    assert_eq!(
        report(&format!("{just}x")),
        "the file has 1048577 bytes, over the bound of 1048576; write a logo by its path, or split the deployment\n"
    );
}

fn many(pools: usize, origins: usize) -> String {
    let origins = rows(origins, |n| format!("[[pool.origin]]\nname=\"o{n}\"\nurl=\"http://o{n}\"\n"));
    rows(pools, |n| format!("[[pool]]\nname=\"p{n}\"\n{origins}"))
}

fn rows(count: usize, row: impl Fn(usize) -> String) -> String {
    (0..count).map(row).collect::<Vec<_>>().concat()
}

#[test]
fn counts_have_bounds() {
    assert_eq!(Config::parse(&many(10, 1_000)).unwrap().origins().count(), 10_000);
    let over = "is over the bound of 10000 origins in all pools; split the deployment\n";
    assert!(report(&many(11, 1_000)).ends_with(over));
    assert_eq!(
        report(&many(1_001, 1)),
        "pool: is written 1001 times, monitors and pools together, over the bound of 1000; write fewer\n"
    );
    let routes = rows(1_001, |n| format!("[[route]]\npath=\"/{n}\"\npool=\"p0\"\n"));
    let routes = report(&format!("{}{routes}", many(1, 1)));
    assert_eq!(routes, "route: is written 1001 times, over the bound of 1000; write fewer\n");
    let vantages = rows(65, |n| format!("[[vantage]]\nname=\"v{n}\"\nhint=\"weur\"\n"));
    let vantages = report(&format!("{}{vantages}", many(1, 1)));
    assert_eq!(vantages, "vantage: is written 65 times, over the bound of 64; write fewer\n");
}

#[test]
fn a_report_has_a_bound() {
    // Beyond ten thousand nobody counts.
    let keys = rows(10_500, |n| format!("k{n} = 1\n"));
    let problems = Config::parse(&keys).unwrap_err();
    assert_eq!(problems.iter().count(), 501);
    assert!(problems.to_string().ends_with("at least 9500 more problems are not listed; mend these first"));
    let noise = "=\n".repeat(MAX_BYTES / 2);
    assert_eq!(Config::parse(&noise).unwrap_err().iter().count(), 1);
}

#[test]
fn a_report_is_a_list_for_machines() {
    let problems = Config::parse("[[pool]]\nname = \"shop\"\nfall = 0\n").unwrap_err();
    let json = serde_json::to_value(problems.iter().collect::<Vec<_>>()).unwrap();
    let list = serde_json::json!([
        { "at": "pool.shop.origin", "line": 1,
          "message": "is missing; write at least one [[pool.origin]] with a name and a url" },
        { "at": "pool.shop.fall", "line": 3,
          "message": "0 is out of bounds; write a whole number from 1 to 100" },
    ]);
    assert_eq!(json, list);
}

#[test]
fn no_report_and_no_debug_form_repeats_a_credential() {
    let bad = fs::read_to_string(
        files("bad").into_iter().find(|file| file.ends_with("credentials_in_url.toml")).unwrap(),
    );
    let bad = bad.unwrap();
    let problems = Config::parse(&bad).unwrap_err();
    assert!(!problems.to_string().contains("hunter2") && !format!("{problems:?}").contains("hunter2"));
    let strays = [
        "probe.headers = \"token hunter2\"",
        "probe.headers.a = { secret = 1 }",
        "authorization = Bearer hunter2",
    ];
    for stray in strays {
        let text = EXAMPLE.replace("priority = 0", stray);
        assert!(!report(&text).contains("hunter2"), "{stray}");
    }
}

// Fingerprints.

/// Edits of the example that change what it means; the second half also change what decides the
/// votes of `shop/primary`.
const MEANINGFUL: [(&str, &str); 20] = [
    ("\n[defaults]", "references = [\"https://reference.example\"]\n[defaults]"),
    ("plan = \"free\"", "plan = \"paid\""),
    ("arbiter_location = \"weur\"", "arbiter_location = \"enam\""),
    ("\"weur\", \"enam\", \"apac\"", "\"enam\", \"weur\", \"apac\""),
    ("max_db_calls = 20", "max_db_calls = 20, timings = [\"render\"]"),
    ("max_db_calls = 20", "max_db_calls = 20, timings = [\"render\", \"queue\"]"),
    ("quorum = \"majority\"", "quorum = \"all\""),
    ("quorum = \"majority\"", "quorum = 2"),
    ("min_votes = 2", "min_votes = 1"),
    ("vote_ttl = \"45s\"", "vote_ttl = \"46s\""),
    ("hold_down = \"10s\"", "hold_down = \"11s\""),
    ("failback_delay = \"60s\"", "failback_delay = \"61s\""),
    ("failback_delay = \"60s\"", "failback_delay = \"60s\"\nmax_hold = \"1m\""),
    ("panic = \"50%\"", "panic = \"51%\""),
    ("expose_urls = true", "expose_urls = false"),
    ("cert_warn = \"14d\"", ""),
    ("priority = 0", "priority = 2"),
    ("priority = 0", "weight = 2"),
    ("name = \"standby\"", "name = \"spare\""),
    ("steering = \"priority\"", "steering = \"latency\""),
];

/// Edits that change the votes of `shop/primary` as well.
const DECIDING: [(&str, &str); 25] = [
    ("\ninterval = \"10s\"", "\ninterval = \"11s\""),
    ("fast_interval = \"2s\"", "fast_interval = \"3s\""),
    ("down_interval = \"10s\"", "down_interval = \"12s\""),
    ("timeout  = \"3s\"", "timeout = \"4s\""),
    ("fall = 3", "fall = 4"),
    ("rise = 2", "rise = 3"),
    ("window = \"3/5\"", "window = \"3/6\""),
    ("window = \"3/5\"", ""),
    ("http://127.0.0.1:9101", "http://127.0.0.1:9103"),
    ("http://127.0.0.1:9101", "https://127.0.0.1:9101"),
    ("http://127.0.0.1:9101", "http://127.0.0.1:9101/app"),
    ("http://127.0.0.1:9101", "http://localhost:9101"),
    ("path = \"/health\"", "path = \"/live\""),
    ("redirects = 0", "redirects = 1"),
    ("secret = \"PROBE_TOKEN\"", "secret = \"OTHER_TOKEN\""),
    ("{ secret = \"PROBE_TOKEN\" }", "\"PROBE_TOKEN\""),
    ("authorization =", "x-authorization ="),
    ("200-299", "200-298"),
    ("\\\"ok\\\":true", "\\\"ok\\\":1"),
    ("\"/ok\" = true", "\"/ok\" = \"true\""),
    ("\"/ok\" = true", "\"/good\" = true"),
    ("\"json\"", "\"text\""),
    ("max_latency = \"800ms\"", "max_latency = \"801ms\""),
    ("max_db_calls = 20", "max_db_calls = 21"),
    ("max_db_time = \"500ms\"", "max_db_time = \"501ms\""),
];

fn edited(from: &str, to: &str) -> Config {
    assert!(EXAMPLE.contains(from), "{from}");
    Config::parse(&EXAMPLE.replacen(from, to, 1)).unwrap_or_else(|problems| panic!("{to}: {problems}"))
}

#[test]
fn every_meaningful_change_changes_the_hash() {
    let before = good("example");
    let mut seen = std::collections::BTreeSet::from([before.hash]);
    for (from, to) in MEANINGFUL {
        let after = edited(from, to);
        assert!(seen.insert(after.hash), "{from} → {to}");
        let definition = |config: &Config| origin(config, "shop", "primary").definition;
        assert_eq!(definition(&after), definition(&before), "{from} → {to}");
    }
}

#[test]
fn what_decides_the_votes_of_an_origin_changes_its_definition_and_the_hash() {
    let before = good("example");
    let mut hashes = std::collections::BTreeSet::from([before.hash]);
    let mut definitions = std::collections::BTreeSet::from([origin(&before, "shop", "primary").definition]);
    for (from, to) in DECIDING {
        let after = edited(from, to);
        assert!(hashes.insert(after.hash), "{from} → {to}");
        assert!(definitions.insert(origin(&after, "shop", "primary").definition), "{from} → {to}");
    }
}

#[test]
fn what_a_route_does_is_read_and_changes_the_hash() {
    let file = |settings: &str| {
        let pool = "[[pool]]\nname=\"p\"\n[[pool.origin]]\nname=\"a\"\nurl=\"https://a.example.com\"\n";
        Config::parse(&format!("{pool}[[route]]\npool=\"p\"\n{settings}")).unwrap()
    };
    let usual = file("");
    let route = &usual.routes[0];
    assert_eq!(
        (route.timeout, route.deadline, route.attempts),
        (Millis::from_secs(10), Millis::from_secs(30), 3)
    );
    let codes: Vec<_> = route.retry.status.iter().map(|range| (range.first, range.last)).collect();
    assert_eq!(codes, [(502, 504), (520, 526)]);
    assert_eq!(route.retry.methods, ["GET", "HEAD", "OPTIONS"]);
    assert_eq!(route.retry.budget.as_percent(), 20);
    assert!(
        !route.strip_prefix && !route.try_failing && route.stale_if_error.is_none() && route.answer.is_none()
    );
    // A deadline that is not written is never below a timeout that is.
    assert_eq!(file("timeout = \"1m\"").routes[0].deadline, Millis::from_secs(60));
    let settings = [
        "timeout = \"2s\"",
        "deadline = \"20s\"",
        "attempts = 1",
        "strip_prefix = true",
        "try_failing = true",
        "slow_start = \"1m\"",
        "stale_if_error = \"1h\"",
        "answer = { body = \"back soon\" }",
        "retry = { status = [\"500-599\"] }",
        "retry = { methods = [] }",
        "retry = { budget = \"5%\" }",
    ];
    let mut hashes: Vec<_> =
        settings.iter().map(|settings| file(settings).hash).chain([usual.hash]).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), settings.len() + 1, "each means something else");
    let answer = file("answer = { body = \"back soon\" }").routes[0].answer.clone().unwrap();
    assert_eq!((answer.status, answer.content_type.as_str()), (503, "text/plain; charset=utf-8"));
    assert_eq!(file("retry = { methods = [] }").routes[0].retry.methods.len(), 0);
}

#[test]
fn fingerprints_do_not_change_between_releases() {
    let config = good("example");
    assert_eq!(config.hash.to_string(), "72ede694b8bba0da");
    assert_eq!(origin(&config, "shop", "primary").definition.to_string(), "3b1079ad2d326a7f");
}

#[test]
fn the_same_meaning_in_another_order_and_spelling_has_the_same_hash() {
    let one = "[[pool]]\nname='a'\nfall=3\ninterval='60s'\norigin=[{name='o',url='HTTP://A:80/'}]";
    let other = "[defaults]\ninterval = \"1m\" # slow\n\n[[pool]]\nname = \"a\"\n\
        [[pool.origin]]\nurl = \"http://a\"\nname = \"o\"\n";
    assert_eq!(Config::parse(one).unwrap().hash, Config::parse(other).unwrap().hash);
}

#[test]
fn channels_are_read() {
    let config = good("notify");
    let [ops, chat] = &config.notify[..] else { panic!("{:?}", config.notify) };
    assert_eq!(
        (ops.kind, ops.url.clone()),
        (ChannelKind::Webhook, ProbeValue::Text("https://hooks.example.com/vedette/".into()))
    );
    assert_eq!(ops.secrets, ["OPS_KEY", "OPS_KEY_OLD"]);
    assert_eq!((ops.after, ops.every), (Millis::from_secs(60), Some(Millis::from_secs(4 * 3_600))));
    assert_eq!(ops.cap, Cap { messages: 10, within: Millis::from_secs(1_800) });
    assert!(ops.covers(&config.pools[0].name) && !ops.covers(&config.pools[1].name));
    assert_eq!((chat.kind, chat.url.clone()), (ChannelKind::Slack, ProbeValue::Secret("SLACK_URL".into())));
    assert_eq!(chat.on, [Topic::Fail, Topic::Origin, Topic::Recovered, Topic::Watch, Topic::Regressed]);
    assert_eq!((chat.after, chat.every, chat.give_up), (Millis::ZERO, None, Millis::from_secs(86_400)));
    assert!(chat.covers(&config.pools[1].name));
    assert_eq!(config.public_url.unwrap().to_string(), "https://status.example.com");
}

#[test]
fn every_meaningful_change_of_a_channel_changes_the_hash() {
    let text = include_str!("config/good/notify.toml");
    let mut seen = std::collections::BTreeSet::from([good("notify").hash]);
    for (from, to) in [
        ("status.example", "state.example"),
        ("\"ops\"", "\"opera\""),
        ("vedette/", "vedette"),
        ("[\"OPS_KEY\", \"OPS_KEY_OLD\"]", "\"OPS_KEY\""),
        ("\"fail\", \"warn\"", "\"fail\""),
        ("pools = [\"shop\"]", ""),
        ("after = \"1m\"", ""),
        ("every = \"4h\"", ""),
        ("10/30m", "11/30m"),
        ("10/30m", "10/31m"),
        ("give_up = \"6h\"", ""),
        ("SLACK_URL", "OTHER_URL"),
    ] {
        assert!(text.contains(from), "{from}");
        assert!(seen.insert(Config::parse(&text.replacen(from, to, 1)).unwrap().hash), "{from} → {to}");
    }
}

// Laws.

/// Texts that look like configurations: lines of good and bad files, mixed.
fn line_soup() -> impl Strategy<Value = String> {
    let texts = files("good").into_iter().chain(files("bad"));
    let texts: Vec<String> = texts.map(|file| fs::read_to_string(file).unwrap()).collect();
    let lines: Vec<String> = texts.iter().flat_map(|text| text.lines().map(str::to_owned)).collect();
    prop::collection::vec(prop::sample::select(lines), 0..40).prop_map(|lines| lines.join("\n"))
}

/// The example with a few characters replaced.
fn scratched() -> impl Strategy<Value = String> {
    let scratch = (0..EXAMPLE.len(), 0usize..6, "[\\x00-\\x7fäß\u{202e}]{0,4}");
    prop::collection::vec(scratch, 1..6).prop_map(|scratches| {
        let mut text: Vec<char> = EXAMPLE.chars().collect();
        for (at, length, new) in scratches {
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, new.chars());
        }
        text.into_iter().collect()
    })
}

/// A text is read, or refused in lines that a terminal can show and a reader can find.
fn read_or_refuse(text: &str) -> Result<(), TestCaseError> {
    if let Err(problems) = Config::parse(text) {
        prop_assert!(problems.iter().count() > 0);
        let lines = u32::try_from(text.lines().count() + 1).unwrap();
        for problem in &problems {
            let shown = problem.to_string();
            prop_assert!(!shown.chars().any(char::is_control), "{shown:?}");
            prop_assert!(shown.chars().count() < 1_500, "{shown}");
            prop_assert!(problem.line.is_none_or(|line| line >= 1 && line <= lines), "{shown}");
            prop_assert!(!problem.message.is_empty());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        read_or_refuse(&text)?;
    }

    #[test]
    fn any_mixture_of_lines_is_read_or_refused(text in line_soup()) {
        read_or_refuse(&text)?;
    }

    #[test]
    fn any_scratched_file_is_read_or_refused(text in scratched()) {
        read_or_refuse(&text)?;
    }

    #[test]
    fn any_value_anywhere_is_read_or_refused(
        key in prop::sample::select(vec![
            "interval", "timeout", "window", "vantages", "quorum", "vote_ttl", "panic", "probe.path",
            "probe.headers.a", "expect.status", "expect.json.\"/a\"", "expect.max_latency", "name",
        ]),
        value in prop_oneof![
            "[0-9]{1,30}",
            "[0-9]{1,4}\\.[0-9]{1,4}",
            "\"[ -~]{0,12}\"",
            "\"[0-9]{1,25}(ms|s|m|h|d|y|%)\"",
            "\\[[0-9, \"-]{0,8}\\]",
            Just("{}".to_owned()),
        ],
    ) {
        let origin = "[[pool.origin]]\nname = \"a\"\nurl = \"http://a\"";
        let text = format!("[[pool]]\n{key} = {value}\n{origin}\n{key} = {value}\n");
        read_or_refuse(&text)?;
    }

    #[test]
    fn any_address_is_read_in_one_spelling_or_refused(rest in "[a-c0-9.:/\\[\\]%_-]{0,24}") {
        let text = |url: &str| format!("[[pool]]\nname = 'p'\norigin = [{{ name = 'o', url = '{url}' }}]");
        if let Ok(config) = Config::parse(&text(&format!("http://{rest}"))) {
            let url = origin(&config, "p", "o").url.to_string();
            prop_assert!(url.parse::<http::Uri>().is_ok());
            let again = Config::parse(&text(&url)).unwrap();
            prop_assert_eq!(origin(&again, "p", "o").url.to_string(), url);
            prop_assert_eq!(again.hash, config.hash);
        }
    }

    #[test]
    fn comments_and_layout_do_not_change_the_hash(
        layout in prop::collection::vec((any::<prop::sample::Index>(), "#[ -~]{0,20}|[ \t]{0,4}"), 0..20),
        carriage in any::<bool>(),
    ) {
        let mut lines: Vec<String> = EXAMPLE.lines().map(str::to_owned).collect();
        for (at, line) in layout {
            lines.insert(at.index(lines.len() + 1), line);
        }
        let text = lines.join(if carriage { "\r\n" } else { "\n" });
        prop_assert_eq!(Config::parse(&text).unwrap().hash, good("example").hash);
    }
}
