//! A heartbeat that a job sends: verifies its token, and tells the Arbiter of it. Before the token
//! is verified no object is called.

use std::cell::RefCell;

use futures_util::future::{Either, select};

use worker::Env;

use super::{bound, clock, deployed, layers, log};
use crate::config::Heartbeat;
use crate::heartbeat::{self, Admission, Claim, SingleFlight, TIMEOUT};
use crate::mac;
use crate::secret::ExposeSecret as _;
use crate::serve::Beaten;

thread_local! {
    static SINGLE_FLIGHT: RefCell<SingleFlight> = const { RefCell::new(SingleFlight::new()) };
}

/// What becomes of a heartbeat.
pub(super) async fn taken(claim: &Claim<'_>, env: &Env) -> Beaten {
    let Ok(config) = deployed::config() else { return Beaten::Unknown };
    let name = config.heartbeat_secret.as_deref().unwrap_or_default();
    let key = match heartbeat::key(name, bound::secret(env, name)) {
        Ok(key) => key,
        Err(unusable) => return Beaten::deaf(unusable.to_string(), claim.heartbeat, config),
    };
    let message = heartbeat::message(&claim.heartbeat.id);
    if mac::verifies(key.expose_secret().as_bytes(), &message, &claim.mac) {
        passed_on(claim.heartbeat, env).await
    } else {
        Beaten::Unknown
    }
}

/// Tells the Arbiter, unless it was told just now; waits while it is being told.
async fn passed_on(job: &Heartbeat, env: &Env) -> Beaten {
    let came = clock::now();
    loop {
        match SINGLE_FLIGHT.with_borrow_mut(|flight| flight.meet(job, came, clock::now())) {
            Admission::Taken => return Beaten::Taken,
            Admission::Lost => return Beaten::Lost,
            Admission::Wait(pause) => clock::delay(pause).await,
            Admission::On => {
                let asking = std::pin::pin!(layers::beat(env, &job.id));
                let taken = match select(asking, clock::delay(TIMEOUT)).await {
                    Either::Left((Ok(taken), _)) => taken,
                    Either::Left((Err(error), _)) => {
                        log::warn(
                            "arbiter_unreachable",
                            &[("by", &"heartbeat"), ("error", &error.to_string())],
                        );
                        false
                    }
                    Either::Right(((), _)) => false,
                };
                SINGLE_FLIGHT.with_borrow_mut(|flight| flight.passed(job, taken));
                return if taken { Beaten::Taken } else { Beaten::Lost };
            }
        }
    }
}
