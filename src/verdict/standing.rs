//! The verdict that stands: it follows the judgement of each moment at once when that gets worse,
//! and slowly when it gets better.
//!
//! What stands is the worst that was judged within the last `hold_down`. An origin that keeps
//! falling flaps: every further fall doubles the time that it must hold, as proxies lengthen each
//! ejection (Envoy, "Outlier detection", ejection algorithm). No evidence stands at once as what it
//! is: unknown is never held back, nor does it wipe out what was judged before it.

use serde::{Deserialize, Serialize};

use super::{RawVerdict, Status};
use crate::config::Pool;
use crate::defaults::verdict::{FLAPPING, REMEMBERED};
use crate::units::{Fingerprint, Millis, Timestamp};

/// How long a fall is remembered of an origin that is probed at this interval: sixty probes, an
/// hour at a minute.
fn history(interval: Millis) -> Millis {
    interval.times(60)
}

/// How slowly a verdict gets better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damping {
    /// How long a better judgement must have held, in calm.
    pub hold_down: Millis,
    /// The interval of the origin: what flapping begins to hold with where there is no `hold_down`.
    pub interval: Millis,
    /// The longest that flapping makes a verdict hold, if `hold_down` is not longer.
    pub max_hold: Millis,
}

impl Damping {
    /// That of what evidence comes of at this interval, in this pool.
    #[must_use]
    pub const fn of(pool: &Pool, interval: Millis) -> Self {
        Self { hold_down: pool.hold_down, interval, max_hold: pool.max_hold }
    }
}

/// The verdict of an origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Fingerprint of the definition that it judges.
    definition: Fingerprint,
    /// What stands.
    pub status: Status,
    /// Since when.
    pub since: Timestamp,
    /// What the votes said when they were last weighed.
    pub judged: Status,
    /// When the votes last ceased to say fail.
    failed: Option<Timestamp>,
    /// When the votes last ceased to say warn.
    warned: Option<Timestamp>,
    /// Whether the last change of what the votes say was for the better: the next one for the worse
    /// is a fall.
    better: bool,
    /// The latest falls, oldest first.
    falls: Vec<Timestamp>,
    /// Whether it has failed since it last was fit for traffic.
    down: bool,
    /// When it became fit for traffic again.
    pub recovered: Option<Timestamp>,
}

impl Verdict {
    /// The verdict before any vote.
    #[must_use]
    pub const fn unknown(definition: Fingerprint, since: Timestamp) -> Self {
        Self {
            definition,
            status: Status::Unknown,
            since,
            judged: Status::Unknown,
            failed: None,
            warned: None,
            better: true,
            falls: Vec::new(),
            down: false,
            recovered: None,
        }
    }

    /// The same for an origin of this definition: what stands, stands until it is weighed again,
    /// and who recovered goes on waiting, but another definition begins with nothing held against
    /// it.
    #[must_use]
    pub fn under(self, definition: Fingerprint) -> Self {
        if self.definition == definition {
            return self;
        }
        let Self { status, since, down, recovered, .. } = self;
        Self { status, down, recovered, ..Self::unknown(definition, since) }
    }

    /// Whether it has failed since it last was fit for traffic.
    #[must_use]
    pub const fn has_failed(&self) -> bool {
        self.down
    }

    /// Takes the judgement of this moment in. Whether anything changed that must be stored.
    pub fn follow(&mut self, judgement: &RawVerdict, damping: Damping, now: Timestamp) -> bool {
        let before = self.clone();
        self.mind_the_clock(now);
        let remembered = history(damping.interval);
        self.falls.retain(|fall| now.since(*fall) < remembered);
        // What is over is over: a longer hold after the next fall does not bring it back.
        let hold = self.hold(damping);
        for at in [&mut self.failed, &mut self.warned] {
            *at = at.filter(|at| now.since(*at) < hold);
        }
        self.judge(judgement.status, now);
        let status = self.held(self.hold(damping), now);
        if status != self.status {
            self.since = now;
            self.status = status;
        }
        match status {
            Status::Fail => self.down = true,
            Status::Pass | Status::Warn if self.down => {
                self.down = false;
                self.recovered = Some(now);
            }
            Status::Pass | Status::Warn | Status::Unknown => {}
        }
        *self != before
    }

    fn judge(&mut self, judged: Status, now: Timestamp) {
        let from = std::mem::replace(&mut self.judged, judged);
        if from == judged {
            return;
        }
        match from {
            Status::Fail => self.failed = Some(now),
            Status::Warn => self.warned = Some(now),
            Status::Pass | Status::Unknown => {}
        }
        // What is not known is neither better nor worse.
        if from == Status::Unknown || judged == Status::Unknown {
            return;
        }
        let worse = judged > from;
        // The votes of one outage come one by one: pass, warn, fail is one fall.
        if worse && self.better {
            self.falls.push(now);
            let over = self.falls.len().saturating_sub(REMEMBERED);
            self.falls.drain(..over);
        }
        self.better = !worse;
    }

