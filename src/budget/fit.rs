//! A configuration that its plan does not carry → the nearest ones that it does.

use super::{Budget, of};
use crate::config::{Config, Plan};
use crate::defaults::config::settings::INTERVAL;
use crate::units::Millis;

/// A change that makes a configuration fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// No interval under this one.
    Interval(Millis),
    /// Only so many vantages of each origin, the first ones.
    Vantages(usize),
    /// Only so many redirects.
    Redirects(u32),
    /// The paid plan, at so many hundredths of a US cent for a month of normal days.
    Paid(u64),
}

/// The longest interval that can be written, in seconds.
const LONGEST_S: u64 = INTERVAL.ceiling.as_secs();

/// Everything that by itself makes the configuration fit its plan, the least change of each kind;
/// nothing if it fits already.
#[must_use]
pub fn nearest(config: &Config, budget: &Budget) -> Vec<Fit> {
    if budget.excesses().is_empty() {
        return Vec::new();
    }
    let plan = budget.plan;
    let mut fits = Vec::new();
    fits.extend(interval(config, plan).map(Fit::Interval));
    fits.extend(vantages(config, plan).map(Fit::Vantages));
    fits.extend(redirects(config, plan).map(Fit::Redirects));
    if plan == Plan::Free {
        let paid = of(config, Plan::Paid);
        if paid.excesses().is_empty() {
            fits.push(Fit::Paid(paid.monthly().0));
        }
    }
    fits
}

fn carries(config: &Config, plan: Plan) -> bool {
    of(config, plan).excesses().is_empty()
}

/// The shortest interval, in whole seconds, to which all that are shorter may be raised.
fn interval(config: &Config, plan: Plan) -> Option<Millis> {
    let shortest = config.origins().map(|origin| origin.pace.interval).min()?.as_secs();
    let fits = |seconds: u64| carries(&slowed(config, Millis::from_secs(seconds)), plan);
    if !fits(LONGEST_S) {
        return None;
    }
    // `low` does not fit and `high` does; a longer interval never costs more.
    let (mut low, mut high) = (shortest, LONGEST_S);
    while high.saturating_sub(low) > 1 {
        let middle = low.saturating_add(high) / 2;
        if fits(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(Millis::from_secs(high))
}

/// The same with no interval under this one, and votes that live long enough for it.
#[must_use]
fn slowed(config: &Config, interval: Millis) -> Config {
    let mut config = config.clone();
    for pool in &mut config.pools {
        for origin in &mut pool.origins {
            origin.pace.interval = origin.pace.interval.max(interval);
            origin.pace.down_interval = origin.pace.down_interval.max(interval);
            pool.vote_ttl = pool.vote_ttl.max(interval.times(3).plus(origin.pace.timeout));
        }
    }
    config
}

/// The most vantages of each origin, if fewer than now fit and every pool still has the votes that
/// it needs.
fn vantages(config: &Config, plan: Plan) -> Option<usize> {
    let most = config.origins().map(|origin| origin.vantages.len()).max()?;
    let least = config.pools.iter().map(|pool| pool.min_votes as usize).max()?.max(1);
    (least..most).rev().find(|count| carries(&narrowed(config, *count), plan))
}

fn narrowed(config: &Config, count: usize) -> Config {
    let mut config = config.clone();
    for origin in config.pools.iter_mut().flat_map(|pool| &mut pool.origins) {
        origin.vantages.truncate(count);
    }
    let used: Vec<_> = config.origins().flat_map(|origin| origin.vantages.clone()).collect();
    config.vantages.retain(|vantage| used.contains(&vantage.name));
    config
}

fn redirects(config: &Config, plan: Plan) -> Option<u32> {
    let most = config.origins().map(|origin| origin.probe.redirects).max()?;
    (0..most).rev().find(|count| {
        let mut config = config.clone();
        for origin in config.pools.iter_mut().flat_map(|pool| &mut pool.origins) {
            origin.probe.redirects = origin.probe.redirects.min(*count);
        }
        carries(&config, plan)
    })
}
