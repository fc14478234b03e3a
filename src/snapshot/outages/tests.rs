use proptest::prelude::*;

use super::*;
use crate::config::Config;
use crate::fixtures::{at, config};
use crate::snapshot::Snapshot;
use crate::verdict::pool_status;

const NAMES: [&str; 3] = ["a", "b", "c"];

/// What an Arbiter notes of a pool `shop`, second by second: a sign for each origin, `+` pass, `!`
/// warn, `-` fail, `?` unknown.
struct Story {
    signs: Vec<Status>,
    pool: Status,
    /// Oldest first.
    noted: Vec<Transition>,
}

fn status(sign: char) -> Status {
    match sign {
        '+' => Status::Pass,
        '!' => Status::Warn,
        '-' => Status::Fail,
        _ => Status::Unknown,
    }
}

impl Story {
    /// Nothing is known of any origin yet.
    fn new() -> Self {
        Self { signs: vec![Status::Unknown; 3], pool: Status::Unknown, noted: Vec::new() }
    }

    /// All origins pass from the start, which nothing is noted of.
    fn passing(origins: usize) -> Self {
        Self { signs: vec![Status::Pass; origins], pool: Status::Pass, noted: Vec::new() }
    }

    /// At this second the origins stand so.
    fn stands(mut self, second: u64, signs: &str) -> Self {
        let now: Vec<Status> = signs.chars().map(status).collect();
        for ((name, from), to) in NAMES.into_iter().zip(&self.signs).zip(&now) {
            if from != to {
                self.noted.push(change(second, &format!("shop/{name}"), *from, *to));
            }
        }
        let pool = pool_status(&now);
        if pool != self.pool {
            self.noted.push(change(second, "shop", self.pool, pool));
        }
        (self.signs, self.pool) = (now, pool);
        self
    }

    /// The same with what stands now in the snapshot, of the events the `latest`.
    fn shown(&self, latest: usize) -> Vec<Row> {
        let events: Vec<Transition> = self.noted.iter().rev().take(latest).cloned().collect();
        rows(&events, Some((self.pool, &self.signs)))
    }
}

fn change(second: u64, subject: &str, from: Status, to: Status) -> Transition {
    let reason = format!("{subject} is {}", to.as_str());
    Transition { at: at(second * 1_000), subject: subject.to_owned(), from, to, reason }
}

/// A row as the tests read it: when it began and ended, what with, what became of it, why.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    begun: u64,
    ended: Option<u64>,
    subject: String,
    kind: EntryKind,
    worst: Status,
    why: String,
}

/// A pool of so many origins.
fn shop(origins: usize) -> Config {
    let origins = NAMES.iter().take(origins);
    let origins =
        origins.map(|name| format!("[[pool.origin]]\nname = \"{name}\"\nurl = \"https://{name}.example\"\n"));
    config(&format!("[[pool]]\nname = \"shop\"\n{}", origins.collect::<String>()))
}

/// The rows of these events, newest first, if the pool and its origins stand so; or the pool is not
/// watched any more.
fn rows(events: &[Transition], pool: Option<(Status, &[Status])>) -> Vec<Row> {
    let origins = pool.map_or(1, |(_, origins)| origins.len());
    let mut snapshot = Snapshot::blank(&shop(origins), at(0), "");
    match (pool, snapshot.pools.first_mut()) {
        (Some((status, origins)), Some(view)) => {
            view.status = status;
            for (view, status) in view.origins.iter_mut().zip(origins) {
                view.status = *status;
            }
        }
        _ => snapshot.pools.clear(),
    }
    let second = |at: Timestamp| at.since(self::at(0)).as_secs();
    let row = |one: TimelineEntry<'_>| Row {
        begun: second(one.begun),
        ended: one.ended.map(second),
        subject: one.subject.to_owned(),
        kind: one.kind,
        worst: one.worst,
        why: one.cause.reason.clone(),
    };
    timeline(events, &snapshot.pools).into_iter().map(row).collect()
}

fn outage(begun: u64, ended: impl Into<Option<u64>>, subject: &str, worst: Status, why: &str) -> Row {
    let kind = EntryKind::Outage { before: false, times: 1, unwatched: false };
    Row { begun, ended: ended.into(), subject: subject.to_owned(), kind, worst, why: why.to_owned() }
}

