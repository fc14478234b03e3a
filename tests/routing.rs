//! Laws of the way through a route: where requests go, how often they are sent, and what is said on
//! the way.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails is what a panic is for"
)]

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{LazyLock, Mutex};

use proptest::prelude::*;
use vedette::config::Config;
use vedette::path::{MAX_TARGET, below, is_ambiguous, is_authority, parts, plain};
use vedette::proxy::{
    After, Asked, Attempt, Body, Effect, Event, Inbound, Known, OutlierDetector, Proof, Proxy, RouteMatch,
    RoutePool, RouteRef, Signs, Step, TABLE, Table, Times, Tried, back, copy, fields, order, unreached,
};
use vedette::purge::Purge;
use vedette::snapshot::Snapshot;
use vedette::units::{Millis, Name, Timestamp};
use vedette::verdict::Status;

const ORIGINS: usize = 4;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_795_000_000_000 + ms)
}

/// A pool of four origins and a route with these settings. It is read once: a law asks for it some
/// thousand times.
fn config(settings: &str) -> Config {
    static KNOWN: LazyLock<Mutex<HashMap<String, Config>>> = LazyLock::new(Mutex::default);
    KNOWN.lock().unwrap().entry(settings.to_owned()).or_insert_with(|| read(settings)).clone()
}

fn read(settings: &str) -> Config {
    let origins: String = (0..ORIGINS)
        .map(|n| {
            format!(
                "[[pool.origin]]\nname = \"o{n}\"\nurl = \"http://o{n}.example.com\"\npriority = {n}\nweight = {n}\n"
            )
        })
        .collect();
    let text = format!(
        "[[pool]]\nname = \"shop\"\nmin_votes = 1\nfailback_delay = \"10s\"\n{origins}\n[[route]]\nhost = \"shop.example.org\"\npool = \"shop\"\n{settings}\n"
    );
    Config::parse(&text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// What is known of each origin: its status, and how long ago it recovered in seconds, if it did.
type Seen = (u8, Option<u8>);

const fn status(n: u8) -> Status {
    match n % 4 {
        0 => Status::Pass,
        1 => Status::Warn,
        2 => Status::Unknown,
        _ => Status::Fail,
    }
}

fn snapshot(config: &Config, seen: &[Seen], panic: bool, now: Timestamp) -> Snapshot {
    let mut snapshot = Snapshot::blank(config, now, "nothing yet");
    let pool = &mut snapshot.pools[0];
    pool.panic = panic;
    for (origin, (said, recovered)) in pool.origins.iter_mut().zip(seen) {
        origin.status = status(*said);
        origin.valid_until = now.plus(Millis::from_secs(45));
        origin.since = now.minus(Millis::from_secs(600));
        origin.recovered = recovered.map(|ago| now.minus(Millis::from_secs(ago.into())));
    }
    pool.chosen = None;
    snapshot
}

fn seen() -> impl Strategy<Value = Vec<Seen>> {
    proptest::collection::vec((0_u8..4, proptest::option::of(0_u8..60)), ORIGINS)
}

fn steerings() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(""), Just("steering = \"weighted\""), Just("slow_start = \"30s\"")]
}

/// What becomes of a request at an origin.
fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Broken),
        Just(Event::TimedOut),
        Just(Event::Left),
        Just(Event::Cut),
        Just(Event::Refused),
        Just(Event::Unreached(521)),
        Just(Event::Invalid(600)),
        proptest::sample::select(vec![200_u16, 304, 404, 500, 502, 503, 520]).prop_map(Event::Answered),
    ]
}

