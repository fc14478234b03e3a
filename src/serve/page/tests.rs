use std::sync::LazyLock;

use maud::Render;

use super::states::{self, State};
use super::text::Plain;
use super::*;
use crate::fixtures::from_memory;
use crate::reader::Source;
use crate::units::Millis;

static STATES: LazyLock<Vec<State>> = LazyLock::new(states::all);

mod changes;
mod customers;
mod elsewhere;
mod incidents;
mod monitors;

fn state(name: &str) -> &'static State {
    STATES.iter().find(|state| state.name == name).unwrap_or_else(|| panic!("no state {name}"))
}

/// What a page of a state is made of, beside what was told of the past.
fn basis<'a>(state: &'a State, config: &'a Config, past: &'a [Option<&'a str>]) -> Basis<'a> {
    Basis {
        snapshot: &state.snapshot,
        config,
        source: from_memory(),
        now: state.now,
        counts: &[],
        seen: &[],
        past,
        public: None,
    }
}

/// The page as whoever shows nothing sees it.
fn answer(snapshot: &Snapshot, config: &Config, silent: bool, now: Timestamp) -> Answer {
    let source = Source { silent, ..from_memory() };
    super::page(
        &Basis { snapshot, config, source, now, counts: &[], seen: &[], past: &[], public: None },
        None,
    )
}

fn page(state: &State) -> String {
    answer(&state.snapshot, &state.config, state.arbiter_silent, state.now).body
}

/// What a reader reads: the page without its tags and its head.
fn text(page: &str) -> String {
    let body = page.split_once("<body>").unwrap().1;
    let mut text = String::new();
    for part in body.split('<').skip(1) {
        text += part.split_once('>').unwrap().1;
    }
    text
}

fn sentence(name: &str) -> String {
    let page = page(state(name));
    let (_, rest) = page.split_once("<h1>").unwrap();
    rest.split_once("</h1>").unwrap().0.to_owned()
}

#[test]
fn one_sentence_names_what_matters() {
    let table = [
        ("first-seconds", "No verdict yet: the first probes are on their way"),
        ("undecided", "No verdict yet: the first probes are on their way"),
        ("passing", "Everything passes"),
        ("failing-over", "shop is failing over: primary fails, standby serves"),
        ("one-vantage-fails", "shop is degraded: primary warns, standby serves"),
        ("warning", "shop is degraded: primary warns, standby serves"),
        ("nowhere-to-go", "shop is down: both origins fail"),
        ("held", "shop is failing over: primary fails, standby serves"),
        ("flapping", "shop is failing over: primary fails, standby serves"),
        ("failback", "Everything passes"),
        ("panic", "shop is failing over: first and second fail, third serves"),
        ("blind", "Everything passes"),
        ("one-vantage-silent", "Everything passes"),
        ("watch-silent", "Everything passes"),
        ("watch-silent-for-long", "Nothing fresh is known: no evidence comes in"),
        ("arbiter-silent", "shop is failing over: primary fails, standby serves"),
        ("arbiter-silent-for-long", "Nothing fresh is known: the Arbiter does not answer"),
        ("arbiter-silent-without-a-copy", "No verdict yet: the Arbiter does not answer"),
        ("copy-without-votes", "shop is failing over: primary fails, standby serves"),
        ("many-pools", "service-026 and service-034 are down; 3 others do not pass"),
        (
            "more-of-many-fail",
            "service-022, service-026, service-030 and 2 more are down; 5 others do not pass",
        ),
        ("many-fail", "service-008, service-009, service-010 and 2 more are down; 7 others do not pass"),
        ("heartbeats-awaited", "Everything passes; hourly and nightly have not reported yet"),
        ("heartbeat-awaited", "Everything passes; nightly has not reported yet"),
        ("one-of-two-heartbeats", "Everything passes; nightly has not reported yet"),
        ("heartbeat-awaited-in-an-outage", "shop is down: its only origin fails"),
        ("heartbeats-on-time", "Everything passes"),
        ("heartbeat-overdue", "jobs is degraded: hourly fails"),
        (
            "heartbeat-overdue-in-an-outage",
            "shop is degraded: primary serves with a warning; jobs is down: both heartbeats fail",
        ),
        ("heartbeats-not-heard", "jobs is unknown: hourly and nightly cannot be heard"),
        ("monitors", "Everything passes"),
        ("monitors-amiss", "Memo (EU) is down; \u{2068}\u{648}\u{64a}\u{643}\u{64a} 2\u{2069} is degraded"),
        ("monitor-down-for-long", "Memo (EU) is down"),
        ("monitor-late", "Nightly backup has not reported in time"),
        ("many-monitors", "Site 500 is down"),
        ("forty-monitors", "Chat is down; Japan (東京) is down"),
    ];
    for (name, expected) in table {
        assert_eq!(sentence(name), expected, "{name}");
    }
    assert_eq!(STATES.len(), table.len() + 2, "all but the hostile texts and titles");
}

#[test]
fn the_sign_of_the_whole_is_that_of_the_sentence() {
    let table = [
        ("heartbeat-awaited", "state pass"),
        ("heartbeats-awaited", "state pass"),
        ("one-of-two-heartbeats", "state pass"),
        ("heartbeat-awaited-in-an-outage", "state fail"),
        ("heartbeat-overdue", "state warn"),
        ("first-seconds", "state unknown"),
    ];
    for (name, class) in table {
        assert!(page(state(name)).contains(&format!("<div class=\"{class}\">")), "{name}");
    }
    let row = text(&page(state("heartbeat-awaited")));
    assert!(row.contains("warnjobswaits: nightly has not reported yet"), "{row}");
}

#[test]
fn the_title_says_the_same_as_the_sentence() {
    assert!(
        page(state("nowhere-to-go")).contains("<title>shop is down: both origins fail · Vedette</title>")
    );
}

#[test]
fn an_origin_shows_verdict_reason_since_age_and_what_each_vantage_measured() {
    let text = text(&page(state("failing-over")));
    for shown in [
        "fail primary3 of 3 vantages: apac, enam, weur: status 503 is not expected",
        "fail for 4 s",
        "evidence 5 s old",
        "weur (AMS)fail13 msstatus 503origin-proven",
        "apacpass211 msstatus 200origin-proven1 db call, 2 ms5 s ago",
        "The signal names standby: standby is passing; primary is",
        "09:41:51 UTCshop/primaryfail for 4 s so far2 of 3 vantages",
        "3 of 3 vantages report",
    ] {
        assert!(text.contains(shown), "{shown} is not in {text}");
    }
}

#[test]
fn a_job_shows_when_it_reported_and_when_it_is_due() {
    let table = [
        ("heartbeats-awaited", "1 origin and 2 heartbeats in 2 pools."),
        ("heartbeats-awaited", "unknown hourlyno heartbeat yet: expected every 1h, 5m grace"),
        ("heartbeats-on-time", "last heartbeat 3 s ago"),
        ("heartbeats-on-time", "due by 10:56:11 UTC"),
        ("heartbeat-overdue", "no heartbeat since 2026-11-23T09:41:11.007Z"),
        ("heartbeat-overdue", "last heartbeat 71 min ago"),
        ("heartbeats-not-heard", "the secret HEARTBEAT_KEY is not set"),
    ];
    for (name, shown) in table {
        let text = text(&page(state(name)));
        assert!(text.contains(shown), "{name}: {shown} is not in {text}");
        assert!(
            !text.contains("names hourly") && !text.contains("names nightly"),
            "{name} sends traffic to a job"
        );
    }
}

#[test]
fn what_was_given_up_is_an_event_without_a_turn() {
    let State { snapshot, config, now, .. } = state("passing");
    let given_up = crate::snapshot::Transition {
        at: *now,
        subject: "notify/ops".to_owned(),
        from: Status::Unknown,
        to: Status::Unknown,
        reason: "message msg_1 given up".to_owned(),
    };
    let mut snapshot = snapshot.clone();
    snapshot.events.insert(0, given_up);
    let page = answer(&snapshot, config, false, *now).body;
    let event = page.split_once("notify/ops").unwrap().1.split_once("</li>").unwrap().0;
    assert!(event.contains("given up") && !event.contains('→'), "{event}");
}

#[test]
fn an_outage_is_one_row_with_its_length_whatever_changed_on_its_way() {
    let rows = |name: &str| {
        let page = page(state(name));
        let (_, events) = page.split_once("<ol class=\"events\">").unwrap();
        let (events, _) = events.split_once("</ol>").unwrap();
        let rows = events.split("</li>").filter(|row| !row.is_empty());
        rows.map(|row| text(&format!("<body>{row}"))).collect::<Vec<_>>()
    };
    let started = "shopunknown → passprimary is passing and first by priority";
    let table: [(&str, &[&str]); 4] = [
        ("passing", &[started]),
        ("nowhere-to-go", &["shopfail for 0 s so farprimary: 2 of 3 vantages: apac, enam", started]),
        ("failback", &["shop/primaryfail for 5 s2 of 3 vantages: apac, enam", started]),
        ("flapping", &["shop/primaryfail for 26 s so far, 3 times2 of 3 vantages", started]),
    ];
    for (name, expected) in table {
        let rows = rows(name);
        assert_eq!(rows.len(), expected.len(), "{name}: {rows:?}");
        for (row, expected) in rows.iter().zip(expected) {
            assert!(row.contains(expected), "{name}: {expected} is not in {row}");
        }
    }
}

#[test]
fn a_reason_is_repeated_by_vantage_only_where_they_differ() {
    let within_pool = |name: &str| {
        let page = page(state(name));
        text(page.split_once("<section aria-labelledby=\"events\">").unwrap().0)
            .matches("is not expected")
            .count()
    };
    assert_eq!(within_pool("nowhere-to-go"), 2, "once for each origin");
    assert_eq!(within_pool("one-vantage-fails"), 2, "in the verdict, and beside the vantage that saw it");
    assert!(text(&page(state("warning"))).contains("response time 912ms is over 800ms"));
}

#[test]
fn what_is_held_or_waits_or_counts_for_nothing_says_why_and_until_when() {
    let table = [
        ("held", "held although it is better by now: 3 of 3 vantages pass"),
        ("held", "Next: pass at 2026-11-23T09:41:56.007Z if nothing fails until then (held for 30s)"),
        ("flapping", "(held for 10s, it flaps: 3 falls)"),
        ("flapping", "flapping: 3 falls"),
        ("failback", "standby is passing; primary is recovered and waits until 2026-11-23T09:42:26.007Z."),
        ("panic", "The signal names third: panic: only 1 of 3 origins are usable, so all count as usable"),
        ("blind", "2 of 2 vantages pass; weur has no evidence: weur reaches none of its origins"),
        ("blind", "weur (AMS)expired"),
        ("blind", "in AMS; no evidence of shop/primary: weur reaches none of its origins"),
    ];
    for (name, said) in table {
        let text = text(&page(state(name)));
        assert!(text.contains(said), "{name}: {said} is not in {text}");
    }
}

#[test]
fn a_point_in_time_within_a_sentence_is_marked_as_one() {
    let marked = |text: &str| Plain(text).render().into_string();
    let at = "2026-11-23T09:41:11.007Z";
    assert_eq!(marked(&format!("until {at}; <b>")), format!("until <time>{at}; </time><wbr>&lt;b&gt;"));
    assert_eq!(marked(at), format!("<time>{at}</time><wbr>"));
    for other in ["é".repeat(12), "a-name-TTT".into(), format!("until{}", "T".repeat(30))] {
        assert_eq!(marked(&other), other, "nothing that is long stays on one line");
    }
}

#[test]
fn what_must_be_known_first_is_noticed() {
    let table = [
        ("first-seconds", "Nothing has been probed yet."),
        ("undecided", "enam and weur have not reported yet."),
        ("one-vantage-silent", "enam is silent."),
        (
            "watch-silent",
            "The watch is silent: no vantage reports. The last word came at 09:41:11 UTC, 30 s ago.",
        ),
        ("watch-silent-for-long", "The watch is silent: no vantage reports."),
        (
            "arbiter-silent",
            "The Arbiter does not answer. This is a copy of what it said at 09:41:51 UTC, 20 s ago.",
        ),
        ("arbiter-silent-for-long", "This is a copy of what it said at 09:41:51 UTC, 10 min ago."),
        ("arbiter-silent-without-a-copy", "and no copy of what it said is at hand."),
    ];
    for (name, notice) in table {
        let text = text(&page(state(name)));
        assert!(text.contains(notice), "{name}: {notice} is not in {text}");
    }
    for name in ["passing", "failing-over", "nowhere-to-go", "many-pools"] {
        assert!(!page(state(name)).contains("<p class=\"notice\">"), "{name}");
    }
}

#[test]
fn expired_evidence_is_shown_as_unknown_with_what_it_was() {
    let text = text(&page(state("arbiter-silent-for-long")));
    assert!(text.contains("unknown for 9 min"), "{text}");
    assert!(
        text.contains("no fresh evidence since") && text.contains("before that: 3 of 3 vantages"),
        "{text}"
    );
    assert!(text.contains("apacexpired") && !text.contains("apacpass"), "{text}");
}

fn unfolded(page: &str) -> usize {
    let pools = page.split("<details id=\"pool-").skip(1);
    pools.filter(|pool| pool.split('>').next().unwrap().ends_with(" open")).count()
}

#[test]
fn pools_that_do_not_pass_come_first_and_unfolded() {
    let page = page(state("many-pools"));
    let pools: Vec<&str> = page.split("<details id=\"pool-").skip(1).collect();
    assert_eq!(pools.len(), 40);
    let class = |pool: &str| pool.split("class=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let order: Vec<String> = pools.iter().map(|pool| class(pool)).collect();
    assert!(order[..2].iter().all(|class| class == "pool fail"), "{order:?}");
    assert!(order[2..5].iter().all(|class| class == "pool warn"), "{order:?}");
    assert_eq!(unfolded(&page), 5);
    assert_eq!(unfolded(&self::page(state("many-fail"))), 8, "with more of them the list itself is the news");
    assert_eq!(unfolded(&self::page(state("passing"))), 1, "a few are unfolded though they pass");
    for (status, first) in [("fail", "026"), ("warn", "002"), ("pass", "001")] {
        let link = format!("<a href=\"#pool-service-{first}\"><span class=\"badge {status}\">");
        assert!(page.contains(&link), "{link}");
    }
}

#[test]
fn links_lead_to_what_programs_read() {
    let page = page(state("passing"));
    for path in ["health", "readyz?verbose", "health/shop", "health/shop/standby", "route/shop"] {
        assert!(page.contains(&format!("href=\"{path}\"")), "{path}");
    }
}

#[test]
fn hostile_texts_are_shown_as_text() {
    let page = page(state("hostile-texts"));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("&lt;/main&gt;&lt;/body&gt;"));
    assert!(!page.contains("<script>") && !page.contains("<img"));
    assert!(
        !page.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)),
        "nothing unseen"
    );
    assert!(!page.contains(&"long".repeat(101)), "what is too long is cut");
    assert!(page.len() < 20_000);
}