#[test]
fn an_outage_of_one_origin_is_one_row_and_not_eight() {
    let story = Story::passing(1).stands(10, "!").stands(11, "-").stands(50, "!").stands(55, "+");
    assert_eq!(story.noted.len(), 8);
    assert_eq!(story.shown(20), [outage(10, 55, "shop", Status::Fail, "shop/a is fail")]);
}

#[test]
fn an_origin_that_fails_while_its_pool_serves_is_named() {
    let story = Story::passing(2).stands(10, "!+").stands(11, "-+").stands(50, "!+").stands(55, "++");
    assert_eq!(story.shown(20), [outage(10, 55, "shop/a", Status::Fail, "shop/a is fail")]);
}

#[test]
fn what_lasts_has_no_end_and_comes_first() {
    let story = Story::passing(2).stands(10, "-+").stands(50, "++").stands(500, "+-");
    let rows = [
        outage(500, None, "shop/b", Status::Fail, "shop/b is fail"),
        outage(10, 50, "shop/a", Status::Fail, "shop/a is fail"),
    ];
    assert_eq!(story.shown(20), rows);
}

#[test]
fn several_origins_that_fail_one_after_the_other_are_one_outage_of_the_pool() {
    let serves = Story::passing(3).stands(10, "-++").stands(20, "--+").stands(30, "+-+").stands(40, "+++");
    assert_eq!(serves.shown(20), [outage(10, 40, "shop", Status::Warn, "shop/a is fail")]);
    let down = Story::passing(2).stands(10, "-+").stands(20, "--").stands(30, "+-").stands(40, "++");
    assert_eq!(down.shown(20), [outage(10, 40, "shop", Status::Fail, "shop/a is fail")]);
}

#[test]
fn what_comes_back_within_a_minute_is_one_outage_that_flaps() {
    let flaps = Story::passing(1).stands(10, "-").stands(20, "+").stands(60, "-").stands(70, "+");
    let kind = EntryKind::Outage { before: false, times: 2, unwatched: false };
    let row = Row { kind, ..outage(10, 70, "shop", Status::Fail, "shop/a is fail") };
    assert_eq!(flaps.shown(20), [row]);
    let calm = Story::passing(1).stands(10, "-").stands(20, "+").stands(80, "-").stands(90, "+");
    assert_eq!(calm.shown(20).len(), 2);
}

#[test]
fn a_start_is_one_row() {
    let started = Story::new().stands(4, "+??").stands(5, "++?").stands(9, "+++");
    let rows = started.shown(20);
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((row.kind, row.subject.as_str(), row.worst), (EntryKind::Start, "shop", Status::Pass));
}

#[test]
fn a_heartbeat_that_never_came_makes_no_outage_of_the_others_longer() {
    let jobs = Story::new().stands(4, "+?+").stands(1_000, "-?+").stands(1_100, "+?+").stands(5_000, "+++");
    let rows = jobs.shown(20);
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert_eq!((rows[0].kind, rows[0].begun, rows[0].subject.as_str()), (EntryKind::Start, 5_000, "shop/b"));
    assert_eq!(rows[1], outage(1_000, 1_100, "shop/a", Status::Fail, "shop/a is fail"));
    assert_eq!(rows[2].kind, EntryKind::Start);
}

#[test]
fn an_origin_that_is_taken_out_while_it_fails_ends_its_outage() {
    let mut story = Story::passing(2).stands(10, "-+");
    story.noted.push(change(70, "shop", Status::Warn, Status::Pass));
    story.pool = Status::Pass;
    story.signs = vec![Status::Pass];
    assert_eq!(story.shown(20), [outage(10, 70, "shop/a", Status::Fail, "shop/a is fail")]);
}

#[test]
fn a_pool_that_is_watched_no_more_has_no_outage_that_lasts() {
    let story = Story::passing(1).stands(10, "!").stands(20, "-");
    let events: Vec<Transition> = story.noted.iter().rev().cloned().collect();
    let kind = EntryKind::Outage { before: false, times: 1, unwatched: true };
    assert_eq!(rows(&events, None), [Row { kind, ..outage(10, 20, "shop", Status::Fail, "shop/a is fail") }]);
}

