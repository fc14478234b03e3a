//! Who is to look at an origin at once, because somebody saw it do otherwise than it is known to
//! do: a vantage, whose sample turned against its vote, or live requests, which are no evidence. Or
//! because a change of the service wants more samples of it. It changes no vote.
//!
//! So an outage is found as soon as the first vantage comes upon it, and decided as fast as one
//! alone would decide. Without it the quorum would have to wait for the turn of each.

use std::collections::BTreeSet;

use super::presence::ShardName;
use super::{Arbiter, Effect};
use crate::defaults::arbiter::SELDOM;
use crate::units::{Millis, Name, OriginId, Timestamp};
use crate::verdict::RecordedVote;
use crate::vote::Opinion;

/// When the vantages of an origin were last made to look at it, and for what; before all time if
/// they never were.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Looked {
    requests: Timestamp,
    failure: Timestamp,
    pass: Timestamp,
}

/// Whether that was less than `span` ago. A clock that was set back keeps nobody from looking.
pub(super) fn lately(at: Timestamp, span: Millis, now: Timestamp) -> bool {
    at <= now && now.since(at) < span
}

/// Whether the last evidence of a vantage speaks against its opinion.
pub(super) const fn is_against(vote: &RecordedVote) -> bool {
    match vote.opinion {
        Opinion::Undecided => false,
        Opinion::Pass => vote.seen.failed,
        Opinion::Fail => !vote.seen.failed && !vote.seen.unproven,
    }
}

/// Whether a vote says something of its origin that the one before did not: evidence against the
/// opinion, or another opinion.
pub(super) fn is_news(before: Option<&RecordedVote>, vote: &RecordedVote) -> bool {
    let Some(before) = before.filter(|before| before.definition == vote.definition) else { return false };
    let turned = before.opinion != vote.opinion
        && before.opinion != Opinion::Undecided
        && vote.opinion != Opinion::Undecided;
    turned || (is_against(vote) && !is_against(before))
}

impl Arbiter {
    /// Makes the vantages probe an origin that live requests found wanting. It does so at most as
    /// often as they need to make up their minds.
    pub(super) fn doubt(&mut self, id: &OriginId, now: Timestamp) -> Vec<Effect> {
        let Some(origin) = self.config.origin(id) else { return Vec::new() };
        let once_in = origin.pace.fast_interval.times(origin.thresholds.fall.into());
        let looked = self.looked.entry(id.clone()).or_default();
        if lately(looked.requests, once_in, now) {
            return Vec::new();
        }
        looked.requests = now;
        let look = |origins: &[OriginId]| origins.contains(id);
        let watching = self.watch.iter().filter(|(_, presence)| look(&presence.origins));
        watching.map(|(_, presence)| Effect::ProbeNow(presence.object.clone(), vec![id.clone()])).collect()
    }

    /// Has the shard that reports look at origins of which changes want more samples, once in the
    /// longest of their intervals. An Arbiter that lost its memory asks with each report at most.
    pub(super) fn measure_more(&mut self, by: &ShardName, now: Timestamp) -> Option<Effect> {
        let watched = &self.watch.get(by)?.origins;
        let wanted: BTreeSet<&OriginId> =
            self.changes.wanting(now).filter(|id| watched.contains(id)).collect();
        let origins: Vec<OriginId> = wanted.into_iter().cloned().collect();
        let intervals =
            origins.iter().filter_map(|id| self.config.origin(id)).map(|origin| origin.pace.interval);
        let object = self.watch.ask_more(by, intervals.max()?, now)?;
        Some(Effect::ProbeNow(object, origins))
    }

    /// Has the other vantages look at the origins of which one saw something new, those that have
    /// yet to see it. Who is not believed has nobody look, nor has an origin that flaps.
    pub(super) fn share_doubts(&mut self, by: &Name, turned: &[OriginId], now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        if turned.is_empty() || self.voting.doubts(by).is_some() {
            return effects;
        }
        for (ShardName { vantage, .. }, presence) in self.watch.iter() {
            if vantage == by || !presence.has_fast_probes() {
                continue;
            }
            let mut origins = Vec::new();
            for id in turned {
                if presence.origins.contains(id) && self.is_to_look(by, vantage, id, now) {
                    origins.push(id.clone());
                }
            }
            if !origins.is_empty() {
                effects.push(Effect::ProbeNow(presence.object.clone(), origins));
            }
        }
        for effect in &effects {
            let Effect::ProbeNow(_, origins) = effect else { continue };
            for id in origins {
                let failed = self.sees_failing(by, id) == Some(true);
                let looked = self.looked.entry(id.clone()).or_default();
                *(if failed { &mut looked.failure } else { &mut looked.pass }) = now;
            }
        }
        effects
    }

    /// Whether a vantage is to look at an origin of which another has seen something new.
    fn is_to_look(&self, by: &Name, vantage: &Name, id: &OriginId, now: Timestamp) -> bool {
        let (Some(origin), Some(failed)) = (self.config.origin(id), self.sees_failing(by, id)) else {
            return false;
        };
        let flaps = self.verdicts.get(id).is_some_and(|standing| standing.verdict.flapping().is_some());
        let looked = self.looked.get(id).copied().unwrap_or_default();
        let looked = if failed { looked.failure } else { looked.pass };
        self.sees_failing(vantage, id) != Some(failed)
            && !flaps
            && !lately(looked, origin.pace.interval.times(SELDOM), now)
    }

    /// Whether the last evidence of a vantage was a failure of this origin; nothing if it has not
    /// voted.
    fn sees_failing(&self, vantage: &Name, id: &OriginId) -> Option<bool> {
        Some(self.voting.vote(id, vantage)?.seen.failed)
    }
}

