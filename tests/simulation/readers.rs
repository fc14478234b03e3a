//! Readers: what is answered from a copy, whenever and by whatever clock.

use vedette::answer::Answer;
use vedette::config::Config;
use vedette::reader::{Source, Tier};
use vedette::serve::{Ask, Basis, Plan, answer, plan};
use vedette::snapshot::{PoolView, Snapshot};
use vedette::units::{Millis, OriginId, Timestamp};
use vedette::verdict::Status;

use crate::laws;
use crate::ledger::Ledger;
use crate::setup::Ms;

/// Asks of one of the pools of a copy, and of its origins, and holds the answers to the laws.
/// `served` is the time that the answers are made with, `now` the reader's. `truth` is what the
/// world knows, and by how much a report may have been late.
pub fn ask(
    (config, given): (&Config, &Config),
    copy: &Snapshot,
    pool: usize,
    served: Timestamp,
    now: Timestamp,
    truth: Option<(&Ledger, Ms, Ms)>,
) -> Result<(), String> {
    if let Some(pool) = copy.pools.get(pool % copy.pools.len().max(1)) {
        let get = |path: &str| get(given, copy, path, served);
        for origin in &pool.origins {
            let answer = get(&format!("/health/{}/{}", pool.name, origin.name))?;
            let word = word(&answer)?;
            let (at, until) = (now.as_millis(), origin.valid_until.as_millis());
            laws::pass_ends_with_its_evidence(&word, at, until)?;
            let known = origin.oldest.is_some();
            let aged = answer.headers.iter().any(|(name, _)| *name == "age");
            laws::hold(known == aged, || {
                format!("an answer on evidence of {:?} has an age: {aged}", origin.oldest)
            })?;
            // A failure that has expired reads as unknown, and keeps its code: silence is no
            // recovery.
            let (fails, failed) = (origin.status == Status::Fail, origin.last_known() == Status::Fail);
            let may_have = origin.status == Status::Unknown || fails == failed;
            laws::hold(may_have && (answer.status == 503) == failed && (word != "fail" || fails), || {
                format!("{word} with {}, of what was {:?}", answer.status, origin.status)
            })?;
            // Unknown is served as warn: what is left claims to know. Jobs are not probed, and have
            // laws of their own.
            let claims = word != "warn" && origin.beat.is_none();
            let Some((ledger, moment, late)) = truth.filter(|_| claims) else { continue };
            let id = OriginId { pool: pool.name.clone(), origin: origin.name.clone() };
            let ttl = config.pool(pool.name.as_str()).map_or(0, |pool| pool.vote_ttl.get());
            let silent = ledger.since_evidence(&id, moment);
            laws::hold(silent <= ttl + late, || {
                format!("{id} is answered {word} after {silent} ms without evidence")
            })?;
        }
        if pool.is_of_heartbeats() {
            return no_traffic_goes_there(given, pool);
        }
        let signal = get(&format!("/route/{}", pool.name))?;
        let chosen = pool.chosen.as_ref().map(vedette::units::Name::as_str);
        let body: Said<'_> = read(&signal)?;
        laws::hold(body.origin == chosen, || {
            format!("{chosen:?} is chosen and the signal says {}", signal.body)
        })?;
        let lapsed = body.status == "unknown";
        laws::hold(!lapsed || body.ttl == Some(0), || {
            format!("an expired signal may be acted upon: {}", signal.body)
        })?;
    }
    Ok(())
}

/// A pool of jobs has no signal.
fn no_traffic_goes_there(config: &Config, pool: &PoolView) -> laws::Verdict {
    let target = format!("/route/{}", pool.name);
    let plan = plan(
        Ok(config),
        &Ask { method: "GET", target: &target, if_none_match: None, caller: None, accept: None },
    );
    laws::hold(matches!(&plan, Plan::Done(answer) if answer.status == 404), || {
        format!("{target} is answered: {plan:?}")
    })
}

fn get(config: &Config, copy: &Snapshot, path: &str, now: Timestamp) -> Result<Answer, String> {
    let ask = Ask { method: "GET", target: path, if_none_match: None, caller: None, accept: None };
    let Plan::FromSnapshot(target) = plan(Ok(config), &ask) else {
        return Err(format!("{path} needs no copy"));
    };
    let (age, limit) = (now.since(copy.taken_at), Millis::new(500));
    let source = Source { layer: Tier::Memory, age, limit, silent: false, replaced: true };
    Ok(answer(
        &target,
        &ask,
        &Basis { snapshot: copy, config, source, now, counts: &[], seen: &[], past: &[], public: None },
    ))
}

fn word(answer: &Answer) -> Result<String, String> {
    read::<Said<'_>>(answer).map(|said| said.status.to_owned())
}

/// What is looked at in an answer, which must be JSON all through.
#[derive(serde::Deserialize)]
struct Said<'a> {
    status: &'a str,
    origin: Option<&'a str>,
    ttl: Option<u64>,
}

fn read<'a, T: serde::Deserialize<'a>>(answer: &'a Answer) -> Result<T, String> {
    serde_json::from_str(&answer.body).map_err(|error| format!("{error}: {}", answer.body))
}
