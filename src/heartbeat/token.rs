//! The token of a heartbeat → who it says it is, and the proof to verify: `{pool}.{origin}.{mac}`.
//!
//! `mac` is the HMAC-SHA256 of [`message`] under the deployment's secret, in base64url without padding (RFC 4648 section 5). It
//! says itself which job it is of, so nothing is stored, and what is forged is found out before any object is called. Every token
//! has one spelling. Nothing here knows the secret or verifies: that is done in constant time by the platform.

use crate::config::{Config, Heartbeat};
use crate::units::{Name, OriginId};

/// The bytes of a MAC.
pub const MAC_BYTES: usize = 32;

/// The characters of a MAC: four for each three bytes.
const MAC_CHARS: usize = 43;

/// The longest token in bytes.
pub const LONGEST_TOKEN: usize = 2 * (Name::MAX_LEN + 1) + MAC_CHARS;

/// The shortest secret in bytes: who has one token of a shorter one could guess it, and make the others.
pub const SHORTEST_SECRET: usize = 16;

/// The alphabet of base64url.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

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

/// The secret as a key; else why there is none, in words that do not repeat it.
///
/// # Errors
/// It is not set, or so short that it could be guessed.
pub fn key(name: &str, secret: Option<String>) -> Result<String, String> {
    match secret {
        None => Err(format!("the secret {name} is not set")),
        Some(secret) if secret.len() < SHORTEST_SECRET => {
            Err(format!("the secret {name} is shorter than {SHORTEST_SECRET} bytes"))
        }
        Some(secret) => Ok(secret),
    }
}

/// Reads a MAC; its last character has no bits to spare.
fn decoded(text: &str) -> Option<[u8; MAC_BYTES]> {
    let mut mac = [0; MAC_BYTES];
    let mut places = mac.iter_mut();
    let (mut held, mut bits) = (0_u32, 0_u32);
    for c in text.bytes() {
        let six = ALPHABET.iter().position(|known| *known == c)?;
        held = (held << 6) | u32::try_from(six).ok()?;
        bits = bits.saturating_add(6);
        if bits >= 8 {
            bits = bits.saturating_sub(8);
            *places.next()? = u8::try_from(held >> bits).ok()?;
            held &= (1 << bits) - 1;
        }
    }
    (text.len() == MAC_CHARS && held == 0).then_some(mac)
}

/// The token of a job, from its MAC.
#[cfg(not(target_arch = "wasm32"))]
#[must_use]
pub fn token(id: &OriginId, mac: &[u8; MAC_BYTES]) -> String {
    let mut text = String::new();
    for three in mac.chunks(3) {
        let word = three.iter().fold(0_usize, |word, byte| (word << 8) | usize::from(*byte));
        let word = word << (8 * 3_usize.saturating_sub(three.len()));
        let sixes = [18, 12, 6, 0].into_iter().take(three.len().saturating_add(1));
        text.extend(sixes.filter_map(|shift| ALPHABET.get((word >> shift) & 63).map(|c| char::from(*c))));
    }
    format!("{}.{}.{text}", id.pool, id.origin)
}
