//! The token of a heartbeat → who it says it is, and the proof to verify: `{pool}.{origin}.{mac}`.
//!
//! `mac` is the HMAC-SHA256 of [`message`] under the deployment's secret, in base64url without
//! padding (RFC 4648 section 5). It says itself which job it is of, so nothing is stored, and what
//! is forged is found out before any object is called. Every token has one spelling. Nothing here
//! knows the secret: whoever does verifies the claim with [`crate::mac`].

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::config::{Config, Heartbeat};
pub use crate::defaults::heartbeat::SHORTEST_SECRET;
pub use crate::mac::BYTES as MAC_BYTES;
use crate::secret::{ExposeSecret as _, Secret, Unusable, Why};
use crate::units::{Name, OriginId};

/// The characters of a MAC: four for each three bytes.
const MAC_CHARS: usize = 43;

/// The longest token in bytes.
pub const LONGEST_TOKEN: usize = 2 * (Name::MAX_LEN + 1) + MAC_CHARS;

/// What a token says before it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim<'a> {
    /// The job that it says it is of.
    pub heartbeat: &'a Heartbeat,
    /// Its proof.
    pub mac: [u8; MAC_BYTES],
}

/// What a MAC is made of. No name has a `/`, so no two jobs have the same.
#[must_use]
pub fn message(id: &OriginId) -> String {
    format!("vedette heartbeat v1 {id}")
}

/// Reads a token; nothing if it is not written as one, or of no heartbeat of this configuration.
#[must_use]
pub fn claim<'a>(config: &'a Config, token: &str) -> Option<Claim<'a>> {
    if token.len() > LONGEST_TOKEN {
        return None;
    }
    let mut parts = token.split('.');
    let (pool, origin, mac) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let id = OriginId { pool: Name::parse(pool).ok()?, origin: Name::parse(origin).ok()? };
    Some(Claim { mac: decoded(mac)?, heartbeat: config.heartbeat(&id)? })
}

/// The secret of a name as a key.
///
/// # Errors
/// It is so short that it could be guessed, or what was wrong with it before.
pub fn key(name: &str, secret: Result<Secret, Unusable>) -> Result<Secret, Unusable> {
    secret.and_then(|secret| {
        let short = secret.expose_secret().len() < SHORTEST_SECRET;
        if short { Err(Why::TooShort(SHORTEST_SECRET).of(name)) } else { Ok(secret) }
    })
}

/// Reads a MAC; its last character has no bits to spare.
fn decoded(text: &str) -> Option<[u8; MAC_BYTES]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// The token of a job, from its MAC.
#[must_use]
pub fn token(id: &OriginId, mac: &[u8; MAC_BYTES]) -> String {
    format!("{}.{}.{}", id.pool, id.origin, URL_SAFE_NO_PAD.encode(mac))
}