    /// The worst that was judged within the last `hold`; unknown as it is.
    pub(super) fn held(&self, hold: Millis, now: Timestamp) -> Status {
        let lately = |at: Option<Timestamp>| at.is_some_and(|at| now.since(at) < hold);
        match self.judged {
            Status::Unknown => Status::Unknown,
            Status::Fail => Status::Fail,
            Status::Pass | Status::Warn if lately(self.failed) => Status::Fail,
            Status::Pass if lately(self.warned) => Status::Warn,
            judged @ (Status::Pass | Status::Warn) => judged,
        }
    }

    /// How long a better judgement must have held by now.
    #[must_use]
    pub fn hold(&self, damping: Damping) -> Millis {
        let Some(falls) = self.flapping() else { return damping.hold_down };
        let doubled = 1_u64.checked_shl(falls.saturating_sub(FLAPPING).saturating_add(1));
        let first = damping.hold_down.max(damping.interval);
        first.times(doubled.unwrap_or(u64::MAX)).min(damping.max_hold.max(damping.hold_down))
    }

    /// How often it fell lately, if that is flapping.
    #[must_use]
    pub fn flapping(&self) -> Option<u32> {
        u32::try_from(self.falls.len()).ok().filter(|falls| *falls >= FLAPPING)
    }

    /// Until when what stands is worse than what is judged.
    #[must_use]
    pub fn held_until(&self, damping: Damping) -> Option<Timestamp> {
        let from = match (self.status, self.judged) {
            (Status::Fail, Status::Pass | Status::Warn) => self.failed,
            (Status::Warn, Status::Pass) => self.warned,
            _ => None,
        };
        from.map(|from| from.plus(self.hold(damping)))
    }

    /// When time alone next changes it.
    #[must_use]
    pub fn next(&self, damping: Damping) -> Option<Timestamp> {
        let forgotten = self.falls.first().map(|fall| fall.plus(history(damping.interval)));
        [self.held_until(damping), forgotten].into_iter().flatten().min()
    }

