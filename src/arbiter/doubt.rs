//! What live requests found wanting: the vantages are to look at it at once. It is no evidence, and changes no vote.

use super::{Arbiter, Effect};
use crate::units::{OriginId, Timestamp};

impl Arbiter {
    /// Has the vantages of an origin look at it, at most as often as they need to make up their minds.
    pub(super) fn doubt(&mut self, id: &OriginId, now: Timestamp) -> Vec<Effect> {
        let Some(origin) = self.config.origin(id) else { return Vec::new() };
        let once_in = origin.pace.fast_interval.times(origin.thresholds.fall.into());
        let lately = self.doubted.get(id).is_some_and(|at| *at <= now && now.since(*at) < once_in);
        if lately {
            return Vec::new();
        }
        self.doubted.insert(id.clone(), now);
        let look = |origins: &[OriginId]| origins.contains(id);
        let watching = self.watch.values().filter(|presence| look(&presence.origins));
        watching.map(|presence| Effect::Hurry(presence.object.clone(), id.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::arbiter::tests::{arbiter_of, tell_all};
    use crate::arbiter::{Effect, Event};
    use crate::fixtures::{at, shop};
    use crate::units::OriginId;

    fn hurried(effects: &[Effect]) -> Vec<String> {
        let line = |effect: &Effect| {
            let Effect::Hurry(object, origin) = effect else { return None };
            Some(format!("{} {origin}", object.name))
        };
        effects.iter().filter_map(line).collect()
    }

    #[test]
    fn every_vantage_of_a_doubted_origin_looks_and_no_verdict_changes() {
        let mut arbiter = arbiter_of(&shop(), &[], at(0));
        tell_all(&mut arbiter, 1_000, "++");
        let primary = OriginId::parse("shop/primary").unwrap();
        let effects = arbiter.step(Event::Doubted(primary.clone()), at(2_000));
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
        assert!(hurried(&arbiter.step(Event::Doubted(primary.clone()), at(3_999))).is_empty());
        assert_eq!(hurried(&arbiter.step(Event::Doubted(primary.clone()), at(4_000))).len(), 3);
        // Nor does a clock that was set back keep anybody from looking.
        assert_eq!(hurried(&arbiter.step(Event::Doubted(primary), at(10))).len(), 3);
        assert!(
            hurried(&arbiter.step(Event::Doubted(OriginId::parse("shop/nobody").unwrap()), at(5_000)))
                .is_empty()
        );
    }
}