#[test]
fn silence_of_the_watch_is_one_row_and_no_failure() {
    let story = Story::passing(2).stands(10, "??").stands(50, "++");
    assert_eq!(story.shown(20), [outage(10, 50, "shop", Status::Unknown, "shop/a is unknown")]);
}

#[test]
fn what_was_given_up_is_a_note() {
    let given_up = change(10, "notify/ops", Status::Unknown, Status::Unknown);
    let events = [given_up];
    let rows = rows(&events, Some((Status::Pass, &[Status::Pass])));
    assert_eq!((rows[0].kind, rows[0].subject.as_str()), (EntryKind::Note, "notify/ops"));
}

#[test]
fn an_outage_whose_beginning_is_not_among_the_events_says_so() {
    let story = Story::passing(1).stands(10, "!").stands(11, "-").stands(50, "!").stands(55, "+");
    let rows = story.shown(3);
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert!(matches!(row.kind, EntryKind::Outage { before: true, .. }), "{row:?}");
    assert_eq!((row.begun, row.ended, row.worst), (50, Some(55), Status::Fail));
}

/// What stands with the origins, by one of these signs each, and for how many seconds.
fn course(signs: &'static str) -> impl Strategy<Value = Vec<(String, u64)>> {
    prop::collection::vec((signs, 1_u64..200), 1..20)
}

/// The story of a course, and what a reader would call its outages: from one pass of the pool to
/// the next, those with less than a minute between them taken together.
fn told(course: &[(String, u64)]) -> (Story, Vec<(u64, Option<u64>)>) {
    let (mut story, mut second) = (Story::passing(3), 10);
    let mut outages: Vec<(u64, Option<u64>)> = Vec::new();
    for (signs, seconds) in course {
        let before = story.pool;
        story = story.stands(second, signs);
        match (before, story.pool) {
            (Status::Pass, Status::Pass) => {}
            (_, Status::Pass) => outages.last_mut().unwrap().1 = Some(second),
            (Status::Pass, _) => match outages.last_mut() {
                Some((_, end)) if end.is_some_and(|end| second - end < CALM.as_secs()) => *end = None,
                _ => outages.push((second, None)),
            },
            _ => {}
        }
        second += seconds;
    }
    (story, outages)
}

proptest! {
    #[test]
    fn one_outage_is_one_row_whatever_its_way(course in course("[+!?-]{3}")) {
        let (story, mut wanted) = told(&course);
        wanted.reverse();
        let rows: Vec<_> = story.shown(usize::MAX).iter().map(|row| (row.begun, row.ended)).collect();
        prop_assert_eq!(rows, wanted, "{:?}", story.noted);
    }

    #[test]
    fn the_worst_is_what_came_of_the_pool_or_of_the_one_origin(course in course("[+!?-]{3}")) {
        let (story, _) = told(&course);
        for row in story.shown(usize::MAX) {
            let within = |change: &&Transition| {
                let at = change.at.since(at(0)).as_secs();
                change.subject == row.subject && at >= row.begun && row.ended.is_none_or(|ended| at <= ended)
            };
            // What happens at the second in which it ends may be the next one's, but is no outage
            // of the same minute.
            let worst = story.noted.iter().filter(within).map(|change| change.to).max();
            prop_assert_eq!(Some(row.worst), worst, "{:?}", row);
        }
    }

    #[test]
    fn with_the_oldest_events_forgotten_what_is_left_ends_as_it_did(
        // Of what is unknown it cannot be told whether it ever was known.
        course in course("[+!-]{3}"), latest in 1_usize..40
    ) {
        let (story, wanted) = told(&course);
        let rows = story.shown(latest);
        let mut ends = wanted.iter().rev().map(|(_, ended)| *ended);
        for row in &rows {
            let EntryKind::Outage { before, .. } = row.kind else { continue };
            prop_assert!(ends.any(|ended| ended == row.ended), "{row:?} of {wanted:?}");
            prop_assert!(before || wanted.iter().any(|(begun, _)| *begun <= row.begun), "{row:?}");
        }
        let last = rows.iter().filter(|row| row.ended.is_none()).count();
        // Of a pool without any event nothing is said.
        let lasts = story.pool != Status::Pass && !story.noted.is_empty();
        prop_assert_eq!(last, usize::from(lasts), "{:?}", rows);
    }
}
