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
