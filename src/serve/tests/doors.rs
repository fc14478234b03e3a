//! Every row of the route table has a door, and what is behind it is shown to nobody else.

use super::*;
use crate::access::Identity;
use crate::config::{Door, Tier as Needed};
use crate::serve::{PATHS, Posted};
use crate::units::Who;
use crate::writes::{Announcement, Level};

const VEILED: &str = r#"
[[monitor]]
name = "shown"
url = "https://a.example"
[[monitor]]
name = "veiled"
title = "Unseen"
group = "Behind"
url = "https://b.example"
public = false
[access]
read_tokens = "READ"
"#;

fn known(tier: Needed) -> Caller {
    Caller::Known(Identity { name: Who::parse("ada").unwrap(), tier })
}

/// The patterns of `find` in the source of the table, as paths.
fn patterns() -> Vec<String> {
    let source = include_str!("../table.rs");
    let arms = source.lines().map(str::trim).filter(|line| line.starts_with('[') && line.contains("] =>"));
    let path = |line: &str| {
        let arm = line.split("] =>").next().unwrap_or_default().trim_start_matches('[');
        let parts = arm.split(", ").map(|part| match part.strip_prefix('"') {
            Some(word) => word.trim_end_matches('"').to_owned(),
            None => format!("{{{part}}}"),
        });
        format!("/{}", parts.collect::<Vec<_>>().join("/"))
    };
    // What is refused wherever it is is no row.
    arms.filter(|line| !line.contains("return Err")).map(path).collect()
}

/// Whether a path is of something that is done to what stands before it.
fn is_done(path: &str) -> bool {
    ["/notes", "/applied", "/closed", "/purge"].iter().any(|end| path.ends_with(end))
}

#[test]
fn every_row_of_the_table_is_listed_and_has_a_door() {
    assert_eq!(patterns(), PATHS, "a path that find matches is not in PATHS");
    let config = config(VEILED);
    for path in PATHS {
        let target = path
            .replace("{pool}", "shown")
            .replace("{origin}", "shown")
            .replace("{token}", "x")
            .replace("{badge}", "shown.svg");
        let posts = path == "/sign-out" || path.starts_with("/v1/heartbeat") || is_done(path);
        let method = if posts { "POST" } else { "GET" };
        let found = table::find(&Ask { method, ..ask(&target) }).unwrap_or_else(|_| panic!("{path}"));
        let tier = match found.door() {
            Door::Api | Door::Metrics => Needed::Read,
            Door::Writes => Needed::Admin,
            Door::Hall | Door::Page | Door::Status | Door::Health | Door::Signal | Door::Readiness => {
                Needed::Public
            }
        };
        assert_eq!(config.access.tier(found.door()), tier, "{path}");
    }
    let verbose = table::find(&ask("/readyz?verbose")).unwrap();
    assert_eq!(config.access.tier(verbose.door()), Needed::Read);
}

/// What is answered to a caller, of a snapshot of everything.
fn told(target: &str, caller: &Caller) -> Answer {
    let config = config(VEILED);
    let snapshot = Snapshot::blank(&config, at(0), "nothing yet");
    let ask = Ask { caller: Some(caller), ..ask(target) };
    answer_to(plan(Ok(&config), &ask), |view| {
        let basis = Basis { config: &config, ..basis(&snapshot, at(0)) };
        let answer = answer(view, &ask, &basis);
        let kept = kept(view, &ask, &basis, &answer);
        assert!(kept.is_none() || *caller == Caller::Nobody, "{view:?} is given again to all");
        answer
    })
}

