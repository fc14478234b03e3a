//! A JWT of Cloudflare Access: verifies its signature by the platform's cryptography, with keys
//! that are fetched when the core says so.

use std::cell::RefCell;

use worker::Env;

use super::{caught, clock, log, send};
use crate::access::jwt::{self, Misfit};
use crate::access::keys::{self, Keys, Step};
use crate::access::{Assertion, Caller};

thread_local! {
    static KEYS: RefCell<Keys> = const { RefCell::new(Keys::new()) };
}

/// Who shows it.
pub(super) async fn caller(assertion: &Assertion<'_>, env: &Env) -> Caller {
    assertion.caller(shown(assertion, env).await)
}

async fn shown(assertion: &Assertion<'_>, env: &Env) -> Caller {
    let claim = match jwt::read(assertion.token, assertion.jwt, clock::now()) {
        Ok(claim) => claim,
        Err(misfit) => return Caller::Misfit(misfit),
    };
    loop {
        match KEYS.with_borrow_mut(|keys| keys.next(&claim.kid, clock::now())) {
            Step::Verify(key) => {
                // What the platform cannot do with a key or a signature does not verify.
                let genuine = caught::verifies(&key, &claim.signature, claim.signed).await.unwrap_or(false);
                return claim.proved(genuine);
            }
            Step::Fetch => {
                let reply = send::send(keys::request(&assertion.jwt.issuer), env).await;
                let brought = KEYS.with_borrow_mut(|keys| keys.brought(&reply, clock::now()));
                if let Err(why) = brought {
                    log::warn("keys_not_fetched", &[("error", &why)]);
                }
            }
            Step::Wait(pause) => clock::delay(pause).await,
            Step::Unknown => return Caller::Misfit(Misfit::Key),
            Step::Unreachable(why) => {
                return Caller::Unverifiable(format!("the keys of jwt_issuer cannot be had, {why}"));
            }
        }
    }
}
