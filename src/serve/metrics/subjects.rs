//! Measurements of what is watched: pools and monitors, their origins, and the votes on them.

use super::family::{Family, Labels, Line};
use crate::history;
use crate::reader::Tier;
use crate::sample::CacheClass;
use crate::serve::{Basis, kind, watched};
use crate::snapshot::{OriginView, PoolView, VoteView};
use crate::traffic::Counts;
use crate::units::Millis;
use crate::verdict::Status;
use crate::vote::Opinion;

/// What a verdict may say.
const STATUSES: [&str; 4] =
    [Status::Pass.as_str(), Status::Warn.as_str(), Status::Fail.as_str(), Status::Unknown.as_str()];

/// What a vote may say; one that has expired says nothing any more.
const OPINIONS: [&str; 4] = ["pass", "fail", "undecided", "expired"];

/// What an answer may prove.
const CLASSES: [&str; 4] = [
    CacheClass::OriginProven.as_str(),
    CacheClass::EdgeOnly.as_str(),
    CacheClass::CounterProof.as_str(),
    CacheClass::Unclassified.as_str(),
];

/// Measurements of pools, monitors among them.
pub(super) fn pools(basis: &Basis<'_>) -> Vec<Family> {
    let now = basis.now;
    let pools: Vec<(Labels, &PoolView)> =
        basis.snapshot.pools.iter().map(|pool| (Labels::of([("pool", pool.name.as_str())]), pool)).collect();
    let each = || pools.iter().map(|(labels, pool)| (labels, *pool));
    let info = watched::pools(basis).map(|(pool, _)| {
        let about = |text: &Option<String>| text.clone().unwrap_or_default();
        let (title, group) = (about(&pool.about.title), about(&pool.about.group));
        let labels =
            [("pool", pool.name.as_str()), ("title", &title), ("group", &group), ("kind", kind(pool))];
        Labels::of(labels).count(1_u64)
    });
    let traffic = || each().filter(|(_, pool)| !pool.is_of_heartbeats());
    let chosen = traffic().flat_map(|(_, pool)| {
        pool.origins
            .iter()
            .map(|origin| of_origin(pool, origin).count(pool.chosen.as_ref() == Some(&origin.name)))
    });
    vec![
        Family::gauge(
            "vedette_pool_info",
            "What a pool or monitor is called, and of which kind it is: pool, monitor or heartbeats; always 1.",
            info,
        ),
        Family::gauge(
            "vedette_pool_status",
            "The verdict of a pool: 1 for the status that it has, 0 for the others.",
            each().flat_map(|(labels, pool)| labels.states("status", STATUSES, pool.status_at(now).as_str())),
        ),
        Family::gauge(
            "vedette_pool_status_since_timestamp",
            "Since when the pool has the verdict that was reached last.",
            each().filter(|_| is_known(basis)).map(|(labels, pool)| labels.time(pool.since)),
        )
        .in_seconds(),
        Family::gauge(
            "vedette_pool_panic",
            "Whether so few origins are usable that all count as usable.",
            traffic().map(|(labels, pool)| labels.count(pool.panic)),
        ),
        Family::gauge(
            "vedette_pool_chosen",
            "1 for the origin that the signal names, 0 for the others.",
            chosen,
        ),
    ]
}

/// Measurements of the requests that routes brought, by all isolates.
pub(super) fn traffic(basis: &Basis<'_>) -> Vec<Family> {
    let routed: Vec<(Labels, Counts)> = basis
        .snapshot
        .pools
        .iter()
        .filter_map(|pool| Some((Labels::of([("pool", pool.name.as_str())]), pool.traffic?)))
        .collect();
    let counter = |name, help, count: fn(&Counts) -> u64| {
        Family::counter(name, help, routed.iter().map(|(labels, counts)| labels.count(count(counts))))
    };
    let waited = routed.iter().map(|(labels, counts)| labels.span(Millis::new(counts.waited_ms)));
    vec![
        counter("vedette_proxy_requests", "Requests that routes brought to the pool.", |counts| {
            counts.requests
        }),
        counter(
            "vedette_proxy_answered",
            "Requests whose answer was an origin's, whatever its status.",
            |counts| counts.answered,
        ),
        Family::counter(
            "vedette_proxy_answer",
            "How long clients waited for the head of those answers, all together.",
            waited,
        )
        .in_seconds(),
        counter("vedette_proxy_unanswered", "Requests that no origin answered.", |counts| counts.unanswered),
        counter("vedette_proxy_retries", "How often a request was sent to another origin.", |counts| {
            counts.retries
        }),
        counter("vedette_proxy_retries_held_back", "How often the budget of retries forbade it.", |counts| {
            counts.held_back
        }),
        counter("vedette_proxy_ejections", "How often an isolate ejected an origin.", |counts| {
            counts.ejections
        }),
    ]
}

/// How long the probes of each pool took, by cache class.
pub(super) fn durations(basis: &Basis<'_>) -> Family {
    let lines = basis.snapshot.pools.iter().flat_map(|pool| {
        pool.durations.iter().flat_map(history::Durations::iter).map(|(class, histogram)| {
            Labels::of([("pool", pool.name.as_str()), ("class", class.as_str())]).spans(histogram)
        })
    });
    Family::histogram(
        "vedette_probe_duration",
        "How long the probes of the pool took that were answered in full.",
        lines,
    )
    .in_seconds()
}

