//! What a vantage makes of the connections that its probes open.

use proptest::prelude::*;

use super::*;
use crate::sample::{Connected, Outcome};
use crate::vantage::connect::ACCEPTS_NONE;

/// One origin on a plan that counts nothing by the day.
fn one(settings: &str) -> String {
    format!(
        "plan = \"paid\"\n[defaults]\ninterval = \"10s\"\nfast_interval = \"2s\"\nvantages = [\"weur\"]\n\
         {settings}\n[[pool]]\nname = \"p\"\n[[pool.origin]]\nname = \"o\"\nurl = \"https://o.example\"\n"
    )
}

/// A vantage, its clock, and what came of it so far.
struct Watch {
    prober: Prober,
    now: Timestamp,
    /// What the latest report says of the origin.
    opinion: Opinion,
    reason: String,
    notes: Vec<ConnectNote>,
    /// When probes opened connections, and when they did not.
    opened: Vec<(Timestamp, bool)>,
}

impl Watch {
    fn new(settings: &str) -> Self {
        let prober = prober(&one(settings), None, at(0));
        let (notes, opened) = (Vec::new(), Vec::new());
        Self { prober, now: at(0), opinion: Opinion::Undecided, reason: String::new(), notes, opened }
    }

    /// The next probe comes back with this; a connection that was not opened says nothing.
    fn probe(&mut self, outcome: &Sample, connected: Connected) {
        let mut effects = self.prober.step(Event::Alarm, self.now);
        for effect in effects.clone() {
            let Effect::Probe(id, ticket, opens) = effect else { continue };
            self.opened.push((self.now, opens));
            let connected = if opens { connected } else { Connected::NotTried };
            let sample = Sample { connected, at: self.now, ..outcome.clone() };
            effects.extend(self.prober.step(Event::Sampled(id, ticket, sample), self.now));
        }
        for effect in effects {
            if let Effect::Report(report) = &effect {
                for vote in &report.votes {
                    (self.opinion, self.reason) = (vote.opinion, vote.seen.reason.clone());
                }
                self.prober.step(Event::Delivered(report.seq), self.now);
            } else if let Effect::Connections(_, note) = effect {
                self.notes.push(note);
            }
        }
        self.now = self.prober.next_due(self.now).max(self.now.plus(Millis::new(1)));
    }

    fn passes(&mut self, connected: Connected) {
        self.probe(&sample(true, self.now), connected);
    }

    /// Settled: it passes, and accepts connections.
    fn settled(settings: &str) -> Self {
        let mut watch = Self::new(settings);
        for _ in 0..4 {
            watch.passes(Connected::Accepted);
        }
        assert_eq!(watch.opinion, Opinion::Pass);
        watch
    }

    /// The object is made anew with what it stored.
    fn reborn(&mut self, settings: &str) {
        self.prober = prober(&one(settings), Some(&self.prober.stored()), self.now);
    }
}

const ALWAYS: &str = "connect = \"always\"";

const FAILURES: [Connected; 3] = [Connected::Refused, Connected::NotInTime, Connected::Closed];

#[test]
fn two_failures_in_a_row_fail_an_origin_that_answers_whatever_its_thresholds_are() {
    for thresholds in ["", "fall = 1", "fall = 7", "window = \"1/5\"", "fall = 9\nwindow = \"4/9\""] {
        for failure in FAILURES {
            let mut watch = Watch::settled(&format!("{ALWAYS}\n{thresholds}"));
            watch.passes(failure);
            assert_eq!(watch.opinion, Opinion::Pass, "{thresholds}: one is a packet that was lost");
            assert_eq!(watch.reason, ACCEPTS_NONE, "but it is told");
            watch.passes(failure);
            assert_eq!((watch.opinion, watch.reason.as_str()), (Opinion::Fail, ACCEPTS_NONE), "{thresholds}");
        }
    }
}

#[test]
fn a_failure_is_looked_after_at_the_fast_pace() {
    let mut watch = Watch::settled("");
    // The first probe of the next minute.
    while watch.opinion == Opinion::Pass {
        watch.passes(Connected::Refused);
    }
    let [.., (first, true), (second, true)] = watch.opened[..] else { panic!("{:?}", watch.opened) };
    assert!(second.since(first) <= Millis::from_secs(3), "{:?}", watch.opened);
}

#[test]
fn failures_that_are_not_in_a_row_turn_nothing() {
    let mut watch = Watch::settled(ALWAYS);
    for _ in 0..20 {
        watch.passes(Connected::Refused);
        watch.passes(Connected::Accepted);
        assert_eq!(watch.opinion, Opinion::Pass);
    }
}

