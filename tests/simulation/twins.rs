//! Twins of the Arbiter: made anew from what is stored, to be held against the one that lives; and
//! made twice, to be told the same votes in another order.

use fastrand::Rng;
use vedette::arbiter::{Arbiter, Event, Row};
use vedette::config::Config;
use vedette::snapshot::{Part, Snapshot};
use vedette::units::{Millis, Timestamp};
use vedette::vote::Report;

use crate::laws;
use crate::setup::{HOUR, Ms, SECOND};

/// After this long no fall is remembered, and nothing is held: sixty of the longest intervals.
const FORGOTTEN: Millis = Millis::new(6 * HOUR);

/// Makes the Arbiter anew from what is stored: it must know what was shown. Reports take no longer
/// than `transit`.
pub fn rebuilt(
    config: &Config,
    rows: &[Row],
    living: &Arbiter,
    now: Timestamp,
    transit: Ms,
) -> laws::Verdict {
    let twin = Arbiter::new(config.clone(), rows, now);
    let (shown, stored) = (living.snapshot(&Part::Whole, now), twin.snapshot(&Part::Whole, now));
    laws::what_is_stored_says_what_was_shown(&shown, &stored, Millis::new(transit))
}

/// Tells two twins the same reports, the one as they were sent and the other in any order. What the
/// last of them leaves out was taken before it was sent: such reports did not overtake one another,
/// and are left out.
pub fn orders(
    living: &Arbiter,
    reports: &[Report],
    now: Timestamp,
    rng: &mut Rng,
    tamper: impl Fn(Report, u64) -> Report,
) -> laws::Verdict {
    let mut sent = reports.to_vec();
    sent.sort_by_key(|report| report.seq);
    let last: Vec<Report> = latest(&sent).cloned().collect();
    sent.retain(|report| last.iter().any(|last| same_shard(last, report) && covers(last, report)));
    let mut shuffled = sent.clone();
    rng.shuffle(&mut shuffled);
    let tell = |reports: &[Report]| {
        let mut twin = living.clone();
        for (place, report) in (0_u64..).zip(reports) {
            twin.step(Event::Reported(tamper(report.clone(), place)), now);
        }
        twin
    };
    let (mut one, mut other) = (tell(&sent), tell(&shuffled));
    let whole = |twin: &Arbiter, now| twin.snapshot(&Part::Whole, now);
    laws::the_order_of_arrival_decides_no_vote(&whole(&one, now), &whole(&other, now)).map_err(|why| {
        let order = |reports: &[Report]| -> Vec<String> {
            reports.iter().map(|report| format!("{} {}", report.vantage, report.seq)).collect()
        };
        format!("{why}; in the order {:?} and {:?}", order(&sent), order(&shuffled))
    })?;
    // Once nothing of the way there is remembered, the verdicts are the same as well.
    let mut later = now.plus(FORGOTTEN);
    for round in 1..=2 {
        for twin in [&mut one, &mut other] {
            twin.step(Event::Woken, later);
            for report in latest(&sent) {
                let seq = report.seq + round * FORGOTTEN.get();
                twin.step(Event::Reported(Report { seq, ..report.clone() }), later);
            }
            twin.step(Event::Woken, later.plus(Millis::new(SECOND)));
        }
        laws::hold(round < 2 || agree(&one, &other, later), || {
            format!("{:?}\nand in another order\n{:?}", whole(&one, later), whole(&other, later))
        })?;
        later = later.plus(FORGOTTEN);
    }
    Ok(())
}

/// The last report of each vantage.
fn latest(sent: &[Report]) -> impl Iterator<Item = &Report> {
    sent.iter().filter(|report| {
        sent.iter().filter(|other| same_shard(other, report)).all(|other| other.seq <= report.seq)
    })
}

fn same_shard(one: &Report, other: &Report) -> bool {
    (&one.vantage, &one.shard) == (&other.vantage, &other.shard)
}

/// Whether a later report says something of every origin that an earlier one does.
fn covers(later: &Report, earlier: &Report) -> bool {
    earlier.votes.iter().all(|vote| later.votes.iter().any(|other| other.origin == vote.origin))
}

fn agree(one: &Arbiter, other: &Arbiter, now: Timestamp) -> bool {
    let said = |snapshot: Snapshot| -> Vec<_> {
        let pools = snapshot.pools.into_iter();
        pools
            .map(|pool| {
                let statuses: Vec<_> = pool.origins.iter().map(|origin| origin.status).collect();
                (pool.name, pool.status, pool.chosen, statuses)
            })
            .collect()
    };
    said(one.snapshot(&Part::Whole, now)) == said(other.snapshot(&Part::Whole, now))
}
