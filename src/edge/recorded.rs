//! Questions about the past: what another isolate of this data centre left, the Arbiter, the
//! vantages.

use futures_util::future::{Either, join_all, select};
use web_sys::Response;
use worker::{Env, Error, Result};

use super::call::Call;
use super::{bound, caught, clock, deployed, layers, log, respond};
use crate::answer::Answer;
use crate::calls::{ArbiterCall, VantageCall};
use crate::config::{Config, Place};
use crate::defaults::edge::ARBITER_DEADLINE;
use crate::history::{SampleQuery, gathered};
use crate::schedule;
use crate::serve::{self, Question, Recorded};

/// What an object says of a question, or why it is not asked.
pub(super) async fn said(asked: &Recorded, call: Call<'_>) -> std::result::Result<Option<String>, Answer> {
    let Ok(config) = deployed::config() else { return Err(serve::unavailable()) };
    let question = asked.question(config, clock::now())?;
    let path = match &question {
        Question::History(query) => ArbiterCall::History(query.clone()).path(),
        Question::Availability(pool, origin) => {
            ArbiterCall::Availability(pool.clone(), origin.clone()).path()
        }
        Question::Samples(query) => VantageCall::Samples(query.clone()).path(),
        Question::Incidents(query) => ArbiterCall::Incidents(query.clone()).path(),
        Question::Incident(id, all) => ArbiterCall::Incident(id.clone(), *all).path(),
    };
    let address = layers::address(&format!("v1/{}/{path}", config.hash));
    if let Some(text) = left(&address).await {
        return Ok(Some(text));
    }
    let keep = question.keep();
    let told = match question {
        Question::History(query) => of_arbiter(&ArbiterCall::History(query), call.env).await,
        Question::Availability(pool, origin) => {
            of_arbiter(&ArbiterCall::Availability(pool, origin), call.env).await
        }
        Question::Samples(query) => Ok(of_vantages(&query, config, call.env).await),
        Question::Incidents(query) => of_arbiter(&ArbiterCall::Incidents(query), call.env).await,
        Question::Incident(id, all) => of_arbiter(&ArbiterCall::Incident(id, all), call.env).await,
    };
    match told {
        Ok(text) => {
            leave(&address, &text, keep).await;
            Ok(Some(text))
        }
        Err(error) => {
            log::warn("arbiter_unreachable", &[("by", &"history"), ("error", &error.to_string())]);
            Ok(None)
        }
    }
}

async fn left(address: &str) -> Option<String> {
    let response = caught::cached(address).await.ok()??;
    respond::text(response.text()).await.ok()
}

/// Leaves a copy. One that cannot be left is no harm: the next one asks again.
async fn leave(address: &str, text: &str, keep: u32) {
    let headers = [("cache-control", format!("max-age={keep}"))];
    if let Ok(response) = respond::with_headers(text, &headers) {
        let _ = caught::cache(address, &response).await;
    }
}

async fn of_arbiter(call: &ArbiterCall, env: &Env) -> Result<String> {
    read(bound::get(layers::arbiter(env)?, &layers::arbiter_url(call))).await
}

async fn read(asking: impl Future<Output = Result<Response>>) -> Result<String> {
    let asking = async {
        let response = asking.await?;
        match response.status() {
            200 => respond::text(response.text()).await,
            status => Err(Error::from(format!("it answers {status}"))),
        }
    };
    match select(std::pin::pin!(asking), clock::delay(ARBITER_DEADLINE)).await {
        Either::Left((text, _)) => text,
        Either::Right(((), _)) => Err(Error::from("it does not answer")),
    }
}

/// Asks every vantage that has the origin, at once.
async fn of_vantages(query: &SampleQuery, config: &Config, env: &Env) -> String {
    let asked = config.vantages.iter().filter_map(|vantage| {
        let Place::Hint(hint) = vantage.place else { return None };
        let label = schedule::label_of(config, &vantage.name, &query.id)?;
        let name = schedule::object_name(vantage, hint.as_str(), &label);
        Some(async move {
            let url = layers::vantage_url(&VantageCall::Samples(query.clone()));
            let asking =
                async { bound::get(bound::object(env, "VANTAGE", &name, hint.as_str())?, &url).await };
            (vantage.name.clone(), read(asking).await)
        })
    });
    let (mut said, mut silent) = (Vec::new(), Vec::new());
    for (vantage, text) in join_all(asked).await {
        match text {
            Ok(text) => said.push(text),
            Err(_) => silent.push(vantage),
        }
    }
    gathered(query, &said, &silent)
}
