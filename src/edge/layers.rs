//! The layers beyond memory, one function each: the Cache API, the Arbiter, KV.

use std::rc::Rc;

use futures_channel::mpsc::UnboundedSender;
use futures_util::future::{Either, select};
use worker::kv::KvError;
use worker::{Env, Error, Result, Stub};

use super::line::{Line, Word};
use super::{bound, caught, clock, counts, deployed, respond};
use crate::calls::{self, ArbiterCall, VantageCall};
use crate::config::Config;
use crate::defaults::edge::{ARBITER_DEADLINE, KEEP_IN_CACHE, KEEP_IN_KV, KV_CACHE_TTL};
use crate::json;
use crate::reader::Held;
use crate::snapshot::{Followed, Part, Snapshot};
use crate::units::{OriginId, Timestamp};
use crate::writes::{Entry, Outcome, Write};

/// The hosts of the objects' addresses. Nothing is looked up: a call goes to the object that it is
/// made of.
pub(super) const ARBITER: &str = "https://arbiter/";
pub(super) const VANTAGE: &str = "https://vantage/";

/// The name of the one Arbiter object.
const ARBITER_NAME: &str = "v1";

/// The KV namespace. A deployment without it lacks the last layer and nothing else.
const KV: &str = "SNAPSHOTS";

/// Says in a cached copy when it was fetched.
const FETCHED: &str = "vedette-fetched";

/// An address for a key of the Cache API. It is never asked for by a client, whatever host or path
/// it sends.
pub(super) fn address(key: &str) -> String {
    format!("https://snapshot.vedette.internal/{key}")
}

/// The copy that an isolate of this data centre left.
pub(super) async fn cached(key: &str, config: &Config) -> Option<Held> {
    #[cfg(feature = "trap")]
    if super::trap::is_down("cache") {
        return None;
    }
    let response = caught::cached(&address(key)).await.ok()??;
    let fetched = response.headers().get(FETCHED).ok()??.parse().ok()?;
    let snapshot = Snapshot::parse(&respond::text(response.text()).await.ok()?, config.hash)?;
    Some(Held { snapshot: Rc::new(snapshot), fetched: Timestamp::from_millis(fetched) })
}

/// Leaves a copy for the other isolates of this data centre. One that cannot be left is no harm:
/// they ask the Arbiter.
pub(super) async fn leave_in_cache(part: &Part, copy: &Held, text: &str) {
    #[cfg(feature = "trap")]
    if super::trap::is_down("cache") {
        return;
    }
    let headers = [
        ("cache-control", format!("max-age={KEEP_IN_CACHE}")),
        (FETCHED, copy.fetched.as_millis().to_string()),
    ];
    if let Ok(response) = respond::with_headers(text, &headers) {
        let key = address(&part.key(copy.snapshot.config));
        // See above: no harm.
        let _ = caught::cache(&key, &response).await;
    }
}

/// What the Arbiter says now, and its text.
pub(super) async fn from_arbiter(part: &Part, env: &Env) -> Result<(Held, String)> {
    let config = deployed::config().map_err(|_| Error::from("the configuration is not valid"))?;
    let url = arbiter_url(&ArbiterCall::Snapshot(part.clone()));
    // As old as the question: the answer may have been long on its way.
    let fetched = clock::now();
    let asking = async {
        // What was counted goes with a question that is asked anyway.
        let response = match counts::step() {
            Some(step) => bound::post(arbiter(env)?, &url, &step).await?,
            None => bound::get(arbiter(env)?, &url).await?,
        };
        counts::heard(&response);
        match response.status() {
            200 => respond::text(response.text()).await,
            status => Err(Error::from(format!("the Arbiter answers {status}"))),
        }
    };
    let text = match select(std::pin::pin!(asking), clock::delay(ARBITER_DEADLINE)).await {
        Either::Left((text, _)) => text?,
        Either::Right(((), _)) => return Err(Error::from("the Arbiter does not answer")),
    };
    // During a rolling deployment the Arbiter may still run another configuration: its words are
    // not ours.
    let snapshot = Snapshot::parse(&text, config.hash)
        .ok_or_else(|| Error::from("the Arbiter runs another configuration"))?;
    Ok((Held { snapshot: Rc::new(snapshot), fetched }, text))
}

/// The summary that the Arbiter wrote last.
pub(super) async fn last_known_good(key: &str, env: &Env, config: &Config) -> Option<Held> {
    #[cfg(feature = "trap")]
    if super::trap::is_down("kv") {
        return None;
    }
    let text = env.kv(KV).ok()?.get(key).cache_ttl(KV_CACHE_TTL).text().await.ok()??;
    let snapshot = Snapshot::parse(&text, config.hash)?;
    let fetched = snapshot.taken_at;
    Some(Held { snapshot: Rc::new(snapshot), fetched })
}

