//! Calls of vantage objects by the Arbiter.

use futures_util::future::{Either, join_all, select};
use wasm_bindgen_futures::spawn_local;
use worker::{Env, Error, Result};

use super::{bound, clock, layers, log, respond};
use crate::arbiter::ObjectName;
use crate::calls::VantageCall;
use crate::change::{Errand, Gathered, Pair, Said};
use crate::config::Config;
use crate::defaults::edge::VANTAGE_DEADLINE;
use crate::history::SampleQuery;
use crate::schedule;
use crate::units::OriginId;

/// Wakes a vantage object; whether it comes is seen by its report.
pub(super) fn arm(env: &Env, object: ObjectName) {
    let env = env.clone();
    spawn_local(async move {
        log::info("vantage_armed", &[("object", &object.name)]);
        let woken = async {
            let vantage = bound::object(&env, "VANTAGE", &object.name, object.hint.as_str())?;
            bound::get(vantage, &layers::vantage_url(&VantageCall::Arm)).await
        };
        if let Err(error) = woken.await {
            log::warn("vantage_unreachable", &[("object", &object.name), ("error", &error.to_string())]);
        }
    });
}

/// Has a vantage object look at an origin. If it does not hear of it, it looks when it would have
/// looked anyway.
pub(super) fn probe_now(env: &Env, object: ObjectName, origins: &[OriginId]) {
    let env = env.clone();
    let mut lines = String::new();
    for id in origins {
        lines.push_str(&format!("{id}\n"));
    }
    spawn_local(async move {
        let told = async {
            let vantage = bound::object(&env, "VANTAGE", &object.name, object.hint.as_str())?;
            bound::post(vantage, &layers::vantage_url(&VantageCall::ProbeNow), &lines).await
        };
        if let Err(error) = told.await {
            log::warn("vantage_unreachable", &[("object", &object.name), ("error", &error.to_string())]);
        }
    });
}

/// Asks vantages for samples, all at once. One that does not answer in time says nothing.
pub(super) async fn gather(env: &Env, config: &Config, errand: &Errand) -> Gathered {
    let said = join_all(errand.pairs.iter().map(|pair| async {
        let kept = match kept(env, config, pair, errand).await {
            Ok(kept) => Some(kept),
            Err(error) => {
                let (vantage, origin) = (pair.vantage.to_string(), pair.origin.to_string());
                log::warn(
                    "samples_not_told",
                    &[("vantage", &vantage), ("origin", &origin), ("error", &error.to_string())],
                );
                None
            }
        };
        Said { pair: pair.clone(), kept }
    }));
    Gathered { window: errand.window, said: said.await }
}

async fn kept(env: &Env, config: &Config, pair: &Pair, errand: &Errand) -> Result<String> {
    let object = schedule::object_of(config, &pair.vantage, &pair.origin);
    let (name, hint) = object.ok_or("no object of this configuration")?;
    let query = SampleQuery { id: pair.origin.clone(), window: errand.window };
    let asking = async {
        let vantage = bound::object(env, "VANTAGE", &name, hint.as_str())?;
        let response = bound::get(vantage, &layers::vantage_url(&VantageCall::Kept(query))).await?;
        match response.status() {
            200 => respond::text(response.text()).await,
            status => Err(Error::from(format!("it answers {status}"))),
        }
    };
    match select(std::pin::pin!(asking), clock::delay(VANTAGE_DEADLINE)).await {
        Either::Left((text, _)) => text,
        Either::Right(((), _)) => Err(Error::from("it does not answer")),
    }
}
