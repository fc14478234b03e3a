use std::collections::BTreeMap;

use crate::arbiter::tests::{arbiter_of, feed, rows, tell_all};
use crate::arbiter::{Arbiter, Effect, Event, Row};
use crate::fixtures::{SHOP, at, config, shop};
use crate::history::Stored;
use crate::incident::{Grounds, Incident, Kind, Query, within};
use crate::units::Fingerprint;
use crate::verdict::Status;

/// The rows of history that the effects of steps make.
#[derive(Default)]
struct Kept(BTreeMap<String, String>);

impl Kept {
    /// Keeps what is remembered; the other rows.
    fn keep(&mut self, effects: &[Effect]) -> Vec<Row> {
        for effect in effects {
            if let Effect::Remember(memories) = effect {
                let stored = Stored { at: &|key| self.0.get(key).cloned(), after: &|_| None };
                let rows = memories.rows(&stored);
                self.0.extend(rows.into_iter().map(|row| (row.key, row.text)));
            }
        }
        rows(effects)
    }

    fn incidents(&self) -> Vec<Incident> {
        let stored = |key: &str| self.0.get(key).cloned();
        let (config, now) = (Fingerprint::of("a"), at(900_000));
        let grounds = Grounds { stored: &stored, shown: &|_| true, config, now };
        within(&grounds, &Query::default()).collect()
    }
}

fn names(names: &[crate::units::Name]) -> Vec<&str> {
    names.iter().map(crate::units::Name::as_str).collect()
}

/// Fails at 2 s, seen by two vantages, and by the third at 3 s.
fn failed(kept: &mut Kept, arbiter: &mut Arbiter) -> Vec<Row> {
    let mut stored = kept.keep(&tell_all(arbiter, 1_000, "++"));
    stored.extend(kept.keep(&feed(arbiter, 2_000, &[("weur", "-x"), ("enam", "-x")])));
    stored.extend(kept.keep(&feed(arbiter, 3_000, &[("apac", "xx")])));
    stored
}

#[test]
fn an_incident_says_why_and_who_saw_it_even_who_saw_it_later() {
    let (mut kept, mut arbiter) = (Kept::default(), arbiter_of(&shop(), &[], at(0)));
    failed(&mut kept, &mut arbiter);
    let [one] = &kept.incidents()[..] else { panic!("{:?}", kept.0) };
    assert_eq!((one.opened, one.closed, one.worst), (at(2_000), None, Status::Fail));
    let cause = one.cause.as_ref().unwrap();
    assert_eq!((cause.kind, cause.origin.as_str()), (Kind::Answer, "primary"));
    assert_eq!(cause.reason, "2 of 3 vantages: enam, weur: status 500 is not expected");
    assert_eq!(names(&one.vantages), ["weur", "enam", "apac"]);
    assert_eq!(names(&one.origins), ["primary", "standby"]);
    assert_eq!(one.served.len(), 1);
    assert_eq!(one.served[0].origin, None, "nobody served");
}

#[test]
fn a_restart_anywhere_in_the_story_gives_the_same_incident() {
    let story = |restart: bool| {
        let (mut kept, mut arbiter) = (Kept::default(), arbiter_of(&shop(), &[], at(0)));
        let stored = failed(&mut kept, &mut arbiter);
        if restart {
            arbiter = arbiter_of(&shop(), &stored, at(4_000));
            kept.keep(&arbiter.step(Event::Woken, at(4_000)));
        }
        for second in 5..30 {
            kept.keep(&tell_all(&mut arbiter, second * 1_000, "++"));
        }
        kept.incidents()
    };
    let (whole, restarted) = (story(false), story(true));
    assert_eq!(whole.len(), 1);
    assert!(whole[0].closed.is_some(), "{whole:?}");
    assert_eq!(whole, restarted);
}

#[test]
fn a_warning_opens_one_only_where_it_is_configured() {
    for (setting, count) in [("", 0), ("[incidents]\nopen_on = \"warn\"\n", 1)] {
        let config = config(&format!("{setting}{SHOP}"));
        let (mut kept, mut arbiter) = (Kept::default(), arbiter_of(&config, &[], at(0)));
        kept.keep(&tell_all(&mut arbiter, 1_000, "++"));
        kept.keep(&tell_all(&mut arbiter, 2_000, "-+"));
        let incidents = kept.incidents();
        assert_eq!(incidents.len(), count, "{incidents:?}");
        if let Some(one) = incidents.first() {
            assert_eq!(one.served.last().unwrap().origin.as_ref().unwrap().as_str(), "standby");
        }
    }
}