#[test]
fn what_is_hidden_is_left_out_for_the_public_and_there_for_readers() {
    for target in ["/", "/status", "/feed.atom", "/health", "/health?format=text"] {
        let public = told(target, &Caller::Nobody);
        assert!(!public.body.contains("veiled") && !public.body.contains("Behind"), "{target}");
        assert_eq!(header(&public, "vary"), Some("authorization, cookie, cf-access-jwt-assertion"));
        for tier in [Needed::Read, Needed::Admin] {
            let all = told(target, &known(tier));
            assert!(
                all.body.contains("veiled") || target.contains("text") || target.contains("feed"),
                "{target}"
            );
            assert_eq!(header(&all, "access-control-allow-origin"), None);
            assert_eq!(header(&all, "cache-control"), Some("no-store"));
        }
    }
    for path in [
        "/health/NAME",
        "/health/NAME/NAME",
        "/route/NAME",
        "/v1/stream/NAME",
        "/v1/history/NAME/NAME",
        "/v1/availability/NAME",
        "/pool/NAME",
        "/pool/NAME/NAME",
        "/monitor/NAME",
        "/incidents?pool=NAME",
        "/incident/NAME-mkz3k0q8",
        "/badge/NAME.svg",
        "/badge/NAME.json",
    ] {
        let one = |name: &str| told(&path.replace("NAME", name), &Caller::Nobody);
        assert_eq!(one("veiled"), one("absent"), "{path}");
    }
}

#[test]
fn what_the_public_sees_is_the_same_whether_it_was_made_before_or_is_made_now() {
    let config = config(VEILED);
    let snapshot = Snapshot::blank(&config, at(0), "nothing yet");
    let made = public(&snapshot, &config).expect("something is hidden");
    assert!(made.pools.iter().all(|pool| pool.name.as_str() == "shown") && !made.pools.is_empty());
    assert_eq!(public(&made, &config), None, "there is nothing hidden in it");
    for caller in [Caller::Nobody, known(Needed::Read)] {
        for target in ["/", "/health", "/health/shown", "/readyz"] {
            let ask = Ask { caller: Some(&caller), ..ask(target) };
            let by = |public| {
                answer_to(plan(Ok(&config), &ask), |view| {
                    answer(view, &ask, &Basis { config: &config, public, ..basis(&snapshot, at(0)) })
                })
            };
            assert_eq!(by(Some(&made)), by(None), "{target} for {caller:?}");
        }
    }
}

#[test]
fn who_asks_is_looked_at_only_where_it_matters() {
    let plain = config("[[monitor]]\nname = \"a\"\nurl = \"https://a.example\"\n");
    let veiled = config(VEILED);
    for target in ["/", "/health", "/health/shown", "/readyz", "/livez", "/style.css", "/sign-in"] {
        assert_ne!(plan(Ok(&plain), &ask(target)), Plan::Who, "{target}");
    }
    for target in ["/", "/health", "/health/absent", "/readyz?verbose"] {
        assert_eq!(plan(Ok(&veiled), &ask(target)), Plan::Who, "{target}");
    }
    for target in ["/livez", "/readyz", "/style.css"] {
        assert_ne!(plan(Ok(&veiled), &ask(target)), Plan::Who, "{target}");
    }
    assert_eq!(veiled.access.tier(Door::Hall), Needed::Public);
}

#[test]
fn a_worst_that_is_hidden_makes_nothing_worse_for_the_public() {
    let config = config(VEILED);
    let mut snapshot = Snapshot::blank(&config, at(0), "nothing yet");
    for (view, status) in snapshot.pools.iter_mut().zip([Status::Pass, Status::Fail]) {
        for origin in &mut view.origins {
            (origin.status, origin.valid_until, origin.oldest) = (status, at(45_000), Some(at(0)));
        }
    }
    let code = |caller: &Caller| {
        let ask = Ask { caller: Some(caller), ..ask("/health") };
        let basis = Basis { config: &config, ..basis(&snapshot, at(0)) };
        answer_to(plan(Ok(&config), &ask), |view| answer(view, &ask, &basis)).status
    };
    assert_eq!((code(&Caller::Nobody), code(&known(Needed::Read))), (200, 503));
}

/// What a writer asks to be changed, by the status that refuses it; 0 if it is taken.
fn asked(method: &str, tier: Needed, posted: &Posted) -> u16 {
    let caller = known(tier);
    let ask = Ask { method, caller: Some(&caller), ..ask("/v1/announcement") };
    let closed = config(&VEILED.replace("read_tokens", "admin_tokens = \"ADMIN\"\nread_tokens"));
    let plan = plan(Ok(&closed), &ask);
    if plan == Plan::Write {
        return write(&ask, posted, &closed, at(0)).map_or_else(|answer| answer.status, |_| 0);
    }
    answer_to(plan, |view| panic!("{view:?}")).status
}

