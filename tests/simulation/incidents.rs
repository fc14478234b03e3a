//! Incidents of a world, held to the verdicts: what fails has one that is open, what serves has
//! none, and together they last as long as the pool failed.

use std::collections::BTreeMap;

use vedette::availability::{self, AWAY, Detail, Standing};
use vedette::config::Config;
use vedette::incident::{Grounds, Incident, Query, within};
use vedette::snapshot::Snapshot;
use vedette::units::{Name, Timestamp};
use vedette::verdict::Status;

use crate::laws;
use crate::setup::{MINUTE, SECOND};

/// How often a pool falls until its incidents no longer say for how long it failed: a day keeps so
/// many turns of a verdict.
const TURNS: u32 = 100;

/// The Arbiter's rows, and what stands.
pub struct Told<'a> {
    pub rows: &'a BTreeMap<String, String>,
    pub config: &'a Config,
    pub snapshot: &'a Snapshot,
    pub now: Timestamp,
}

impl Told<'_> {
    fn stored(&self, key: &str) -> Option<String> {
        self.rows.get(key).cloned()
    }

    fn of(&self, pool: &Name) -> Vec<Incident> {
        let stored = |key: &str| self.stored(key);
        let grounds = Grounds { stored: &stored, shown: &|_| true, config: self.config.hash, now: self.now };
        let query = Query { all: true, pool: Some(pool.clone()), limit: usize::MAX, ..Query::default() };
        within(&grounds, &query).collect()
    }

    /// What fails has one incident that is open, what serves has none. `stays` says of which pools
    /// every configuration knew. If `exact`, no clock jumped and nothing was deployed: then
    /// incidents last as long as availability says.
    pub fn are_true(&self, stays: impl Fn(&Name) -> bool, exact: bool) -> laws::Verdict {
        for view in self.snapshot.pools.iter().filter(|view| stays(&view.name)) {
            let (pool, status) = (&view.name, view.status_at(self.now));
            let incidents = self.of(pool);
            let open = incidents.iter().filter(|one| one.closed.is_none()).count();
            let fits = match status {
                Status::Fail => open == 1,
                Status::Warn | Status::Pass => open == 0,
                Status::Unknown => open <= 1,
            };
            laws::hold(fits, || format!("{pool} is {}, and {open} incidents are open", status.as_str()))?;
            for one in &incidents {
                let (fails, lasts) = (one.fail(self.now), one.length(self.now));
                laws::hold(one.closed.is_none_or(|closed| closed >= one.opened), || {
                    format!("{} closed before it opened", one.id)
                })?;
                laws::hold(!exact || fails <= lasts, || format!("{} failed {fails} of {lasts}", one.id))?;
            }
            if exact && incidents.iter().map(|one| one.times).sum::<u32>() < TURNS {
                self.last_as_long(pool, status, &incidents)?;
            }
        }
        Ok(())
    }

    fn last_as_long(&self, pool: &Name, status: Status, incidents: &[Incident]) -> laws::Verdict {
        let standing = [Standing { subject: pool.to_string(), status }];
        let stored = |key: &str| self.stored(key);
        let kept = self.config.history.days;
        let grounds = availability::Grounds { stored: &stored, kept, now: self.now };
        let told = availability::answered(&grounds, pool, &standing, Detail::Windows);
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        let failed = told["subjects"][0]["windows"]["365d"]["fail_s"].as_u64().unwrap();
        let summed: u64 = incidents.iter().map(|one| one.fail(self.now).get()).sum::<u64>() / 1_000;
        // An absence begins when the Arbiter last stored that it was awake: up to a minute before
        // the last thing that it saw, in which an incident may have ended.
        let away: Option<serde_json::Value> =
            self.stored(AWAY).map(|text| serde_json::from_str(&text).unwrap());
        let absences = away.map_or(0, |away| away["times"].as_array().unwrap().len() as u64);
        laws::hold(failed.abs_diff(summed) <= 1 + absences * MINUTE / SECOND, || {
            format!("{pool} failed for {failed} s, and its incidents say {summed} s")
        })
    }
}
