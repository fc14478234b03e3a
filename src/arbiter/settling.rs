//! Origins' verdicts → a pool's: its status, where its traffic should go, and the revision that
//! names both.

use std::collections::BTreeMap;

use super::CurrentVerdict;
use crate::config::{Origin, Pool};
use crate::heartbeat;
use crate::signal::{self, Candidate, Choice};
use crate::snapshot::Transition;
use crate::units::{Fingerprint, Name, OriginId, Timestamp};
use crate::verdict::{self, Status};

/// A pool's standing verdict.
#[derive(Clone, Debug)]
pub(super) struct CurrentPoolVerdict {
    pub(super) status: Status,
    pub(super) since: Timestamp,
    pub(super) revision: u64,
    pub(super) choice: Choice,
    pub(super) config: Fingerprint,
    /// When the choice is to be made again though no verdict changes: an origin has waited long
    /// enough.
    pub(super) next: Option<Timestamp>,
    pub(super) panic: bool,
}

/// What a pool is settled from, and what stands of all of them.
pub(super) struct Settled<'a> {
    pub(super) verdicts: &'a BTreeMap<OriginId, CurrentVerdict>,
    pub(super) pools: &'a mut BTreeMap<Name, CurrentPoolVerdict>,
}

/// Settles a pool of the configuration `config` from its origins; sets `changed` if anything about
/// it moved, which also raises its revision.
pub(super) fn aggregate_pool(
    pool: &Pool,
    settled: &mut Settled<'_>,
    changed: &mut bool,
    config: Fingerprint,
    now: Timestamp,
) -> Option<Transition> {
    let Settled { verdicts, pools } = settled;
    let status_of =
        |id: &OriginId| verdicts.get(id).map_or(Status::Unknown, |standing| standing.verdict.status);
    let statuses: Vec<Status> = pool.subjects().map(|subject| status_of(subject.id())).collect();
    let before = pools.get(&pool.name);
    // Who has the traffic needs not wait for it.
    let serving = before.and_then(|before| before.choice.origin());
    let waits = |origin: &Origin| {
        let recovered = verdicts.get(&origin.id)?.verdict.recovered?;
        let until = recovered.plus(pool.failback_delay);
        (serving != Some(&origin.id.origin) && until > now).then_some(until)
    };
    let candidates: Vec<Candidate<'_>> = pool
        .origins
        .iter()
        .map(|origin| Candidate {
            name: &origin.id.origin,
            priority: origin.priority,
            status: status_of(&origin.id),
            waits_until: waits(origin),
        })
        .collect();
    let status = verdict::pool_status(&statuses);
    let panic = signal::in_panic(&candidates, pool.panic);
    let choice = if pool.is_of_heartbeats() {
        let statuses = pool.heartbeats.iter().map(|job| (job.id.origin.as_str(), status_of(&job.id)));
        Choice::Routeless { summary: heartbeat::summary(statuses) }
    } else if pool.monitor {
        Choice::Routeless { summary: signal::alone(status).to_owned() }
    } else {
        signal::by_priority(&candidates, panic)
    };
    let next = candidates.iter().filter_map(|candidate| candidate.waits_until).min();
    let from = before.map_or(Status::Unknown, |before| before.status);
    let same = before
        .is_some_and(|before| before.choice == choice && before.config == config && before.status == status);
    *changed |= !same;
    if !*changed {
        if let Some(before) = pools.get_mut(&pool.name) {
            before.next = next;
        }
        return None;
    }
    let revision = before.map_or(0, |before| before.revision).saturating_add(1);
    let since = before.filter(|before| before.status == status).map_or(now, |before| before.since);
    let reason = choice.reason().to_owned();
    pools.insert(
        pool.name.clone(),
        CurrentPoolVerdict { status, since, revision, choice, config, next, panic },
    );
    (from != status).then(|| Transition { at: now, subject: pool.name.to_string(), from, to: status, reason })
}