/// Measurements of origins and jobs, whoever sees them.
pub(super) fn origins(basis: &Basis<'_>) -> Vec<Family> {
    let now = basis.now;
    let pools = basis.snapshot.pools.iter();
    let origins: Vec<(Labels, &OriginView)> = pools
        .flat_map(|pool| pool.origins.iter().map(move |origin| (of_origin(pool, origin), origin)))
        .collect();
    let each = || origins.iter().map(|(labels, origin)| (labels, *origin));
    let beats = || each().filter_map(|(labels, origin)| Some((labels, origin.beat.as_ref()?)));
    vec![
        Family::gauge(
            "vedette_origin_status",
            "The verdict of an origin or job: 1 for the status that it has, 0 for the others.",
            each().flat_map(|(labels, one)| labels.states("status", STATUSES, one.status_at(now).as_str())),
        ),
        Family::gauge(
            "vedette_origin_status_since_timestamp",
            "Since when the origin has its verdict.",
            each().filter(|_| is_known(basis)).map(|(labels, one)| labels.time(one.since_at(now))),
        )
        .in_seconds(),
        Family::gauge(
            "vedette_origin_evidence_timestamp",
            "When the oldest evidence beneath the verdict was observed.",
            each().filter_map(|(labels, origin)| Some(labels.time(origin.oldest?))),
        )
        .in_seconds(),
        Family::gauge(
            "vedette_origin_flapping",
            "Whether the origin has fallen so often lately that its verdict is slow to get better.",
            each().map(|(labels, origin)| labels.count(origin.falls.is_some())),
        ),
        Family::gauge(
            "vedette_heartbeat_timestamp",
            "When the last heartbeat of a job came.",
            beats().filter_map(|(labels, beat)| Some(labels.time(beat.last?))),
        )
        .in_seconds(),
        Family::gauge(
            "vedette_heartbeat_due_timestamp",
            "When the silence of a job becomes a failure.",
            beats().filter_map(|(labels, beat)| Some(labels.time(beat.due?))),
        )
        .in_seconds(),
    ]
}

/// Measurements of each origin from each vantage: at most 20 lines for one of them.
pub(super) fn votes(basis: &Basis<'_>) -> Vec<Family> {
    let now = basis.now;
    let mut votes: Vec<(Labels, &VoteView)> = Vec::new();
    for pool in &basis.snapshot.pools {
        for origin in &pool.origins {
            votes.extend(origin.votes.iter().map(|vote| (of_vote(pool, origin, vote), vote)));
        }
    }
    let opinion = |vote: &VoteView| match (now < vote.expires, vote.opinion) {
        (false, _) => "expired",
        (true, Opinion::Undecided) => "undecided",
        (true, Opinion::Pass) => "pass",
        (true, Opinion::Fail) => "fail",
    };
    let opinions: Vec<Line> =
        votes.iter().flat_map(|(labels, vote)| labels.states("opinion", OPINIONS, opinion(vote))).collect();
    let expiries: Vec<Line> = votes.iter().map(|(labels, vote)| labels.time(vote.expires)).collect();
    votes.retain(|(_, vote)| now < vote.expires);
    let mut families = probes(&votes);
    families.push(Family::gauge(
        "vedette_vote",
        "What the vantage says of the origin: 1 for its opinion, 0 for the others.",
        opinions,
    ));
    let name = "vedette_vote_expiry_timestamp";
    let help = "When that opinion counts no longer, unless it is renewed.";
    families.push(Family::gauge(name, help, expiries).in_seconds());
    families
}

/// What the last probe behind each of these votes measured.
fn probes(votes: &[(Labels, &VoteView)]) -> Vec<Family> {
    let each = || votes.iter().map(|(labels, vote)| (labels, *vote));
    vec![
        Family::gauge(
            "probe_success",
            "Whether the last probe that proved anything passed.",
            each().map(|(labels, vote)| labels.count(vote.failed != Some(true))),
        ),
        Family::gauge(
            "probe_duration",
            "How long that probe took.",
            each().map(|(labels, vote)| labels.span(vote.latency)),
        )
        .in_seconds(),
        Family::gauge(
            "probe_http_status_code",
            "The status code of its answer; 0 if there was none.",
            each().map(|(labels, vote)| labels.count(vote.code.unwrap_or_default())),
        ),
        Family::gauge(
            "vedette_probe_timestamp",
            "When that probe was observed.",
            each().map(|(labels, vote)| labels.time(vote.observed)),
        )
        .in_seconds(),
        Family::gauge(
            "vedette_probe_warned",
            "Whether that probe passed with a blemish.",
            each().map(|(labels, vote)| labels.count(vote.warned)),
        ),
        Family::gauge(
            "vedette_probe_cache_class",
            "What its answer proves about the origin behind a cache: 1 for its class, 0 for the others.",
            each().flat_map(|(labels, vote)| labels.states("class", CLASSES, vote.cache.as_str())),
        ),
        Family::gauge(
            "vedette_probe_database_calls",
            "How many database calls were behind its answer, where it says so.",
            each().filter_map(|(labels, vote)| Some(labels.count(vote.database.calls?))),
        ),
        Family::gauge(
            "vedette_probe_database",
            "How much time they took, where the answer says so.",
            each().filter_map(|(labels, vote)| Some(labels.span(vote.database.time?))),
        )
        .in_seconds(),
    ]
}

/// Whether anything is known: a snapshot that stands in for none has no times.
fn is_known(basis: &Basis<'_>) -> bool {
    basis.source.layer != Tier::Nothing
}

fn of_origin(pool: &PoolView, origin: &OriginView) -> Labels {
    Labels::of([("pool", pool.name.as_str()), ("origin", origin.name.as_str())])
}

fn of_vote(pool: &PoolView, origin: &OriginView, vote: &VoteView) -> Labels {
    let (pool, origin) = (pool.name.as_str(), origin.name.as_str());
    Labels::of([("pool", pool), ("origin", origin), ("vantage", vote.vantage.as_str())])
}
