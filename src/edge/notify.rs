//! Sends one message: reveals its channel's secrets, signs, posts, and says what the receiver answered. Only here are the secrets
//! known; what goes out of here has none of them in it.

use super::platform::{Env, hmac};
use super::{clock, send};
use crate::config::{Channel, ProbeValue};
use crate::notify::{self, Delivery, Outcome};
use crate::units::Timestamp;

/// Sends a message and waits for its end or its deadline.
pub(super) async fn deliver(channel: &Channel, delivery: &Delivery, env: &Env) -> Outcome {
    let now = clock::now();
    let (address, signatures) = match reveal(channel, delivery, env, now).await {
        Ok(revealed) => revealed,
        Err(why) => return Outcome::Failed { why, retry_after: None },
    };
    let request = notify::request(channel, delivery, &address, &signatures, now);
    let reply = send::send(request, env).await;
    notify::outcome(&reply, date, clock::now())
}

/// The address and the signatures; why there are none, without a word of what is secret.
async fn reveal(
    channel: &Channel,
    delivery: &Delivery,
    env: &Env,
    now: Timestamp,
) -> Result<(String, Vec<String>), String> {
    let text = notify::signed_text(&delivery.id, now, &delivery.body);
    let mut signatures = Vec::new();
    for name in &channel.secrets {
        let secret = secret(name, env)?;
        let signature = hmac(notify::key(name, &secret)?, &text).await;
        signatures.push(signature.map_err(|_| format!("the secret {name} is not base64"))?);
    }
    let address = match &channel.url {
        ProbeValue::Text(address) => address.clone(),
        ProbeValue::Secret(name) => notify::address(name, &secret(name, env)?)?,
    };
    Ok((address, signatures))
}

fn secret(name: &str, env: &Env) -> Result<String, String> {
    env.text(name).ok_or_else(|| format!("the secret {name} is not set"))
}

/// Reads a date as HTTP writes it.
fn date(text: &str) -> Option<Timestamp> {
    let at = js_sys::Date::parse(text);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded by what a date can be"
    )]
    (at > 0.0).then(|| Timestamp::from_millis(at as u64))
}
