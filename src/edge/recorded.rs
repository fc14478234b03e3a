//! Questions about the past: what another isolate of this data centre left, the Arbiter, the
//! vantages.

use std::cell::RefCell;
use std::rc::Rc;

use futures_util::future::{Either, join_all, select};
use web_sys::Response;
use worker::{Env, Error, Result};

use super::call::Call;
use super::{bound, caught, clock, deployed, layers, log, respond};
use crate::answer::Answer;
use crate::calls::{ArbiterCall, VantageCall};
use crate::config::Config;
use crate::defaults::edge::{ARBITER_DEADLINE, KEEP_LAST};
use crate::history::{SampleQuery, gathered};
use crate::reader::{Recall, Recalled};
use crate::schedule;
use crate::serve::{self, Question, Recorded, View};
use crate::units::Millis;

thread_local! {
    static RECALL: RefCell<Recall> = const { RefCell::new(Recall::new()) };
}

/// What a page is made of besides a snapshot, from memory where it is fresh there: however many
/// look at once, one of them asks.
pub(super) async fn past(view: &View, config: &'static Config, call: Call<'_>) -> Vec<Option<Rc<str>>> {
    let asked = serve::asks(view, config, clock::now());
    join_all(asked.iter().map(|one| recalled(one, config, call))).await
}

async fn recalled(asked: &Recorded, config: &Config, call: Call<'_>) -> Option<Rc<str>> {
    let question = asked.question(config, clock::now()).ok()?;
    let keep = Millis::from_secs(u64::from(question.keep()));
    let key = Asked::of(question).address(config);
    loop {
        match RECALL.with_borrow_mut(|recall| recall.look(&key, keep, clock::now())) {
            Recalled::Have(text) => return text,
            Recalled::Wait(time) => clock::delay(time).await,
            Recalled::Ask => break,
        }
    }
    let mut told = said(asked, call).await.ok().flatten();
    // What stood for days is told as well as it is known, whoever does not answer.
    let last = [key.as_str(), "/last"].concat();
    match &told {
        Some(text) if asked.outlives() => leave(&last, text, KEEP_LAST).await,
        None if asked.outlives() => told = left(&last).await,
        Some(_) | None => {}
    }
    RECALL.with_borrow_mut(|recall| recall.answered(&key, told.map(Rc::from), clock::now()))
}

/// Whom a question is asked.
enum Asked {
    Arbiter(ArbiterCall),
    Vantages(SampleQuery),
}

impl Asked {
    fn of(question: Question) -> Self {
        Self::Arbiter(match question {
            Question::Samples(query) => return Self::Vantages(query),
            Question::History(query) => ArbiterCall::History(query),
            Question::Availability(pool, origin) => ArbiterCall::Availability(pool, origin),
            Question::Days(pool, origin) => ArbiterCall::Days(pool, origin),
            Question::Incidents(query) => ArbiterCall::Incidents(query),
            Question::Incident(id, all) => ArbiterCall::Incident(id, all),
            Question::Lately => ArbiterCall::Lately,
            Question::Changes(query) => ArbiterCall::Changes(query),
            Question::Change(id, markdown) => ArbiterCall::Change(id, markdown),
        })
    }

    /// Under which key an answer is left for the other isolates of this data centre.
    fn address(&self, config: &Config) -> String {
        let path = match self {
            Self::Arbiter(call) => call.path(),
            Self::Vantages(query) => VantageCall::Samples(query.clone()).path(),
        };
        layers::address(&format!("v1/{}/{path}", config.hash))
    }
}

/// What an object says of a question, or why it is not asked.
pub(super) async fn said(asked: &Recorded, call: Call<'_>) -> std::result::Result<Option<String>, Answer> {
    let Ok(config) = deployed::config() else { return Err(serve::unavailable()) };
    let question = asked.question(config, clock::now())?;
    let keep = question.keep();
    let asked = Asked::of(question);
    let address = asked.address(config);
    if keep > 0
        && let Some(text) = left(&address).await
    {
        return Ok(Some(text));
    }
    let told = match asked {
        Asked::Arbiter(call_of) => of_arbiter(&call_of, call.env).await,
        Asked::Vantages(query) => Ok(of_vantages(&query, config, call.env).await),
    };
    match told {
        Ok(text) => {
            if keep > 0 {
                leave(&address, &text, keep).await;
            }
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
        let (name, hint) = schedule::object_of(config, &vantage.name, &query.id)?;
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