#[test]
fn what_is_accepted_again_passes_again() {
    let mut watch = Watch::settled(ALWAYS);
    for _ in 0..5 {
        watch.passes(Connected::Refused);
    }
    watch.passes(Connected::Accepted);
    assert_eq!(watch.opinion, Opinion::Fail, "rise is two");
    watch.passes(Connected::Accepted);
    assert_eq!(watch.opinion, Opinion::Pass);
}

#[test]
fn a_probe_that_fails_gives_its_own_reason_and_its_own_count() {
    let mut watch = Watch::settled(ALWAYS);
    for _ in 0..2 {
        watch.probe(&sample(false, watch.now), Connected::Refused);
        assert_eq!(watch.reason, "status 500 is not expected");
        assert_eq!(watch.opinion, Opinion::Pass, "fall is three");
    }
    watch.passes(Connected::Refused);
    assert_eq!(watch.reason, ACCEPTS_NONE);
}

#[test]
fn who_never_accepted_one_is_told_of_once_and_never_fails() {
    let mut watch = Watch::new(ALWAYS);
    for failure in FAILURES.into_iter().chain([Connected::Barred]).cycle().take(200) {
        watch.passes(failure);
        if watch.now > at(100_000) && watch.notes.len() == 1 {
            watch.reborn(ALWAYS);
        }
    }
    assert_eq!((watch.opinion, watch.reason.as_str()), (Opinion::Pass, "ok"));
    assert_eq!(watch.notes, [ConnectNote::NoneYet]);
}

#[test]
fn where_the_platform_answers_it_is_switched_off_and_said_once() {
    let mut watch = Watch::settled(ALWAYS);
    watch.passes(Connected::Refused);
    for _ in 0..9 {
        watch.passes(Connected::Barred);
    }
    assert_eq!((watch.opinion, watch.reason.as_str()), (Opinion::Pass, "ok"));
    assert_eq!(watch.notes, [ConnectNote::SwitchedOff]);
    let (_, opens) = watch.opened[watch.opened.len() - 1];
    assert!(!opens, "no more are opened");
    watch.reborn(ALWAYS);
    watch.passes(Connected::Refused);
    assert!(!watch.opened[watch.opened.len() - 1].1, "nor by the next object");
    watch.reborn("connect = \"5s\"");
    watch.passes(Connected::Accepted);
    assert!(watch.opened[watch.opened.len() - 1].1, "another definition begins anew");
}

#[test]
fn answers_that_go_on_for_longer_than_a_connection_lasts_switch_it_off() {
    let mut watch = Watch::settled(ALWAYS);
    let begun = watch.now;
    while watch.now.since(begun) < Millis::from_secs(890) {
        watch.passes(Connected::NotInTime);
    }
    assert_eq!((watch.opinion, watch.notes.len()), (Opinion::Fail, 0));
    for _ in 0..6 {
        watch.passes(Connected::NotInTime);
    }
    assert_eq!((watch.opinion, watch.notes.as_slice()), (Opinion::Pass, &[ConnectNote::SwitchedOff][..]));
}

#[test]
fn who_comes_back_is_not_kept_waiting_for_a_connection() {
    let mut watch = Watch::settled("connect = \"1h\"");
    watch.opened.clear();
    while watch.opinion == Opinion::Pass {
        watch.probe(&sample(false, watch.now), Connected::Accepted);
    }
    while watch.opinion == Opinion::Fail {
        watch.passes(Connected::Accepted);
    }
    assert_eq!(watch.opinion, Opinion::Pass);
    assert!(watch.opened.len() >= 4, "some fail, some pass: {:?}", watch.opened);
    assert!(watch.opened.iter().all(|(_, opens)| !opens), "{:?}", watch.opened);
}

#[test]
fn what_is_known_outlives_the_object() {
    let mut watch = Watch::settled(ALWAYS);
    watch.passes(Connected::Refused);
    watch.reborn(ALWAYS);
    watch.passes(Connected::Refused);
    assert_eq!((watch.opinion, watch.reason.as_str()), (Opinion::Fail, ACCEPTS_NONE));
}

#[test]
fn a_shard_that_opens_none_stores_nothing_of_it() {
    let mut watch = Watch::new("connect = \"off\"");
    for _ in 0..5 {
        watch.passes(Connected::Refused);
    }
    assert!(watch.opened.iter().all(|(_, opens)| !opens), "{:?}", watch.opened);
    assert!(!watch.prober.stored().contains("connect"), "{}", watch.prober.stored());
    let row = r#"{"version":1,"tallies":{"p/o":{"definition":"D","tally":{"opinion":"pass","since":5,"passes":2,"failures":0,"recent":0}}},"spent":null,"asked":null,"colo":null}"#;
    let origin = config(&one(ALWAYS)).origins().next().unwrap().definition.to_string();
    let row = row.replace("\"D\"", &format!("\"{origin}\""));
    assert_eq!(prober(&one(ALWAYS), Some(&row), at(0)).stored(), row, "what an earlier release stored");
}

