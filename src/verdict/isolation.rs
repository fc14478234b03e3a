//! Which vantages cannot be believed, by what the others see: one to which nothing answers, while
//! most others get good answers.
//!
//! This is what stands in for `references` where none are configured: the last good answer of
//! another vantage. With references a vantage has asked for itself before it votes, and its word
//! counts.

use std::collections::BTreeMap;

use super::RecordedVote;
use crate::config::{Config, Origin};
use crate::units::{Millis, Name, OriginId, Timestamp};
use crate::vote::Opinion;

/// The votes on every origin, by vantage.
pub type Votes = BTreeMap<OriginId, BTreeMap<Name, RecordedVote>>;

/// The vantages that cannot be believed at `now`, each with why. A vantage is one of them if:
/// - no origin of which its evidence is fresh answered it at all, and these are at least two hosts:
///   one host alone may well be out of reach from there, and that is what a minority is for;
/// - another vantage got a good answer of one of these origins;
/// - those that get good answers are more than those to which nothing answers: where it is the
///   other way round, or even, nobody can say who is wrong.
#[must_use]
pub fn isolated(config: &Config, votes: &Votes, now: Timestamp) -> BTreeMap<Name, String> {
    let mut isolated = BTreeMap::new();
    if !config.references.is_empty() {
        return isolated;
    }
    let alone: Vec<&Name> = config
        .vantages
        .iter()
        .map(|vantage| &vantage.name)
        .filter(|vantage| nothing_answers(config, votes, vantage, now))
        .collect();
    for vantage in &alone {
        let sighted = config.vantages.iter().map(|other| &other.name).filter(|other| !alone.contains(other));
        let sighted: Vec<&Name> =
            sighted.filter(|other| reaches(config, votes, other, vantage, now)).collect();
        if sighted.len() > alone.len() {
            isolated.insert((*vantage).clone(), why(vantage, &sighted));
        }
    }
    isolated
}

/// `nothing answers weur, while apac and 1 more get good answers`: by the rule there are always two
/// or more.
fn why(vantage: &Name, sighted: &[&Name]) -> String {
    let first = sighted.first().map_or("", |name| name.as_str());
    let more = sighted.len().saturating_sub(1);
    format!("nothing answers {vantage}, while {first} and {more} more get good answers")
}

/// Whether no origin of which a vantage has fresh evidence answered it, on at least two hosts.
fn nothing_answers(config: &Config, votes: &Votes, vantage: &Name, now: Timestamp) -> bool {
    let (mut first, mut several) = (None, false);
    for (origin, vote) in fresh(config, votes, vantage, now) {
        if !vote.seen.is_unanswered() {
            return false;
        }
        let host = origin.url.host.as_str();
        several |= *first.get_or_insert(host) != host;
    }
    several
}

/// Whether an origin of which a vantage has fresh evidence answered it, well or badly.
#[must_use]
pub fn is_answered(config: &Config, votes: &Votes, vantage: &Name, now: Timestamp) -> bool {
    fresh(config, votes, vantage, now).any(|(_, vote)| !vote.seen.is_unanswered())
}

/// Whether a vantage holds one of the origins for good that another one has fresh evidence of.
fn reaches(config: &Config, votes: &Votes, vantage: &Name, other: &Name, now: Timestamp) -> bool {
    let good =
        |vote: &RecordedVote| vote.opinion == Opinion::Pass && !vote.seen.failed && !vote.seen.unproven;
    origins(config).any(|(origin, ttl)| {
        current(votes, origin, ttl, vantage, now).is_some_and(good)
            && current(votes, origin, ttl, other, now).is_some()
    })
}

/// The origins of which a vantage has fresh evidence, with its vote.
fn fresh<'a>(
    config: &'a Config,
    votes: &'a Votes,
    vantage: &'a Name,
    now: Timestamp,
) -> impl Iterator<Item = (&'a Origin, &'a RecordedVote)> {
    origins(config)
        .filter_map(move |(origin, ttl)| Some((origin, current(votes, origin, ttl, vantage, now)?)))
}

/// Every origin, with the time that a vote on it lives.
fn origins(config: &Config) -> impl Iterator<Item = (&Origin, Millis)> {
    config.pools.iter().flat_map(|pool| pool.origins.iter().map(|origin| (origin, pool.vote_ttl)))
}

/// A vantage's vote on an origin, if its evidence is fresh.
fn current<'a>(
    votes: &'a Votes,
    origin: &Origin,
    ttl: Millis,
    vantage: &Name,
    now: Timestamp,
) -> Option<&'a RecordedVote> {
    // Asked of every origin: most are ruled out before anything is looked up.
    let ballot = if origin.vantages.contains(vantage) { votes.get(&origin.id) } else { None };
    ballot?.get(vantage).filter(|vote| vote.definition == origin.definition && now < vote.observed.plus(ttl))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixtures::{at, config};
    use crate::sample::{CacheClass, Database};
    use crate::vote::Seen;

    /// Three origins on three hosts, probed by four vantages.
    const TEXT: &str = r#"