    /// After a clock stepped back, what is held is held from now on, and what was over is not held
    /// again.
    fn mind_the_clock(&mut self, now: Timestamp) {
        self.since = self.since.min(now);
        let held = self.status > self.judged;
        for at in [&mut self.failed, &mut self.warned] {
            *at = at.map(|at| at.min(now)).filter(|_| held).or(at.filter(|at| *at <= now));
        }
        self.recovered = self.recovered.map(|at| at.min(now));
        self.falls.retain(|fall| *fall <= now);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixtures::at;

    const CALM: Damping = Damping {
        hold_down: Millis::from_secs(10),
        interval: Millis::from_secs(1),
        max_hold: Millis::from_secs(300),
    };

    fn judgement(status: Status) -> RawVerdict {
        let (live, failing) = (3, if status == Status::Fail { 3 } else { 0 });
        RawVerdict {
            status,
            reason: String::new(),
            valid_until: at(0),
            oldest: None,
            live,
            failing,
            until: None,
        }
    }

    /// Plays what the votes say, second by second (`+` pass, `!` warn, `-` fail, `?` unknown), and
    /// what stands.
    fn play(damping: Damping, script: &str) -> (String, Verdict) {
        let mut verdict = Verdict::unknown(Fingerprint::of("d"), at(0));
        let mut shown = String::new();
        for (second, c) in (0_u64..).zip(script.chars()) {
            let status = match c {
                '+' => Status::Pass,
                '!' => Status::Warn,
                '-' => Status::Fail,
                _ => Status::Unknown,
            };
            verdict.follow(&judgement(status), damping, at(second * 1_000));
            shown.push(match verdict.status {
                Status::Pass => '+',
                Status::Warn => '!',
                Status::Fail => '-',
                Status::Unknown => '?',
            });
        }
        (shown, verdict)
    }

    fn shown(script: &str) -> String {
        play(Damping { hold_down: Millis::from_secs(3), ..CALM }, script).0
    }

    #[test]
    fn what_gets_worse_is_said_at_once_and_what_gets_better_after_hold_down() {
        assert_eq!(shown("?+++-!!!!+++++"), "?+++----!!!!++");
    }

    #[test]
    fn hold_down_begins_anew_with_every_relapse() {
        assert_eq!(shown("+--++-+++++"), "+--------++");
    }

    #[test]
    fn unknown_is_never_held_back_and_wipes_nothing_out() {
        assert_eq!(shown("+--?+++++"), "+--?--+++", "held from the last failure on");
    }

    #[test]
    fn the_first_verdict_of_all_is_not_delayed() {
        assert_eq!(shown("??+"), "??+");
        assert_eq!(shown("??-"), "??-");
    }

    #[test]
    fn without_hold_down_the_verdict_follows_at_once() {
        let none = Damping { hold_down: Millis::ZERO, ..CALM };
        assert_eq!(play(none, "+-+-!+").0, "+-+-!+");
    }

    #[test]
    fn who_falls_three_times_flaps_and_holds_twice_as_long_each_time() {
        let none = Damping { hold_down: Millis::ZERO, ..CALM };
        let (shown, verdict) = play(none, "+-+-+-+++++");
        assert_eq!(shown, "+-+-+---+++", "the third time it is held for two intervals");
        assert_eq!(verdict.flapping(), Some(3));
        let (shown, verdict) = play(none, &"+-".repeat(30));
        assert_eq!(&shown[6..], "-".repeat(54), "from then on there is one verdict");
        assert_eq!(verdict.hold(none), none.max_hold);
        let undamped = Damping { max_hold: Millis::ZERO, ..none };
        assert_eq!(play(undamped, &"+-".repeat(30)).0, "+-".repeat(30), "unless it is named only");
        assert!(play(undamped, "+-+-+-").1.flapping().is_some());
    }

    #[test]
    fn one_outage_of_which_the_votes_come_one_by_one_is_one_fall() {
        let (_, verdict) = play(CALM, "+!-!-+");
        assert_eq!(verdict.falls.len(), 2, "it recovered a little in between");
        assert_eq!(play(CALM, "+!--").1.falls.len(), 1);
    }

    #[test]
    fn falls_are_forgotten_after_sixty_intervals() {
        let mut script = "+-+-+-".to_owned();
        script.push_str(&"+".repeat(65));
        let (_, verdict) = play(CALM, &script);
        assert_eq!((verdict.flapping(), verdict.falls.len()), (None, 0));
        assert_eq!(verdict.next(CALM), None);
    }

    #[test]
    fn recovery_is_the_moment_in_which_it_is_fit_for_traffic_again() {
        assert_eq!(play(CALM, "+!+").1.recovered, None, "a warning is no outage");
        assert_eq!(play(CALM, "+--+++++++++++").1.recovered, Some(at(13_000)), "after hold-down");
        assert_eq!(play(Damping { hold_down: Millis::ZERO, ..CALM }, "-?!").1.recovered, Some(at(2_000)));
    }

    #[test]
    fn a_clock_that_steps_back_does_not_make_an_old_failure_hold_again() {
        let (_, mut verdict) = play(CALM, "+--+++++++++++++++");
        assert_eq!(verdict.status, Status::Pass);
        verdict.follow(&judgement(Status::Pass), CALM, at(0));
        assert_eq!(verdict.status, Status::Pass, "it was over");
        let (_, mut verdict) = play(CALM, "+--++");
        verdict.follow(&judgement(Status::Pass), CALM, at(0));
        assert_eq!(verdict.status, Status::Fail, "it still holds");
        verdict.follow(&judgement(Status::Pass), CALM, at(10_000));
        assert_eq!(verdict.status, Status::Pass, "for hold_down and no longer");
    }

    #[test]
    fn a_longer_hold_does_not_bring_back_what_was_over() {
        let none = Damping { hold_down: Millis::ZERO, ..CALM };
        assert_eq!(
            play(none, "+-+-+!").0,
            "+-+-+!",
            "the third fall is a warning, and makes no failure of it"
        );
    }

    proptest! {
        #[test]
        fn the_verdict_is_never_better_than_what_was_judged_within_hold_down(
            script in "[+!?-]{1,60}", hold in 0_usize..8
        ) {
            let damping = Damping { hold_down: Millis::from_secs(hold as u64), ..CALM };
            let (shown, _) = play(damping, &script);
            let rank = |c: u8| b"+!?-".iter().position(|one| *one == c).unwrap();
            for (now, (judged, stands)) in script.bytes().zip(shown.bytes()).enumerate() {
                if judged == b'?' {
                    prop_assert_eq!(stands, b'?');
                    continue;
                }
                let from = now.saturating_sub(hold.saturating_sub(1));
                let worst = script.as_bytes()[from..=now].iter().filter(|c| **c != b'?').map(|c| rank(*c)).max().unwrap();
                prop_assert!(rank(stands) >= worst, "{} shown as {} at {}", script, shown, now);
                prop_assert!(stands == judged || rank(stands) > rank(judged), "never better than judged");
            }
        }

        #[test]
        fn once_it_has_held_for_long_enough_the_verdict_is_what_is_judged(script in "[+!-]{1,60}", hold in 0_u64..8) {
            let damping = Damping { hold_down: Millis::from_secs(hold), ..CALM };
            let last = script.chars().last().unwrap();
            let (shown, _) = play(damping, &(script.clone() + &last.to_string().repeat(301)));
            prop_assert_eq!(shown.chars().last().unwrap(), last);
        }

        #[test]
        fn a_clock_that_jumps_holds_nothing_for_longer(script in "[+!-]{1,20}", back in 0_u64..100_000) {
            let (_, mut verdict) = play(CALM, &script);
            let now = at(0).minus(Millis::from_secs(back));
            for second in 0..=300 {
                verdict.follow(&judgement(Status::Pass), CALM, now.plus(Millis::from_secs(second)));
            }
            prop_assert_eq!(verdict.status, Status::Pass);
        }
    }
}