proptest! {
    #[test]
    fn only_usable_origins_are_asked_unless_the_pool_is_in_panic(
        seen in seen(), steering in steerings(), panic: bool, seed: u64, failures in proptest::collection::vec(0..ORIGINS, 0..12),
    ) {
        let config = config(steering);
        let now = at(0);
        let snapshot = snapshot(&config, &seen, panic, now);
        let mut traffic = OutlierDetector::new(&config, seed);
        for origin in failures {
            traffic.failed(0, origin, now);
        }
        let order = order(RoutePool { config: &config, route: &config.routes[0], pool: 0 }, snapshot.pool("shop"), &mut traffic, now);
        let mut places = order.places.clone();
        places.sort_unstable();
        places.dedup();
        prop_assert_eq!(places.len(), order.places.len(), "each once");
        for place in &order.places {
            prop_assert!(*place < ORIGINS);
            prop_assert!(panic || status(seen[*place].0) != Status::Fail);
        }
        let usable = seen.iter().filter(|(said, _)| panic || status(*said) != Status::Fail).count();
        prop_assert_eq!(order.places.len(), usable, "none that is usable is left out");
    }

    #[test]
    fn what_is_ejected_or_unknown_or_waits_comes_after_what_is_not(seen in seen(), ejected in 0..ORIGINS, seed: u64) {
        let config = config("");
        let now = at(0);
        let snapshot = snapshot(&config, &seen, false, now);
        let mut traffic = OutlierDetector::new(&config, seed);
        for _ in 0..3 {
            traffic.failed(0, ejected, now);
        }
        let order = order(RoutePool { config: &config, route: &config.routes[0], pool: 0 }, snapshot.pool("shop"), &mut traffic, now);
        let rank = |place: &usize| {
            let (said, recovered) = seen[*place];
            let said = status(said);
            (*place == ejected, said == Status::Unknown, recovered.is_some_and(|ago| ago < 10), said, *place)
        };
        let ranks: Vec<_> = order.places.iter().map(rank).collect();
        prop_assert!(ranks.is_sorted(), "{ranks:?}");
    }

    #[test]
    fn a_request_is_sent_no_oftener_than_allowed_and_to_each_origin_once(
        seen in seen(),
        attempts in 1_u32..6,
        outcomes in proptest::collection::vec((events(), 0_u64..4_000), 8),
        method in proptest::sample::select(vec!["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"]),
        body in proptest::sample::select(vec![Body::None, Body::Short, Body::Long, Body::Unmeasured]),
        seed: u64,
    ) {
        let config = config(&format!("attempts = {attempts}\ntimeout = \"2s\"\ndeadline = \"5s\""));
        let mut now = at(0);
        let snapshot = snapshot(&config, &seen, false, now);
        let mut traffic = OutlierDetector::new(&config, seed);
        let asked = Asked { method, body };
        let (mut attempt, mut effect) =
            Attempt::begin(RouteRef { config: &config, route: 0 }, asked, snapshot.pool("shop"), &mut traffic, Times { came: now, now }).unwrap();
        let mut sent = Vec::new();
        // Attempts of which it is not proven that nothing of them has left.
        let mut perhaps = 0;
        for (event, took) in outcomes {
            let Effect::Send(origin, timeout) = effect else { break };
            let held = body == Body::None || (body == Body::Short && !["GET", "HEAD"].contains(&method));
            perhaps += usize::from(match event {
                Event::Refused => false,
                Event::Unreached(_) => !held,
                Event::Answered(_) | Event::Broken | Event::TimedOut | Event::Left | Event::Cut | Event::Invalid(_) => true,
            });
            prop_assert!(!sent.contains(&origin), "{origin} is asked twice");
            sent.push(origin);
            // Whatever happens, nobody waits beyond the deadline.
            prop_assert!(timeout <= Millis::from_secs(2));
            prop_assert!(now.since(at(0)).plus(timeout) <= Millis::from_secs(5));
            let took = if event == Event::TimedOut { timeout } else { Millis::new(took).min(timeout) };
            now = now.plus(took);
            effect = attempt.step(event, &config, &mut traffic, now);
            let good = matches!(event, Event::Answered(status) if ![502, 503, 520].contains(&status));
            if good {
                prop_assert_eq!(effect, Effect::Pass);
            }
        }
        prop_assert!(sent.len() <= attempts as usize);
        if body != Body::None || !["GET", "HEAD", "OPTIONS"].contains(&method) {
            prop_assert!(perhaps <= 1, "{method} may have left {perhaps} times");
        }
        let usable = seen.iter().any(|(said, _)| status(*said) != Status::Fail);
        prop_assert_eq!(sent.is_empty(), !usable);
    }

    #[test]
    fn retries_in_vain_never_exceed_their_budget(requests in 1_u64..3_000, asks in 1_u64..3_000, budget in 1_u8..100) {
        let config = config("");
        let mut traffic = OutlierDetector::new(&config, 0);
        traffic.arrived(0, requests, at(0));
        let share = vedette::units::Ratio::percent(budget).unwrap();
        let allowed = (0..asks).filter(|_| traffic.may_retry(0, share, at(0))).count() as u64;
        prop_assert!(allowed <= share.of_rounded_up(requests).max(100));
        prop_assert_eq!(allowed, asks.min(share.of_rounded_up(requests).max(100)));
        prop_assert_eq!(traffic.counts(0).held_back, asks - allowed);
        // What was long ago does not count any more, in either direction.
        prop_assert!(traffic.may_retry(0, share, at(60_000)));
    }

    #[test]
    fn a_retry_that_is_answered_well_costs_nothing_and_every_other_one_counts(
        retries in proptest::collection::vec((0_u64..40, 0_u64..3_000, any::<bool>()), 1..600),
        budget in 1_u8..100,
    ) {
        let config = config("");
        let mut traffic = OutlierDetector::new(&config, 0);
        let share = vedette::units::Ratio::percent(budget).unwrap();
        let (mut now, mut arrivals, mut out) = (0, Vec::<u64>::new(), Vec::<(u64, u64, bool)>::new());
        for (wait, takes, well) in retries {
            now += wait;
            traffic.arrived(0, 1, at(now));
            // Those that are over by now.
            out.retain(|(then, over, well)| {
                let given_back = *well && *over <= now;
                if given_back {
                    traffic.retried_well(0, at(*then), at(now));
                }
                !given_back
            });
            let counted = out.iter().filter(|(then, ..)| now / 1_000 < then / 1_000 + 10).count() as u64;
            let allowed = traffic.may_retry(0, share, at(now));
            arrivals.push(now);
            let recent = arrivals.iter().filter(|then| now / 1_000 < *then / 1_000 + 10).count() as u64;
            let most = share.of_rounded_up(recent).max(100);
            prop_assert_eq!(allowed, counted < most, "{} of {} are counted", counted, most);
            if allowed {
                out.push((now, now + takes, well));
            }
        }
    }

    #[test]
    fn the_longest_prefix_counts_as_if_each_were_looked_at(
        paths in proptest::collection::hash_set("(/[ab]{1,2}){0,3}", 1..12), asked in "(/[ab]{0,2}){1,5}",
    ) {
        let routes: String = paths
            .iter()
            .map(|path| format!("[[route]]\nhost = \"h.example.org\"\npath = \"{}\"\npool = \"shop\"\n", if path.is_empty() { "/" } else { path }))
            .collect();
        let text = format!("[[pool]]\nname = \"shop\"\n[[pool.origin]]\nname = \"a\"\nurl = \"http://a.example.com\"\n{routes}");
        let config = Config::parse(&text).unwrap();
        let under = |prefix: &str| prefix.is_empty() || asked == prefix || asked.starts_with(&format!("{prefix}/"));
        let best = config.routes.iter().enumerate()
            .filter(|(_, route)| under(route.path.trim_end_matches('/')))
            .max_by_key(|(_, route)| route.path.trim_end_matches('/').len())
            .map_or(RouteMatch::NoRoute, |(place, _)| RouteMatch::Route(place));
        prop_assert_eq!(Table::new(&config).find("h.example.org", &asked), best);
    }

    #[test]
    fn requests_that_share_the_deciding_segments_take_the_same_route(
        prefix in "(/[ab]{1,2}){1,3}", one in "(/[a-c]{1,3}){0,3}", other in "(/[a-c]{1,3}){0,3}",
    ) {
        let text = format!(
            "[[pool]]\nname = \"shop\"\n[[pool.origin]]\nname = \"a\"\nurl = \"http://a.example.com\"\n[[route]]\nhost = \"h.example.org\"\npath = \"{prefix}\"\npool = \"shop\"\n[[route]]\nhost = \"h.example.org\"\npool = \"shop\"\n"
        );
        let table = Table::new(&Config::parse(&text).unwrap());
        let depth = table.depth("h.example.org");
        let head = |path: &str| path.split('/').skip(1).take(depth).map(str::to_owned).collect::<Vec<_>>();
        let paths = [format!("{prefix}{one}"), format!("{prefix}{other}"), format!("{one}{other}/x"), format!("{other}/y")];
        for one in &paths {
            for other in &paths {
                if head(one) == head(other) {
                    prop_assert_eq!(table.find("h.example.org", one), table.find("h.example.org", other), "{} and {}", one, other);
                }
            }
        }
    }

    #[test]
    fn a_lease_says_what_would_be_decided_anew(seen in seen(), seed: u64, later in 0_u64..45_000) {
        let config = config("slow_start = \"20s\"");
        let now = at(0);
        let snapshot = Rc::new(snapshot(&config, &seen, false, now));
        let mut proxy = Proxy::new(&config, seed);
        let inbound = Inbound { method: "GET", url: "https://shop.example.org/a?b", client: Some("1.2.3.4"), ..Inbound::default() };
        let rests_until = now.plus(Millis::from_secs(30));
        let mut on_request = |at: Timestamp| {
            let known = Known { snapshot: Rc::clone(&snapshot), rests_until };
            proxy.on_request(&config, &inbound, |_| Some(known), at)
        };
        let Some(Step::Send(first)) = on_request(now) else { return Ok(()) };
        let Some(lease) = first.lease.clone() else { return Ok(()) };
        prop_assert!(lease.until <= rests_until && lease.until > now);
        let then = at(later);
        if then < lease.until {
            let Some(Step::Send(anew)) = on_request(then) else { panic!("it was sent before") };
            prop_assert_eq!(&anew.url, &first.url);
            prop_assert_eq!(format!("{}/a?b", lease.base), first.url.clone());
            for (name, value) in &lease.set {
                prop_assert!(first.set.contains(&(*name, value.clone())), "{name}");
            }
            prop_assert_eq!(anew.timeout, first.timeout);
        }
    }

    #[test]
    fn the_fields_of_a_request_do_not_change_when_they_are_set_again(
        via in proptest::option::of("[a-z0-9., ]{0,30}"),
        cdn_loop in proptest::option::of("[a-z0-9;=, ]{0,30}"),
        traceparent in proptest::option::of("\\PC{0,60}"),
        client in proptest::option::of(prop_oneof![Just("1.2.3.4"), Just("2001:db8::1")]),
        authority in "[a-zA-Z0-9.:\\[\\]\"\\\\-]{1,30}",
        https: bool,
        forged in proptest::collection::vec((proptest::sample::select(fields::REMOVED.to_vec()), "[a-z0-9.]{1,12}"), 0..6),
        connection in proptest::option::of("[a-zA-Z, -]{0,40}"),
    ) {
        let facts = fields::Facts {
            client, authority: &authority, https, stripped: None, via: via.as_deref(), cdn_loop: cdn_loop.as_deref(),
        };
        let set = fields::request(&facts, "vedette-0123456789abcdef");
        let named: Vec<String> = connection.as_deref().map(|names| fields::named_by_connection(names).collect()).unwrap_or_default();
        let apply = |headers: &mut Vec<(String, String)>| {
            headers.retain(|(name, _)| !fields::REMOVED.contains(&name.as_str()) && !named.contains(name));
            for (name, value) in &set {
                headers.retain(|(known, _)| known != name);
                headers.push(((*name).to_owned(), value.clone()));
            }
        };
        let mut once: Vec<(String, String)> =
            forged.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).chain([("accept".to_owned(), "*/*".to_owned())]).collect();
        apply(&mut once);
        let mut twice = once.clone();
        apply(&mut twice);
        prop_assert_eq!(&once, &twice);
        // Nothing that the client wrote of itself is left.
        for (name, value) in &forged {
            let ours = set.iter().any(|(known, said)| known == name && said == value);
            prop_assert!(ours || !once.contains(&((*name).to_owned(), value.clone())));
        }
        // Every value can be sent.
        for (name, value) in &set {
            prop_assert!(!value.contains(['\r', '\n', '\0']), "{name}: {value:?}");
        }
        // None is begun: what comes without a trace goes on without one.
        prop_assert!(set.iter().all(|(name, _)| *name != "traceparent" && *name != "tracestate"));
        prop_assert!(matches!(fields::broken_trace(traceparent.as_deref()), [] | ["traceparent", "tracestate"]));
        let via = set.iter().find(|(name, _)| *name == "via").map(|(_, via)| via.as_str());
        let next = fields::Facts { via, ..facts };
        prop_assert!(fields::is_loop(&next, "vedette-0123456789abcdef"), "whoever gets it back knows it again");
    }

    #[test]
    fn any_address_is_taken_apart_or_refused(url in "\\PC{0,80}", base in "(https?://)?[a-z.:0-9\\[\\]@]{0,20}(/\\PC{0,30})?") {
        for url in [url, base] {
            if let Some(found) = parts(&url) {
                prop_assert!(found.path.starts_with('/'));
                let way = Table::new(&config("")).find(found.authority, found.path);
                prop_assert!(way != RouteMatch::Route(0) || found.authority.to_ascii_lowercase().contains("shop.example.org"));
            }
            let config = config("strip_prefix = true");
            let mut proxy = Proxy::new(&config, 1);
            let inbound = Inbound { method: "GET", url: &url, ..Inbound::default() };
            proxy.on_request(&config, &inbound, |_| None, at(0));
            if let Some(target) = proxy.own_target(&url) {
                prop_assert!(target.is_empty() || target.starts_with(['/', '?']));
            }
        }
    }

    #[test]
    fn a_path_that_the_platform_would_rewrite_is_ambiguous(path in "(/(\\.|%2e|%2E|a|%2f|%252F|%5C|\\\\|\\.\\.){0,4}){1,4}") {
        // The platform reads addresses as browsers do; what it rewrites must not be matched as it
        // stands.
        let read = url::Url::parse(&format!("http://h.example.org{path}")).unwrap();
        let rewritten = read.path() != path;
        // Nor what it rewrites once another reader has read its escaped separators.
        let once = path.to_ascii_lowercase().replace("%25", "%").replace("%2f", "/").replace("%5c", "/");
        let again = url::Url::parse(&format!("http://h.example.org{once}")).unwrap();
        let hides = path.contains("%2") || path.contains("%5C");
        let later = hides && again.path() != once;
        prop_assert_eq!(is_ambiguous(&path), rewritten || later, "{} is read as {}, and then as {}", path, read.path(), again.path());
    }

    #[test]
    fn an_escaped_letter_is_the_letter(path in "(/[a-c]{1,3}){1,3}", escaped in proptest::collection::vec(any::<bool>(), 12), upper: bool) {
        let mut written = String::new();
        for (letter, escape) in path.chars().zip(escaped.into_iter().chain(std::iter::repeat(false))) {
            match (letter, escape, upper) {
                ('/', ..) | (_, false, _) => written.push(letter),
                (_, true, true) => written.push_str(&format!("%{:02X}", letter as u32)),
                (_, true, false) => written.push_str(&format!("%{:02x}", letter as u32)),
            }
        }
        prop_assert_eq!(plain(&written), path.as_str());
        prop_assert!(!is_ambiguous(&written));
        // As much is left out as the prefix has segments.
        let (prefix, rest) = path.split_at(path[1..].find('/').map_or(path.len(), |at| at + 1));
        prop_assert_eq!(plain(below(&written, prefix)), rest);
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_a_port_or_none(
        labels in proptest::collection::vec("[a-z0-9_~-]{1,10}", 1..5), dot: bool, port in proptest::option::of(any::<u16>()),
        odd in "[,@? #/\\\\\\[*;]|\\.\\.|:x|:70000|:1:2| ", place in 0_usize..40,
    ) {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let name = format!("{}{}{port}", labels.join("."), if dot { "." } else { "" });
        prop_assert!(is_authority(&name), "{}", name);
        let mut spoilt = name;
        let end = spoilt.len() - port.len();
        spoilt.insert_str(if odd.starts_with(':') { end } else { place.min(end) }, &odd);
        prop_assert!(!is_authority(&spoilt), "{}", spoilt);
    }
}

