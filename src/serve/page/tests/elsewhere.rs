//! What is shown elsewhere than on a page: badges and the feed, whatever titles have in them.

use super::customers::{Past, before};
use super::*;
use crate::config::Config;
use crate::serve::{Target, View, badge, feed};

/// A title that closes what it stands in, turns the direction of what follows, and does not end.
fn evil() -> String {
    format!(
        "</text></title><script>alert(1)</script>&\"' \u{202e}desrever\u{2066}\u{0}{}",
        "x".repeat(10_000)
    )
}

/// The state's configuration, everything in it titled so.
fn titled(state: &State, title: &str) -> Config {
    let mut config = state.config.clone();
    for pool in &mut config.pools {
        pool.about.title = Some(title.to_owned());
    }
    config
}

fn badge(file: &str, query: &str, basis: &Basis<'_>) -> String {
    let Ok(Target::View(View::Badge(asked))) = badge::badge(file, query) else { panic!("no badge {file}") };
    badge::answer(&asked, basis).body
}

/// The texts of all elements of that name.
fn all<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(start.as_str()).skip(1).map(|rest| rest.split_once(end.as_str()).unwrap().0).collect()
}

/// Every element is closed by its own name, in its order; nothing is in it that XML has not got or
/// that turns the direction of others.
fn assert_well_formed(xml: &str) {
    let mut open = Vec::new();
    for tag in xml.split('<').skip(1).map(|part| part.split_once('>').unwrap().0) {
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        match tag {
            _ if tag.starts_with('?') || tag.ends_with('/') => {}
            _ if tag.starts_with('/') => assert_eq!(open.pop(), Some(name), "{xml}"),
            _ => open.push(name),
        }
    }
    assert_eq!(open, Vec::<&str>::new(), "{xml}");
    assert_eq!(xml.chars().find(|letter| *letter != '\n' && super::super::misleads(*letter)), None);
}

#[test]
fn a_hostile_title_is_text_in_a_badge_and_is_cut() {
    let state = state("failing-over");
    let config = titled(state, &evil());
    let basis = basis(state, &config, &[]);
    for query in ["", "show=availability", "show=response"] {
        let drawn = badge("shop.svg", query, &basis);
        assert_well_formed(&drawn);
        assert!(!drawn.contains("<script") && drawn.len() < 3_000, "{drawn}");
        let document = badge("shop.json", query, &basis);
        let read: serde_json::Value = serde_json::from_str(&document).unwrap();
        let label = read["label"].as_str().unwrap();
        assert!(label.chars().count() <= 61 && !label.contains(super::super::misleads), "{label}");
    }
}

/// Each pool but the last failed, and was noted of; every other one serves again.
fn happened(config: &Config, now: Timestamp, note: &str) -> Past {
    config.pools.iter().skip(1).enumerate().fold(Past::default(), |past, (place, pool)| {
        let opened = before(now, 90_000 - 60 * u64::try_from(place).unwrap());
        let noted = before(now, 80_000);
        let pool = pool.name.as_str();
        let past = past.stands(pool, opened, Status::Fail).noted((pool, opened), noted, note);
        if place % 2 == 0 { past.stands(pool, before(now, 70_000), Status::Pass) } else { past }
    })
}

#[test]
fn a_feed_keeps_to_the_rules_whatever_happened_and_whatever_titles_say() {
    let mut told = 0;
    for state in STATES.iter() {
        for config in [state.config.clone(), titled(state, &evil())] {
            let past = happened(&config, state.now, &evil()).told(&config, state.now);
            let feed = feed::answer(&basis(state, &config, &[Some(&past)])).body;
            assert_well_formed(&feed);
            assert!(!feed.contains("<script"), "{}", state.name);
            let mut parts = feed.split("<entry>");
            let head = parts.next().unwrap();
            // RFC 4287, 4.1.1: one of each; an author of the feed is that of all its entries.
            let one = |of: &str, name: &str| -> String {
                let found = all(of, name);
                assert_eq!(found.len(), 1, "{name} of {} in {of}", state.name);
                found.concat()
            };
            let updated = Timestamp::parse(&one(head, "updated")).unwrap();
            let mut ids = vec![one(head, "id")];
            assert!(!one(head, "title").is_empty() && !one(head, "name").is_empty());
            for entry in parts {
                told += 1;
                let times = ["published", "updated"].map(|name| Timestamp::parse(&one(entry, name)).unwrap());
                assert!(times[0] <= times[1] && times[1] <= updated, "{entry}");
                assert!(!one(entry, "title").is_empty());
                ids.push(one(entry, "id"));
            }
            let distinct: std::collections::BTreeSet<&String> = ids.iter().collect();
            assert_eq!(distinct.len(), ids.len(), "{}: {ids:?}", state.name);
            assert!(ids.iter().all(|id| id.starts_with("urn:") || id.starts_with("http")), "{ids:?}");
        }
    }
    assert!(told > 10, "{told}");
}