#[test]
fn a_change_is_taken_from_a_writer_alone_in_the_right_form() {
    let good = Posted {
        url: "https://a.example/v1/announcement".into(),
        kind: Some("application/json; charset=utf-8".into()),
        body: Some("{\"title\":\"a\"}".into()),
        ..Posted::default()
    };
    let with = |body: &str| Posted { body: Some(body.to_owned()), ..good.clone() };
    let table = [
        (0, good.clone()),
        (0, Posted { origin: Some("https://a.example".into()), ..good.clone() }),
        (403, Posted { origin: Some("https://b.example".into()), ..good.clone() }),
        (403, Posted { site: Some("cross-site".into()), ..good.clone() }),
        (413, Posted { body: None, ..good.clone() }),
        (408, Posted { body: None, late: true, ..good.clone() }),
        (415, Posted { kind: Some("text/plain".into()), ..good.clone() }),
        (415, Posted { kind: None, ..good.clone() }),
        (400, Posted { key: Some("k".repeat(256)), ..good.clone() }),
        (400, Posted { if_match: Some(String::new()), ..good.clone() }),
        (422, with("")),
        (422, with("[]")),
        (422, with("{\"title\":1}")),
        (422, with("{\"title\":\"a\",\"html\":\"b\"}")),
        (422, with("{\"title\":\"a\",\"level\":\"fatal\"}")),
        (422, with("{\"title\":\"a\\u202eb\"}")),
    ];
    for (status, posted) in table {
        assert_eq!(asked("PUT", Needed::Admin, &posted), status, "{posted:?}");
        assert_eq!(asked("PUT", Needed::Read, &posted), 403, "{posted:?}");
    }
    assert_eq!(asked("DELETE", Needed::Admin, &Posted { body: Some(String::new()), ..good.clone() }), 0);
    assert_eq!(asked("POST", Needed::Admin, &good), 405);
}

#[test]
fn what_is_announced_is_text_on_the_page_until_it_ends() {
    let config = config(VEILED);
    let mut snapshot = Snapshot::blank(&config, at(0), "nothing yet");
    snapshot.announcement = Some(Announcement {
        title: "Tonight <b>".into(),
        text: "one\n<script>two".into(),
        level: Level::Warn,
        since: at(0),
        until: Some(at(1_000)),
        version: 7,
    });
    let page = |now| {
        let ask = Ask { caller: Some(&Caller::Nobody), ..ask("/") };
        let basis = Basis { config: &config, ..basis(&snapshot, now) };
        answer(&View::Page, &ask, &basis).body
    };
    assert!(page(at(0)).contains("Tonight &lt;b&gt;") && page(at(0)).contains("&lt;script&gt;two"));
    assert!(!page(at(1_000)).contains("Tonight"));
    let told = |now| {
        let caller = known(Needed::Read);
        let ask = Ask { caller: Some(&caller), ..ask("/v1/announcement") };
        let target = View::Announcement;
        answer(&target, &ask, &Basis { config: &config, ..basis(&snapshot, now) })
    };
    assert_eq!((told(at(0)).status, header(&told(at(0)), "etag")), (200, Some("\"7\"")));
    assert_eq!(told(at(1_000)).status, 404);
}

#[test]
fn who_wrote_a_note_is_asked_for_readers_alone() {
    let config = config(VEILED);
    for (caller, all) in [(Caller::Nobody, false), (known(Needed::Read), true)] {
        for target in ["/incidents", "/incident/shown-mkz3k0q8"] {
            let ask = Ask { caller: Some(&caller), ..ask(target) };
            let Plan::FromSnapshot(view) = plan(Ok(&config), &ask) else { panic!("{target} is no page") };
            let questions = asks(&view, &config, at(0));
            assert!(!questions.is_empty() && questions.iter().all(|asked| asked.all == all), "{target}");
        }
    }
}