#[test]
fn a_pool_in_panic_asks_those_that_fail_as_well() {
    let config = config("");
    let now = at(0);
    let snapshot = snapshot(&config, &[(3, None), (0, None), (3, None), (3, None)], true, now);
    let mut traffic = OutlierDetector::new(&config, 1);
    let order = order(
        RoutePool { config: &config, route: &config.routes[0], pool: 0 },
        snapshot.pool("shop"),
        &mut traffic,
        now,
    );
    assert_eq!(order.places, [1, 0, 2, 3]);
    assert!(order.why.contains("panic"));
}

#[test]
fn nobody_is_asked_where_all_fail_unless_the_route_says_so() {
    let now = at(0);
    let inbound = Inbound { method: "GET", url: "http://shop.example.org/x", ..Inbound::default() };
    let step = |settings: &str| {
        let config = config(settings);
        let known =
            Known { snapshot: Rc::new(snapshot(&config, &[(3, None); 4], false, now)), rests_until: now };
        Proxy::new(&config, 1).on_request(&config, &inbound, |_| Some(known), now)
    };
    let Some(Step::Answer(answer)) = step("") else { panic!("it is sent somewhere") };
    assert_eq!(answer.status, 503);
    let Some(Step::Send(send)) = step("try_failing = true") else { panic!("it is sent nowhere") };
    assert_eq!(send.url, "http://o0.example.com/x");
    let Some(Step::Copy(copy)) = step("stale_if_error = \"1h\"") else { panic!("no copy is looked for") };
    assert_eq!(copy.key, "https://copy.vedette.internal/v1/shop/identity/http/shop.example.org/x");
    assert_eq!(copy.cleared, None);
    assert!(matches!(copy.otherwise, Step::Answer(_)));
}