/// When connections are opened in an hour in which everything passes, in seconds.
fn opened(settings: &str) -> Vec<u64> {
    let mut watch = Watch::settled(settings);
    watch.opened.clear();
    let begun = watch.now;
    while watch.now.since(begun) < Millis::from_secs(3_600) {
        watch.passes(Connected::Accepted);
    }
    let opened = watch.opened.iter().filter(|(_, opens)| *opens);
    opened.map(|(at, _)| at.as_millis() / 1_000).collect()
}

#[test]
fn one_is_opened_in_each_stretch_and_by_default_each_minute() {
    for settings in ["", "connect = \"1m\""] {
        let opened = opened(settings);
        assert!((58..=60).contains(&opened.len()), "{opened:?}");
        assert!(opened.windows(2).all(|pair| (45..=75).contains(&(pair[1] - pair[0]))), "{opened:?}");
    }
    assert!((350..=370).contains(&opened("connect = \"3s\"").len()), "with each probe");
    assert!((350..=370).contains(&opened(ALWAYS).len()));
    assert!(opened("connect = \"off\"").is_empty());
    assert!((5..=7).contains(&opened("connect = \"10m\"").len()));
}

#[test]
fn objects_without_memory_open_them_as_rarely() {
    let mut watch = Watch::settled("");
    watch.opened.clear();
    let begun = watch.now;
    while watch.now.since(begun) < Millis::from_secs(3_600) {
        watch.reborn("");
        watch.passes(Connected::Accepted);
    }
    let opened = watch.opened.iter().filter(|(_, opens)| *opens).count();
    assert!((50..=70).contains(&opened), "{opened} in an hour");
}

#[test]
fn a_plan_with_daily_limits_opens_none_unless_it_is_asked_to() {
    for (plan, settings, opens) in [("free", "", false), ("free", ALWAYS, true), ("paid", "", true)] {
        let text = one(settings).replace("paid", plan);
        let effects = prober(&text, None, at(0)).step(Event::Alarm, at(0));
        let opened = effects.iter().any(|effect| matches!(effect, Effect::Probe(_, _, true)));
        assert_eq!(opened, opens, "{plan} {settings}");
    }
}

/// What one probe comes back with.
fn outcome() -> impl Strategy<Value = (bool, Connected)> {
    let connected = prop_oneof![
        2 => Just(Connected::NotTried),
        3 => Just(Connected::Accepted),
        2 => Just(Connected::Refused),
        2 => Just(Connected::NotInTime),
        2 => Just(Connected::Closed),
        1 => Just(Connected::Barred),
    ];
    (proptest::bool::weighted(0.8), connected)
}

/// Whether it says that a new connection is not accepted.
fn is_failure(connected: Connected) -> bool {
    matches!(connected, Connected::Refused | Connected::NotInTime | Connected::Closed)
}

proptest! {
    #[test]
    fn a_connection_counts_only_after_one_was_accepted_and_never_alone(
        outcomes in proptest::collection::vec(outcome(), 0..60), accepts in any::<bool>(), fall in 1..4_u32,
        forgets in any::<u64>(),
    ) {
        let settings = format!("{ALWAYS}\nfall = {fall}\nrise = 1");
        let mut watch = Watch::new(&settings);
        let (mut accepted, mut in_a_row) = (false, 0);
        for (nth, (passes, connected)) in outcomes.into_iter().enumerate() {
            // A world in which none is ever accepted.
            let connected = if connected == Connected::Accepted && !accepts { Connected::Refused } else { connected };
            if forgets >> (nth % 64) & 1 == 1 {
                watch.reborn(&settings);
            }
            if !passes {
                let hung = Sample { outcome: Outcome::NoAnswerInTime, status: None, ..sample(true, watch.now) };
                watch.probe(&hung, connected);
                continue;
            }
            let before = watch.opinion;
            watch.passes(connected);
            accepted |= connected == Connected::Accepted;
            in_a_row = if is_failure(connected) { in_a_row + 1 } else if connected == Connected::Accepted { 0 } else { in_a_row };
            if watch.reason == ACCEPTS_NONE {
                prop_assert!(accepted && is_failure(connected));
            }
            if before != Opinion::Fail && watch.opinion == Opinion::Fail {
                prop_assert!(accepted && in_a_row >= 2 || fall > 1 && accepted && in_a_row >= 1, "{in_a_row}");
            }
        }
        prop_assert!(watch.notes.len() <= 2, "{:?}", watch.notes);
    }
}
