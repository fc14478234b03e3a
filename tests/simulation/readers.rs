//! Readers: what is answered from a copy, whenever and by whatever clock.

use vedette::config::Config;
use vedette::reader::{Layer, Source};
use vedette::serve::{Answer, Ask, Basis, Plan, answer, plan};
use vedette::snapshot::Snapshot;
use vedette::units::{Millis, OriginId, Timestamp};

use crate::laws;
use crate::ledger::Ledger;
use crate::setup::Ms;

/// Asks of one of the pools of a copy, and of its origins, and holds the answers to the laws. `served` is the time that the answers are
/// made with, `now` the reader's. `truth` is what the world knows, and by how much a report may have been late.
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
            laws::hold((answer.status == 503) == (word == "fail"), || {
                format!("{word} with {}", answer.status)
            })?;
            // Unknown is served as warn: what is left claims to know.
            let Some((ledger, moment, late)) = truth.filter(|_| word != "warn") else { continue };
            let id = OriginId { pool: pool.name.clone(), origin: origin.name.clone() };
            let ttl = config.pool(pool.name.as_str()).map_or(0, |pool| pool.vote_ttl.get());
            let silent = ledger.since_evidence(&id, moment);
            laws::hold(silent <= ttl + late, || {
                format!("{id} is answered {word} after {silent} ms without evidence")
            })?;
        }
        let signal = get(&format!("/route/{}", pool.name))?;
        let chosen = pool.chosen.as_ref().map(vedette::units::Name::as_str);
        let body: serde_json::Value =
            serde_json::from_str(&signal.body).map_err(|error| error.to_string())?;
        laws::hold(body["origin"].as_str() == chosen, || {
            format!("{chosen:?} is chosen and the signal says {body}")
        })?;
        let lapsed = body["status"] == "unknown";
        laws::hold(!lapsed || body["ttl"] == 0, || format!("an expired signal may be acted upon: {body}"))?;
    }
    Ok(())
}

fn get(config: &Config, copy: &Snapshot, path: &str, now: Timestamp) -> Result<Answer, String> {
    let ask = Ask { method: "GET", target: path, if_none_match: None };
    let Plan::FromSnapshot(target) = plan(Ok(config), &ask) else {
        return Err(format!("{path} needs no copy"));
    };
    let (age, limit) = (now.since(copy.taken_at), Millis::new(500));
    let source = Source { layer: Layer::Memory, age, limit, silent: false, replaced: true };
    Ok(answer(&target, &ask, &Basis { snapshot: copy, source, now, counts: &[] }))
}

fn word(answer: &Answer) -> Result<String, String> {
    let body: serde_json::Value = serde_json::from_str(&answer.body).map_err(|error| error.to_string())?;
    body["status"].as_str().map(str::to_owned).ok_or_else(|| format!("no status in {body}"))
}