#[cfg(test)]
mod tests {
    use crate::arbiter::tests::{arbiter_of, feed, tell_all};
    use crate::arbiter::{Arbiter, Effect, Event};
    use crate::fixtures::{at, shop};
    use crate::units::OriginId;
    use crate::vote::Opinion;

    fn hurried(effects: &[Effect]) -> Vec<String> {
        let line = |effect: &Effect| {
            let Effect::ProbeNow(object, origins) = effect else { return None };
            let origins: Vec<String> = origins.iter().map(ToString::to_string).collect();
            Some(format!("{} {}", object.name, origins.join(" ")))
        };
        effects.iter().filter_map(line).collect()
    }

    #[test]
    fn every_vantage_of_a_doubted_origin_looks_and_no_verdict_changes() {
        let mut arbiter = arbiter_of(&shop(), &[], at(0));
        tell_all(&mut arbiter, 1_000, "++");
        let primary = OriginId::parse("shop/primary").unwrap();
        let effects = arbiter.step(Event::OriginSuspected(primary.clone()), at(2_000));
        assert_eq!(
            hurried(&effects),
            [
                "v1/apac/apac/0of1 shop/primary",
                "v1/enam/enam/0of1 shop/primary",
                "v1/weur/weur/0of1 shop/primary"
            ]
        );
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Persist(_) | Effect::Changed(_))));
        // Two failures decide, at a second each: before that nobody has to be told again.
        assert!(hurried(&arbiter.step(Event::OriginSuspected(primary.clone()), at(3_999))).is_empty());
        assert_eq!(hurried(&arbiter.step(Event::OriginSuspected(primary.clone()), at(4_000))).len(), 3);
        // Nor does a clock that was set back keep anybody from looking.
        assert_eq!(hurried(&arbiter.step(Event::OriginSuspected(primary), at(10))).len(), 3);
        assert!(
            hurried(
                &arbiter.step(Event::OriginSuspected(OriginId::parse("shop/nobody").unwrap()), at(5_000))
            )
            .is_empty()
        );
    }

    /// Who is made to look at what when a vantage reports this of primary and standby.
    fn report(arbiter: &mut Arbiter, second: u64, vantage: &str, script: &str) -> Vec<String> {
        hurried(&feed(arbiter, second * 1_000, &[(vantage, script)]))
    }

    const OTHERS: [&str; 2] = ["v1/apac/apac/0of1 shop/primary", "v1/enam/enam/0of1 shop/primary"];

    #[test]
    fn what_one_vantage_sees_has_those_look_that_have_not_seen_it() {
        let mut arbiter = arbiter_of(&shop(), &[], at(0));
        assert!(report(&mut arbiter, 1, "weur", "++").is_empty(), "a first vote is no news");
        tell_all(&mut arbiter, 1_500, "++");
        assert_eq!(report(&mut arbiter, 2, "weur", "-+"), OTHERS);
        assert_eq!(report(&mut arbiter, 3, "enam", "-+"), [""; 0], "the others look already");
        tell_all(&mut arbiter, 4_000, "-+");
        // That it is back is found by one, too.
        let found = report(&mut arbiter, 5, "apac", "++");
        assert_eq!(found, ["v1/enam/enam/0of1 shop/primary", "v1/weur/weur/0of1 shop/primary"]);
    }

    #[test]
    fn what_a_vantage_sees_of_many_origins_is_one_call_to_each_object() {
        let mut arbiter = arbiter_of(&shop(), &[], at(0));
        tell_all(&mut arbiter, 1_000, "++");
        assert_eq!(
            report(&mut arbiter, 2, "weur", "--"),
            ["v1/apac/apac/0of1 shop/primary shop/standby", "v1/enam/enam/0of1 shop/primary shop/standby"]
        );
    }

    #[test]
    fn who_loses_samples_now_and_then_has_the_others_look_but_seldom() {
        let mut arbiter = arbiter_of(&shop(), &[], at(0));
        tell_all(&mut arbiter, 0, "++");
        let mut looked = Vec::new();
        for second in 1..=40 {
            let script = if second % 2 == 0 { "++" } else { "-+" };
            let mut lost =
                crate::arbiter::tests::report(&shop(), "weur", at(second * 1_000).as_millis(), script);
            lost.votes.iter_mut().for_each(|vote| vote.opinion = Opinion::Pass);
            if !hurried(&arbiter.step(Event::Reported(lost), at(second * 1_000))).is_empty() {
                looked.push(second);
            }
        }
        // The others never saw it fail, so that it does well again is no news to them.
        assert_eq!(looked, [1, 11, 21, 31]);
    }

    #[test]
    fn an_origin_that_flaps_has_nobody_look() {
        let mut arbiter = arbiter_of(&shop(), &[], at(0));
        for second in 0..9 {
            tell_all(&mut arbiter, second * 1_000, if second % 2 == 0 { "++" } else { "-+" });
        }
        assert!(report(&mut arbiter, 20, "weur", "-+").is_empty());
    }

    #[test]
    fn who_has_no_fast_probes_left_is_not_woken() {
        let mut arbiter = arbiter_of(&shop(), &[], at(0));
        tell_all(&mut arbiter, 0, "++");
        let mut spent = crate::arbiter::tests::report(&shop(), "apac", at(900).as_millis(), "++");
        spent.fast = Some(crate::vote::Fast { spent: 7, of: 7 });
        arbiter.step(Event::Reported(spent), at(900));
        assert_eq!(report(&mut arbiter, 1, "weur", "-+"), OTHERS[1..]);
    }
}
