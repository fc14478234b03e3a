//! Sends one message: reveals its channel's secrets, signs, posts, and says what the receiver
//! answered. Only here are the secrets known; what goes out of here has none of them in it.

use worker::Env;

use super::{bound, clock, send};
use crate::config::Channel;
use crate::notify::{self, Delivery, Outcome};
use crate::units::Timestamp;

/// Sends a message and waits for its end or its deadline.
pub(super) async fn deliver(channel: &Channel, delivery: &Delivery, env: &Env) -> Outcome {
    let now = clock::now();
    let revealed = match notify::reveal(channel, delivery, now, |name| bound::secret(env, name)) {
        Ok(revealed) => revealed,
        Err(unusable) => return Outcome::Failed { why: unusable.to_string(), retry_after: None },
    };
    let request = notify::request(channel, delivery, &revealed, now);
    let reply = send::send(request, env).await;
    notify::outcome(&reply, date, clock::now())
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