/// Writes the summary to KV; nothing where the deployment has none.
pub(super) async fn publish(snapshot: &Snapshot, env: &Env) -> Result<()> {
    let Ok(kv) = env.kv(KV) else { return Ok(()) };
    let key = Part::Summary.key(snapshot.config);
    let put = async { kv.put(&key, json::write(snapshot))?.expiration_ttl(KEEP_IN_KV).execute().await };
    put.await.map_err(|error: KvError| match error {
        // The crate would print the object that was thrown; the error in it has words.
        KvError::JavaScript(thrown) => thrown.into(),
        other @ (KvError::Serialization(_) | KvError::InvalidKvStore(_)) => other.into(),
    })
}

/// The one Arbiter.
pub(super) fn arbiter(env: &Env) -> Result<Stub> {
    let hint = deployed::config().map_or("weur", |config| config.arbiter_location.as_str());
    bound::object(env, "ARBITER", ARBITER_NAME, hint)
}

/// The address of a call, at a host that only its object knows.
pub(super) fn arbiter_url(call: &ArbiterCall) -> String {
    format!("{ARBITER}{}", call.path())
}

/// The same of a vantage object.
pub(super) fn vantage_url(call: &VantageCall) -> String {
    format!("{VANTAGE}{}", call.path())
}

/// Wakes the Arbiter.
pub(super) async fn wake_arbiter(env: &Env) -> Result<()> {
    bound::get(arbiter(env)?, &arbiter_url(&ArbiterCall::Wake)).await.map(drop)
}

/// Opens a line to the Arbiter, along which it says the revision of what is followed whenever that
/// changes; the status of its answer if it declines.
pub(super) async fn line(
    followed: &Followed,
    words: UnboundedSender<Word>,
    env: &Env,
) -> Result<std::result::Result<Line, u16>> {
    let answer = bound::upgrade(arbiter(env)?, &arbiter_url(&ArbiterCall::Follow(followed.clone()))).await?;
    match answer.status() {
        101 => Line::of(&answer, words).map(Ok),
        status => Ok(Err(status)),
    }
}

/// Tells the Arbiter that a job reported; whether it took that, and stored it.
pub(super) async fn beat(env: &Env, id: &OriginId) -> Result<bool> {
    let url = arbiter_url(&ArbiterCall::Beat(id.clone()));
    Ok(bound::post(arbiter(env)?, &url, "").await?.status() == 204)
}

/// Has the Arbiter make a change; what became of it.
pub(super) async fn write(env: &Env, write: &Write) -> Result<Option<Outcome>> {
    let url = arbiter_url(&ArbiterCall::Write);
    let answer = bound::post(arbiter(env)?, &url, &json::write(write)).await?;
    Ok(json::read(&respond::text(answer.text()).await?))
}

/// The changes that the Arbiter remembers, newest first.
pub(super) async fn audit(env: &Env) -> Result<Option<Vec<Entry>>> {
    let answer = bound::get(arbiter(env)?, &arbiter_url(&ArbiterCall::Audit)).await?;
    Ok(json::read(&respond::text(answer.text()).await?))
}

/// Tells the Arbiter that live requests found an origin wanting.
pub(super) async fn doubt(env: &Env, id: &OriginId) -> Result<()> {
    let url = arbiter_url(&ArbiterCall::Suspect(id.clone()));
    bound::post(arbiter(env)?, &url, "").await.map(drop)
}

/// What became of a report.
pub(super) enum Delivery {
    /// It was taken.
    Taken,
    /// A later one, of this sequence number, was there already.
    Superseded(u64),
    /// It was not understood, or the Arbiter cannot work.
    Refused,
}

/// Sends a report to the Arbiter; what became of it, and which rollups are stored by now.
pub(super) async fn deliver(env: &Env, report: &str) -> Result<(Delivery, Option<(u64, u64)>)> {
    let response = bound::post(arbiter(env)?, &arbiter_url(&ArbiterCall::Report), report).await?;
    let handed_on = response.headers().get(calls::HANDED_ON).ok().flatten();
    let handed_on = handed_on.and_then(|text| calls::parse_handed_on(&text));
    let delivery = match response.status() {
        204 => Delivery::Taken,
        409 => respond::text(response.text()).await?.parse().map_or(Delivery::Refused, Delivery::Superseded),
        _ => Delivery::Refused,
    };
    Ok((delivery, handed_on))
}