[defaults]
vantages = ["weur", "enam", "apac", "oc"]
[[pool]]
name = "p"
vote_ttl = "60s"
[[pool.origin]]
name = "a"
url = "https://a.example.com"
[[pool.origin]]
name = "b"
url = "https://b.example.com"
[[pool.origin]]
name = "c"
url = "https://c.example.com"
"#;

    /// A vantage and what it last saw of each origin.
    type Saw<'a> = (&'a str, &'a str);

    /// What a vantage last saw: `+` a good answer, `-` a bad one, `x` no answer, `h` what a cache
    /// answered.
    fn vote(c: char, origin: &Origin, observed: Timestamp) -> RecordedVote {
        let failed = matches!(c, '-' | 'x');
        let seen = Seen {
            reason: String::new(),
            warned: c == 'h',
            failed,
            unproven: c == 'h',
            latency: Millis::ZERO,
            status: (c != 'x').then_some(if failed { 500 } else { 200 }),
            cache: CacheClass::Unclassified,
            database: Database::default(),
        };
        let opinion = if failed { Opinion::Fail } else { Opinion::Pass };
        let (definition, since) = (origin.definition, observed);
        RecordedVote { definition, opinion, since, observed, run: 1, seen, colo: None }
    }

    /// Votes by vantage: `("weur", "xx+")` for the origins in their order; `.` is none.
    fn votes(config: &Config, scripts: &[Saw<'_>], observed: Timestamp) -> Votes {
        let mut votes = Votes::new();
        for (vantage, script) in scripts {
            for (c, origin) in script.chars().zip(config.origins()).filter(|(c, _)| *c != '.') {
                let ballot = votes.entry(origin.id.clone()).or_default();
                ballot.insert(Name::parse(vantage).unwrap(), vote(c, origin, observed));
            }
        }
        votes
    }

    fn found(text: &str, scripts: &[Saw<'_>], now: Timestamp) -> String {
        let config = config(text);
        let isolated = isolated(&config, &votes(&config, scripts, at(0)), now);
        isolated.keys().map(Name::as_str).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn one_to_which_nothing_answers_is_not_believed_while_most_others_get_good_answers() {
        let table: [(&str, &[Saw<'_>], &str); 11] = [
            ("alone", &[("weur", "xxx"), ("enam", "+++"), ("apac", "+++")], "weur"),
            ("an answer is an answer, good or bad", &[("weur", "xx-"), ("enam", "+++"), ("apac", "+++")], ""),
            (
                "what a cache answered came over the network",
                &[("weur", "xxh"), ("enam", "+++"), ("apac", "+++")],
                "",
            ),
            ("one host may be out of reach", &[("weur", "x.."), ("enam", "+++"), ("apac", "+++")], ""),
            ("two are enough", &[("weur", "xx."), ("enam", "+++"), ("apac", "+++")], "weur"),
            ("one against one: nobody can say", &[("weur", "xxx"), ("enam", "+++")], ""),
            ("two against two", &[("weur", "xxx"), ("oc", "xxx"), ("enam", "+++"), ("apac", "+++")], ""),
            ("two against one", &[("weur", "xxx"), ("oc", "xxx"), ("enam", "+++")], ""),
            ("all: it is the origins", &[("weur", "xxx"), ("enam", "xxx"), ("apac", "xxx")], ""),
            ("the others see failures too", &[("weur", "xxx"), ("enam", "---"), ("apac", "-+-")], ""),
            ("they see others than it", &[("weur", "xx."), ("enam", "..+"), ("apac", "..+")], ""),
        ];
        for (what, scripts, expected) in table {
            assert_eq!(found(TEXT, scripts, at(1_000)), expected, "{what}");
        }
    }

    #[test]
    fn votes_that_expired_say_nothing() {
        let scripts = [("weur", "xxx"), ("enam", "+++"), ("apac", "+++")];
        assert_eq!(found(TEXT, &scripts, at(59_999)), "weur");
        assert_eq!(found(TEXT, &scripts, at(60_000)), "");
    }

    #[test]
    fn origins_on_one_host_are_one_witness() {
        let text = TEXT
            .replace("b.example.com", "a.example.com:8443")
            .replace("c.example.com", "a.example.com:8444");
        assert_eq!(found(&text, &[("weur", "xxx"), ("enam", "+++"), ("apac", "+++")], at(1)), "");
    }

    #[test]
    fn with_references_a_vantage_has_asked_for_itself() {
        let text = format!("references = [\"https://reference.example\"]\n{TEXT}");
        assert_eq!(found(&text, &[("weur", "xxx"), ("enam", "+++"), ("apac", "+++")], at(1)), "");
    }

    #[test]
    fn it_says_why() {
        let config = config(TEXT);
        let votes = votes(&config, &[("weur", "xxx"), ("enam", "+++"), ("apac", "+++")], at(0));
        let why = isolated(&config, &votes, at(1)).into_iter().next().unwrap().1;
        assert_eq!(why, "nothing answers weur, while enam and 1 more get good answers");
    }

    proptest! {
        #[test]
        fn those_who_are_not_believed_are_outnumbered(scripts in proptest::collection::vec("[-+xh.]{3}", 4)) {
            let config = config(TEXT);
            let names = ["weur", "enam", "apac", "oc"];
            let told: Vec<(&str, &str)> = names.into_iter().zip(scripts.iter().map(String::as_str)).collect();
            let isolated = isolated(&config, &votes(&config, &told, at(0)), at(1));
            let good = scripts.iter().filter(|script| script.contains('+')).count();
            prop_assert!(isolated.is_empty() || good > isolated.len(), "{scripts:?}: {isolated:?}");
            for vantage in isolated.keys() {
                let (_, script) = told.iter().find(|(name, _)| *name == vantage.as_str()).unwrap();
                prop_assert!(script.chars().all(|c| c == 'x' || c == '.'), "{script}");
            }
        }
    }
}