#[test]
fn addresses_are_shown_only_where_the_pool_exposes_them() {
    for state in STATES.iter() {
        let page = page(state);
        let shown = page.contains("https://10.") || page.contains("https://hhh");
        assert_eq!(shown, state.name == "hostile-texts", "{}", state.name);
    }
}

#[test]
fn nothing_on_the_page_needs_another_host_or_an_exception_from_its_policy() {
    for state in STATES.iter() {
        let page = page(state);
        assert!(!page.contains(" style=") && !page.contains(" onclick"), "{}", state.name);
        let sources: Vec<&str> =
            page.split("src=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        let (script, logos) = sources.split_first().unwrap();
        assert_eq!(*script, concat!("page.js?", env!("CARGO_PKG_VERSION")), "{}", state.name);
        // A logo is what the configuration says, and nothing else is loaded.
        let logo = state
            .config
            .page
            .logo
            .iter()
            .map(|logo| logo.address().replace('<', "&lt;").replace('>', "&gt;"));
        assert_eq!(logos, logo.collect::<Vec<_>>(), "{}", state.name);
    }
    assert!(
        !POLICY.contains("unsafe") && !POLICY.contains("http") && POLICY.starts_with("default-src 'none'")
    );
}

#[test]
fn ages_are_said_as_people_say_them() {
    let now = Timestamp::from_millis(1_795_426_871_007);
    let table =
        [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (172_800, "2 d")];
    for (seconds, expected) in table {
        let at = now.minus(Millis::from_secs(seconds));
        assert!(ago(at, now).into_string().contains(&format!(">{expected}<")), "{expected}");
    }
    let yesterday = now.minus(Millis::from_secs(86_400));
    assert!(instant(yesterday, now).into_string().contains(">2026-11-22 09:41:11 UTC<"));
}

#[test]
fn style_and_script_stay_small() {
    let bytes = style().body.len() + script().body.len();
    assert!(bytes <= 12_500, "{bytes} bytes");
}