#[test]
fn a_copy_that_was_cleared_is_told_to_be_none_of_this_address_alone() {
    let now = at(9_000);
    let config = config("stale_if_error = \"1h\"");
    let mut snapshot = snapshot(&config, &[(3, None); 4], false, now);
    let purge = Purge { urls: vec!["http://shop.example.org/x".into()], ..Purge::default() };
    snapshot.cleared.clear(&purge, at(8_000));
    let known = Known { snapshot: Rc::new(snapshot), rests_until: now };
    let cleared = |url: &str| {
        let inbound = Inbound { method: "GET", url, ..Inbound::default() };
        match Proxy::new(&config, 1).on_request(&config, &inbound, |_| Some(known.clone()), now) {
            Some(Step::Copy(copy)) => copy.cleared,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(cleared("http://shop.example.org/x"), Some(at(8_000)));
    assert_eq!(cleared("http://shop.example.org/y"), None);
    // A request that was sent under a lease, and came back, knows it as well.
    let inbound = Inbound { method: "GET", url: "http://shop.example.org/x", ..Inbound::default() };
    let tried = Tried { origin: 0, event: Event::Broken, came: now };
    let after = Proxy::new(&config, 1).on_leased_failure(&config, &inbound, tried, |_| Some(known), now);
    match after.map(|after| after.step) {
        Some(Step::Copy(copy)) => assert_eq!(copy.cleared, Some(at(8_000))),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_ejection_ends_with_its_time_or_with_a_verdict_that_turned_good() {
    let config = config("");
    let mut traffic = OutlierDetector::new(&config, 1);
    assert!(!traffic.failed(0, 0, at(0)));
    traffic.succeeded(0, 0);
    assert!(!traffic.failed(0, 0, at(1)) && !traffic.failed(0, 0, at(2)), "a success in between begins anew");
    assert!(traffic.failed(0, 0, at(3)));
    assert!(traffic.is_ejected(0, 0, None, at(9_000)));
    assert!(!traffic.is_ejected(0, 0, Some(at(5_000)), at(9_000)), "a verdict says that it recovered since");
    assert!(!traffic.is_ejected(0, 0, None, at(10_003)));
    assert!(!traffic.is_ejected(0, 0, None, at(0)), "a clock that was set back ejects nobody");
    // Each further one lasts longer.
    for ms in 0..3 {
        traffic.failed(0, 0, at(11_000 + ms));
    }
    assert!(traffic.is_ejected(0, 0, None, at(30_000)));
    assert_eq!(traffic.counts(0).ejections, 2);
}

#[test]
fn an_origin_whose_ejection_a_verdict_ended_is_ejected_again_when_it_fails_again() {
    let config = config("");
    let mut traffic = OutlierDetector::new(&config, 1);
    let fails = |traffic: &mut OutlierDetector, ms: u64| (0..3).any(|n| traffic.failed(0, 0, at(ms + n)));
    assert!(fails(&mut traffic, 0));
    assert!(!fails(&mut traffic, 100), "those that were on their way do not eject it once more");
    assert!(!traffic.is_ejected(0, 0, Some(at(3_000)), at(4_000)));
    assert!(fails(&mut traffic, 5_000), "it need not wait until the first would have been over");
    assert!(traffic.is_ejected(0, 0, Some(at(3_000)), at(24_000)), "and it is for longer");
}

#[test]
fn a_verdict_that_gets_worse_ends_no_ejection() {
    let config = config("");
    let mut traffic = OutlierDetector::new(&config, 1);
    for ms in 0..3 {
        traffic.failed(0, 0, at(ms));
    }
    let mut first = |status: Status, recovered: Option<Timestamp>| {
        // All others have a warning for long.
        let mut snapshot = snapshot(&config, &[(1, None); ORIGINS], false, at(0));
        let origin = &mut snapshot.pools[0].origins[0];
        (origin.status, origin.since, origin.recovered) = (status, at(1_000), recovered);
        let order = order(
            RoutePool { config: &config, route: &config.routes[0], pool: 0 },
            snapshot.pool("shop"),
            &mut traffic,
            at(1_500),
        );
        order.places[0]
    };
    // The first of three vantages sees it fail as well.
    assert_eq!(first(Status::Warn, None), 1);
    assert_eq!(first(Status::Warn, Some(at(0))), 1, "it recovered before that");
    assert_eq!(first(Status::Pass, None), 0, "every vantage says that it is well since then");
}

#[test]
fn an_origin_that_failed_once_and_is_not_asked_again_does_not_keep_requests_from_a_lease() {
    let config = config("");
    let mut proxy = Proxy::new(&config, 1);
    let inbound = Inbound { method: "GET", url: "http://shop.example.org/x", ..Inbound::default() };
    let leased = |proxy: &mut Proxy, now: Timestamp| {
        let snapshot = Rc::new(snapshot(&config, &[(0, None); 4], false, now));
        let known = Known { snapshot, rests_until: now.plus(Millis::from_secs(1)) };
        let Some(Step::Send(send)) = proxy.on_request(&config, &inbound, |_| Some(known), now) else {
            panic!()
        };
        (send.id, send.lease.map(|lease| (lease.origin, lease.until)))
    };
    // The first fails, and so does the second; the third answers. None of them is asked again for a
    // while.
    let (id, _) = leased(&mut proxy, at(0));
    let Some(After { step: Step::Send(second), .. }) = proxy.on_response(&config, id, Event::Broken, at(1))
    else {
        panic!()
    };
    let Some(After { step: Step::Send(third), .. }) =
        proxy.on_response(&config, second.id, Event::Broken, at(2))
    else {
        panic!()
    };
    proxy.on_response(&config, third.id, Event::Answered(200), at(3));
    assert_eq!(leased(&mut proxy, at(9_000)).1, None, "it may yet make good");
    assert_eq!(leased(&mut proxy, at(10_002)).1, Some((0, at(11_002))));
}

#[test]
fn a_lease_ends_with_an_ejection() {
    let config = config("");
    let mut proxy = Proxy::new(&config, 1);
    let inbound = Inbound { method: "GET", url: "http://shop.example.org/x", ..Inbound::default() };
    let on_request = |proxy: &mut Proxy, now: Timestamp| {
        let snapshot = Rc::new(snapshot(&config, &[(0, None); 4], false, now));
        let known = Known { snapshot, rests_until: now.plus(Millis::from_secs(20)) };
        let Some(Step::Send(send)) = proxy.on_request(&config, &inbound, |_| Some(known), now) else {
            panic!()
        };
        send
    };
    for n in 0..3 {
        let sent = on_request(&mut proxy, at(n));
        let Some(After { step: Step::Send(next), .. }) =
            proxy.on_response(&config, sent.id, Event::Broken, at(n))
        else {
            panic!()
        };
        proxy.on_response(&config, next.id, Event::Answered(200), at(n));
    }
    let lease = on_request(&mut proxy, at(1_000)).lease.unwrap();
    assert_eq!((lease.origin, lease.until), (1, at(10_002)), "until the first may be asked again");
}

#[test]
fn requests_whose_clients_went_away_are_forgotten() {
    let config = config("deadline = \"30s\"");
    let mut proxy = Proxy::new(&config, 1);
    let inbound = Inbound { method: "GET", url: "http://shop.example.org/x", ..Inbound::default() };
    let known = |at: Timestamp| Known {
        snapshot: Rc::new(snapshot(&config, &[(0, None); 4], false, at)),
        rests_until: at,
    };
    let mut ids = Vec::new();
    for n in 0..5_000_u64 {
        let now = at(n * 1_000);
        let Some(Step::Send(send)) = proxy.on_request(&config, &inbound, |_| Some(known(now)), now) else {
            panic!()
        };
        ids.push(send.id);
    }
    let now = at(5_000_000);
    assert!(
        proxy.on_response(&config, ids[0], Event::Answered(200), now).is_none(),
        "the first is forgotten"
    );
    assert!(proxy.on_response(&config, ids[4_999], Event::Answered(200), now).is_some(), "the last is not");
    assert!(proxy.under_way() < 512, "{} are kept", proxy.under_way());
}

#[test]
fn a_path_that_leaves_its_route_at_the_next_reader_is_refused() {
    for path in [
        "/only/..%2fadmin",
        "/only/..%2Fadmin",
        "/only/..%5cadmin",
        "/only/%2e%2e%2fadmin",
        "/only/..%252fadmin",
        "/only/%252e%252e%252fadmin",
        "/only/a%2f..%2fb",
        "/only/a%2f%2e",
        "/only%2f..%2fadmin",
        "/only/..;/admin",
        "/only/..;x=1/admin",
        "/only/..%3b/x%2f..",
        "/only/.%2fx",
        "/only/%2e./admin",
        "/only/a%25252f..",
    ] {
        assert!(is_ambiguous(path), "{path}");
    }
    // However deep an escape is escaped, as deep as an address is read.
    let deepest = "25".repeat(MAX_TARGET / 2 - 16);
    assert!(is_ambiguous(&format!("/only/..%{deepest}2fadmin")));
    assert!(!is_ambiguous(&format!("/only/a%{deepest}2fadmin")));
    for path in [
        "/only/a%2fb",
        "/only/%252e%252e/admin",
        "/only/...%2fx",
        "/only/a..%2fb",
        "/only;x=1/y",
        "/only/.well-known",
        "/only/a;..",
    ] {
        assert!(!is_ambiguous(path), "{path}");
    }
}

#[test]
fn only_the_word_of_the_platform_proves_that_nothing_has_left() {
    let own = Signs { server: Some("cloudflare"), ray: Some("8f2c0a1b2c3d4e5f-AMS"), cache_status: None };
    for (status, proof) in TABLE {
        assert_eq!(unreached(status, &own), proof == Proof::NothingLeft, "{status}");
        // An origin may send these numbers itself, and its answer comes through a cache.
        let of_origins = [
            Signs::default(),
            Signs { server: Some("nginx"), ..own },
            Signs { ray: None, ..own },
            Signs { cache_status: Some("DYNAMIC"), ..own },
        ];
        for signs in of_origins {
            assert!(!unreached(status, &signs), "{status}, {signs:?}");
        }
    }
    let proven: Vec<u16> = (100..600).filter(|status| unreached(*status, &own)).collect();
    assert_eq!(proven, [521, 523, 525, 526, 530]);
}

/// Whether the origin is ejected after three attempts in a row that came to this, where the next
/// origin answers well or is not asked.
fn ejects(event: Event, method: &str, body: Body) -> bool {
    let config = config("");
    let now = at(0);
    let snapshot = snapshot(&config, &[(0, None); 4], false, now);
    let mut traffic = OutlierDetector::new(&config, 1);
    for _ in 0..3 {
        let asked = Asked { method, body };
        let (mut attempt, _) = Attempt::begin(
            RouteRef { config: &config, route: 0 },
            asked,
            snapshot.pool("shop"),
            &mut traffic,
            Times { came: now, now },
        )
        .unwrap();
        if let Effect::Send(..) = attempt.step(event, &config, &mut traffic, now) {
            attempt.step(Event::Answered(200), &config, &mut traffic, now);
        }
    }
    traffic.is_ejected(0, 0, None, now)
}

#[test]
fn what_is_booked_on_whom_is_what_the_documents_say() {
    let page = include_str!("../docs/routing.md");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .skip_while(|line| !line.starts_with("| what happened |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let events = [
        ("answers, with a status that is not in `retry.status`", Event::Answered(404)),
        ("answers with a status of `retry.status`", Event::Answered(503)),
        ("breaks off after it had the whole request", Event::Broken),
        ("does not answer in time", Event::TimedOut),
        ("takes no connection", Event::Refused),
        ("is not reached, says the platform (521, 523, 525, 526, 530)", Event::Unreached(521)),
        ("closes while the request is still being sent", Event::Cut),
        ("is left by its client, or gets a torn request from it", Event::Left),
        ("answers what is no answer (600 to 999, 101 unasked)", Event::Invalid(700)),
    ];
    assert_eq!(rows.len(), events.len());
    for (row, (what, event)) in rows.iter().zip(events) {
        let booked = match (ejects(event, "GET", Body::None), ejects(event, "POST", Body::Long)) {
            (true, true) => "the origin",
            (true, false) => "the origin, once another has answered well",
            (false, _) => "nobody",
        };
        assert_eq!((row[0], row[1]), (what, booked));
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of what an origin writes and what is made of it")]
fn fields_that_name_an_origin_are_turned_back() {
    let page = |path: &str, strip: bool, origin: &str| {
        let text = format!(
            "[[pool]]\nname = \"shop\"\n[[pool.origin]]\nname = \"a\"\nurl = \"{origin}\"\n[[pool.origin]]\nname = \"b\"\nurl = \
             \"https://b.example.net\"\n[[route]]\nhost = \"shop.example.org\"\npool = \"shop\"\npath = \"{path}\"\nstrip_prefix = {strip}\n"
        );
        Config::parse(&text).unwrap_or_else(|problems| panic!("{problems}"))
    };
    let plain = page("/", false, "http://a.example.net:8000");
    let stripped = page("/shop", true, "http://a.example.net:8000");
    let deep = page("/shop", true, "http://a.example.net:8000/two");
    let prefixed = page("/", false, "http://a.example.net:8000/Two");
    let secure = page("/", false, "https://a.example.net");
    let asked = "https://Shop.example.org./shop/items";
    let turned = |config: &Config, status: u16, name: &str, value: &str| {
        back::turned(config, &config.routes[0], asked, status, back::Field { name, value })
    };
    let vectors = [
        (
            &plain,
            307,
            "location",
            "http://a.example.net:8000/items/?q#f",
            Some("https://shop.example.org/items/?q#f"),
        ),
        (&plain, 302, "location", "HTTP://A.example.net.:8000/x", Some("https://shop.example.org/x")),
        (&plain, 302, "location", "//a.example.net:8000/x", Some("https://shop.example.org/x")),
        (&plain, 302, "location", "http://a.example.net:8000", Some("https://shop.example.org/")),
        (&plain, 302, "location", "http://a.example.net:8000?q", Some("https://shop.example.org/?q")),
        (
            &plain,
            201,
            "location",
            "http://a.example.net:8000/items/7",
            Some("https://shop.example.org/items/7"),
        ),
        (&plain, 302, "location", "https://b.example.net/x", Some("https://shop.example.org/x")),
        (&plain, 200, "location", "http://a.example.net:8000/x", None),
        (&plain, 302, "location", "http://a.example.net:8001/x", None),
        (&plain, 302, "location", "http://a.example.net.evil.org:8000/x", None),
        (&plain, 302, "location", "https://elsewhere.example.com/?u=http://a.example.net:8000/", None),
        (&plain, 302, "location", "/items/", None),
        (&plain, 302, "location", "items/", None),
        (&secure, 302, "location", "http://a.example.net/x", Some("https://shop.example.org/x")),
        (&secure, 302, "location", "https://a.example.net:443/x", Some("https://shop.example.org/x")),
        (
            &stripped,
            307,
            "location",
            "http://a.example.net:8000/items/",
            Some("https://shop.example.org/shop/items/"),
        ),
        (
            &stripped,
            307,
            "location",
            "http://a.example.net:8000/shop/items/",
            Some("https://shop.example.org/shop/items/"),
        ),
        (
            &stripped,
            307,
            "location",
            "http://a.example.net:8000/shopping",
            Some("https://shop.example.org/shop/shopping"),
        ),
        (&stripped, 307, "location", "/items/", Some("/shop/items/")),
        (&stripped, 307, "location", "/shop/items/", None),
        (
            &deep,
            307,
            "location",
            "http://a.example.net:8000/two/items/",
            Some("https://shop.example.org/shop/items/"),
        ),
        (&deep, 307, "location", "http://a.example.net:8000/twofold", None),
        (&deep, 307, "location", "/two/items/", Some("/shop/items/")),
        (&deep, 307, "location", "/two", Some("/shop/")),
        (&deep, 307, "location", "/items/", Some("/shop/items/")),
        (&prefixed, 302, "location", "/Two/login?next=/Two/x", Some("/login?next=/Two/x")),
        (&prefixed, 302, "location", "/Two?q", Some("/?q")),
        (&prefixed, 302, "location", "/Twofold", None),
        (&prefixed, 302, "location", "/login", None),
        (&prefixed, 200, "content-location", "/Two/x.en", Some("/x.en")),
        (&prefixed, 200, "refresh", "5; url=/Two/x", Some("5; url=/x")),
        (
            &plain,
            200,
            "content-location",
            "http://a.example.net:8000/x.en",
            Some("https://shop.example.org/x.en"),
        ),
        (
            &plain,
            200,
            "refresh",
            "5; url=http://a.example.net:8000/x",
            Some("5; url=https://shop.example.org/x"),
        ),
        (
            &plain,
            200,
            "refresh",
            "5;URL='http://a.example.net:8000/x'",
            Some("5;URL='https://shop.example.org/x'"),
        ),
        (&plain, 200, "refresh", "5", None),
        (
            &plain,
            200,
            "set-cookie",
            "a=b; Domain=a.example.net; Path=/",
            Some("a=b; Domain=shop.example.org; Path=/"),
        ),
        (&plain, 200, "set-cookie", "a=b; domain=.A.example.net", Some("a=b; domain=shop.example.org")),
        (&plain, 200, "set-cookie", "a=domain=a.example.net; Path=/", None),
        (&plain, 200, "set-cookie", "domain=a.example.net; Path=/", None),
        (&plain, 200, "set-cookie", "a=b; Domain=example.net", None),
        (&plain, 200, "x-other", "http://a.example.net:8000/x", None),
    ];
    for (config, status, name, value, wanted) in vectors {
        assert_eq!(turned(config, status, name, value).as_deref(), wanted, "{status} {name}: {value}");
    }
    assert_eq!(back::hosts(&plain, 0), ["a.example.net", "b.example.net"]);
    assert_eq!(back::hosts(&prefixed, 0), ["a.example.net", "/two", "b.example.net"]);
}

#[test]
fn a_copy_is_kept_only_of_what_a_shared_cache_may_give_again() {
    let config = config("stale_if_error = \"1h\"");
    let usual = copy::Exchange {
        url: "https://shop.example.org/x",
        method: "GET",
        status: 200,
        length: Some("5"),
        ..Default::default()
    };
    let kept = |exchange: copy::Exchange<'_>| {
        copy::keep(&config.routes[0], &exchange).map_or(0, |keep| {
            assert_eq!(keep.length, 5);
            keep.ttl.as_secs()
        })
    };
    let says = |cache_control| copy::Exchange { cache_control: Some(cache_control), ..usual };
    assert_eq!(kept(usual), 3_600);
    assert_eq!(kept(says("max-age=1")), 3_600);
    // A shared cache gives nothing that is older than this.
    assert_eq!(kept(says("s-maxage=60")), 60);
    assert_eq!(kept(copy::Exchange { age: Some("50"), ..says("s-maxage=60") }), 10);
    assert_eq!(kept(copy::Exchange { age: Some("60"), ..says("s-maxage=60") }), 0);
    assert_eq!(kept(says("s-maxage=0, max-age=600")), 0);
    assert_eq!(kept(says("S-MAXAGE=\"60\"")), 60);
    assert_eq!(kept(says("stale-if-error=30, s-maxage=60")), 30);
    // What is said to caches of a CDN counts alone, the nearest first.
    let cdn = |cdn_control, cloudflare_control| copy::Exchange {
        cdn_control,
        cloudflare_control,
        ..says("no-store")
    };
    assert_eq!(kept(cdn(Some("max-age=60"), None)), 3_600);
    assert_eq!(kept(cdn(Some("no-store"), Some("max-age=60"))), 3_600);
    assert_eq!(kept(cdn(Some("max-age=60"), Some("no-store"))), 0);
    assert_eq!(kept(cdn(Some(" "), None)), 0);
    assert_eq!(kept(copy::Exchange { cdn_control: Some("no-store"), ..says("public, max-age=60") }), 0);
    // And what the client forbids.
    assert_eq!(kept(copy::Exchange { asked_control: Some("no-store"), ..usual }), 0);
    assert_eq!(kept(copy::Exchange { asked_control: Some("no-cache"), ..usual }), 3_600);
    assert_eq!(kept(copy::Exchange { is_personal: true, ..usual }), 0);
    assert_eq!(kept(copy::Exchange { is_personal: true, ..says("s-maxage=60") }), 60);
    assert_eq!(kept(copy::Exchange { length: None, ..usual }), 0);
}

#[test]
fn fields_that_some_servers_take_for_ours_are_dropped() {
    for name in [
        "x_forwarded_for",
        "X_Forwarded-For",
        "x-forwarded_ssl",
        "x_real_ip",
        "cf_connecting_ip",
        "cdn_loop",
        "content_length",
        "true_client_ip",
        "proxy_connection",
    ] {
        assert!(fields::is_impostor(name), "{name}");
    }
    for name in ["x-forwarded-for", "api_key", "x_own", "via", "_"] {
        assert!(!fields::is_impostor(name), "{name}");
    }
}

#[test]
fn what_connection_names_is_a_name() {
    let named = |connection: &str| fields::named_by_connection(connection).collect::<Vec<_>>();
    assert_eq!(
        named("close, X-Own, (, a:b, \"x\", {, @, x y, \u{ff}, X_Under, upgrade"),
        ["x-own", "x_under"]
    );
}

#[test]
fn what_proxy_mjs_is_told_has_one_form() {
    let config = config("timeout = \"2s\"");
    let now = at(0);
    let mut proxy = Proxy::new(&config, 1);
    let inbound = Inbound {
        method: "GET",
        url: "https://shop.example.org/x",
        client: Some("1.2.3.4"),
        connection: Some("keep-alive, X-Own"),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ..Inbound::default()
    };
    let name = fields::pseudonym(config.hash);
    let hosts = r#"["o0.example.com","o1.example.com","o2.example.com","o3.example.com"]"#;
    let step = proxy.on_request(&config, &inbound, |_| None, now).unwrap();
    assert_eq!(step, Step::Learn(1, Name::parse("shop").unwrap()));
    assert_eq!(step.write(), r#"{"learn":1,"pool":"shop"}"#);
    let step = proxy.on_snapshot(&config, 1, None, now).unwrap();
    assert_eq!(
        step.write(),
        format!(
            r#"{{"send":{{"id":2,"url":"http://o0.example.com/x","timeout":2000,"set":[["via","1.1 {name}"],["cdn-loop","{name}"],["forwarded","for=1.2.3.4;host=shop.example.org;proto=https"],["x-forwarded-host","shop.example.org"],["x-forwarded-proto","https"],["x-forwarded-for","1.2.3.4"]],"remove":["x-own"],"route":0,"hosts":{hosts}}}}}"#
        )
    );
    let After { step, suspected } = proxy.on_response(&config, 2, Event::Broken, now).unwrap();
    assert_eq!(
        step.write(),
        format!(
            r#"{{"send":{{"id":3,"url":"http://o1.example.com/x","timeout":2000,"route":0,"hosts":{hosts}}}}}"#
        )
    );
    assert!(suspected.is_empty());
    let step = proxy.on_response(&config, 3, Event::Answered(200), at(12)).unwrap().step;
    assert_eq!(
        step.write(),
        r#"{"pass":[["via","1.1 vedette"],["proxy-status","vedette; next-hop=o1; details=\"o0 broke off\""],["server-timing","vedette;desc=\"o1\";dur=12"]]}"#
    );
}

/// The rows of the table in `docs/routing.md`: a request, what each origin does, what the client
/// gets, and `Proxy-Status`.
fn rows() -> Vec<[String; 4]> {
    let page = include_str!("../docs/routing.md");
    let lines = page.lines().filter(|line| {
        line.starts_with("| GET") || line.starts_with("| POST") || line.starts_with("| DELETE")
    });
    let cells = |line: &str| {
        let cells: Vec<String> = line
            .trim_matches('|')
            .split(" | ")
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect();
        cells.try_into().unwrap_or_else(|cells| panic!("four cells: {cells:?}"))
    };
    lines.map(cells).collect()
}

#[test]
fn the_table_of_the_documents_is_true() {
    let page = include_str!("../docs/routing.md");
    let text = page.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    // The rows are of a route that keeps no copies and has no answer of its own.
    let text: String = text
        .lines()
        .filter(|line| !line.starts_with("stale_if_error") && !line.starts_with("answer"))
        .collect::<Vec<_>>()
        .join("\n");
    let config = Config::parse(&text).unwrap();
    assert!(rows().len() > 10);
    for [request, origins, wanted, said] in rows() {
        let now = at(0);
        let mut proxy = Proxy::new(&config, 1);
        let (method, body) = request.split_once(' ').unwrap_or((&request, ""));
        let inbound = Inbound {
            method,
            url: "https://shop.example.org/x",
            body: if body.is_empty() { Body::None } else { Body::Long },
            ..Inbound::default()
        };
        let known = Known { snapshot: Rc::new(snapshot_of(&config, now)), rests_until: now };
        let mut step = proxy.on_request(&config, &inbound, |_| Some(known), now).unwrap();
        let mut status = 0;
        let mut asked = String::new();
        for does in origins.split(", ") {
            let Step::Send(send) = &step else {
                panic!("{request}, {origins}: nobody is asked before {does}")
            };
            asked = if send.url.contains("shop-a") { "primary" } else { "standby" }.to_owned();
            let event = match does {
                "breaks off" => Event::Broken,
                "is too late" => Event::TimedOut,
                "takes no connection" => Event::Refused,
                "breaks off before it has all" => Event::Cut,
                "loses its client" => Event::Left,
                "521 of the platform" => {
                    status = 521;
                    Event::Unreached(521)
                }
                "600" => Event::Invalid(600),
                code => {
                    status = code.parse().unwrap();
                    Event::Answered(status)
                }
            };
            step = proxy.on_response(&config, send.id, event, now).unwrap().step;
        }
        let (got, fields) = match step {
            Step::Pass(fields) => (format!("{status} from {asked}"), fields),
            Step::Answer(answer) => (format!("{} of our own", answer.status), answer.headers),
            other @ (Step::Learn(..) | Step::Send(_) | Step::Copy(..)) => {
                panic!("{request}, {origins}: {other:?}")
            }
        };
        assert_eq!(got, wanted, "{request}: {origins}");
        let found = fields.iter().find(|(name, _)| *name == "proxy-status").map(|(_, value)| value.as_str());
        assert_eq!(found, Some(said.as_str()), "{request}: {origins}");
    }
}

/// Everything passes.
fn snapshot_of(config: &Config, now: Timestamp) -> Snapshot {
    let mut snapshot = Snapshot::blank(config, now, "nothing yet");
    for origin in &mut snapshot.pools[0].origins {
        origin.status = Status::Pass;
        origin.valid_until = now.plus(Millis::from_secs(45));
    }
    snapshot
}
