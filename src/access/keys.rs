//! The keys that Cloudflare Access signs with: which of them a JWT needs, when they are asked for,
//! and what of an answer is taken.
//!
//! Access changes its key every six weeks and leaves the old one beside the new for a week
//! (<https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/>).
//! Whoever makes up names of keys has them asked for once a minute and isolate, and no more often.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use super::jwt::LONGEST_KID;
use crate::config::{Method, OriginUrl, ProbeValue};
use crate::defaults::access::keys::{LOOK, LOST};
use crate::exchange::{BODY_CAP, End, Reply, Request};
use crate::json;
use crate::units::{Millis, Timestamp};

pub use crate::defaults::access::keys::{AGE, MOST, PAUSE, RETRY, TIMEOUT};

/// Where they are, below the address of the issuer.
const PATH: &str = "/cdn-cgi/access/certs";

/// The bytes of a modulus: 2,048 bits are the least (RFC 7518 section 3.3), and more than 8,192
/// would only cost time.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1_024;

/// The most bytes of an exponent; the usual one has three.
const EXPONENT: usize = 4;

/// One key, as its document writes it (RFC 7517, RFC 7518 section 6.3.1).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Key {
    /// Its name.
    pub kid: String,
    /// The modulus, in base64url.
    pub n: String,
    /// The exponent, in base64url.
    pub e: String,
    kty: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    used_for: Option<String>,
}

impl Key {
    /// Whether it is one for `RS256`, of a size that can be worked with.
    fn fits(&self) -> bool {
        let bytes = |text: &str| {
            // Four characters are three bytes; nothing absurd is decoded first.
            let short = text.len() <= MODULUS.end().saturating_mul(2);
            short.then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten().map(|bytes| bytes.len())
        };
        let is = |wanted: &str, written: &Option<String>| written.as_deref().is_none_or(|it| it == wanted);
        self.kty == "RSA"
            && is("RS256", &self.alg)
            && is("sig", &self.used_for)
            && (1..=LONGEST_KID).contains(&self.kid.len())
            && bytes(&self.n).is_some_and(|length| MODULUS.contains(&length))
            && bytes(&self.e).is_some_and(|length| (1..=EXPONENT).contains(&length))
    }
}

/// What the keys are asked for with.
#[must_use]
pub fn request(issuer: &OriginUrl) -> Request {
    Request {
        method: Method::Get,
        url: format!("{issuer}{PATH}"),
        headers: vec![("accept".to_owned(), ProbeValue::Text("application/json".to_owned()))],
        body: None,
        timeout: TIMEOUT,
        redirects: 0,
        followed: 0,
        wanted: Vec::new(),
    }
}

/// What one isolate knows of them.
#[derive(Clone, Debug)]
pub struct Keys {
    known: Vec<Key>,
    /// When they came.
    fetched: Option<Timestamp>,
    /// When they were last asked for.
    tried: Option<Timestamp>,
    /// Whether they are being asked for.
    asking: bool,
    /// Why the latest question brought none.
    failed: &'static str,
}

/// What comes next for whoever needs a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The signature is verified with this one.
    Verify(Key),
    /// The keys are asked for, and [`Keys::brought`] is told what came.
    Fetch,
    /// Another request is asking for them: after this, look again.
    Wait(Millis),
    /// There is no such key.
    Unknown,
    /// There is none at all: why.
    Unreachable(&'static str),
}

impl Default for Keys {
    fn default() -> Self {
        Self::new()
    }
}

impl Keys {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { known: Vec::new(), fetched: None, tried: None, asking: false, failed: "nobody has asked yet" }
    }

    /// What comes next for whoever needs the key of a name.
    pub fn next(&mut self, kid: &str, now: Timestamp) -> Step {
        // A clock that was set back has let all of them pass.
        let passed = |since: Option<Timestamp>, span: Millis| {
            since.is_none_or(|since| now < since || now.since(since) >= span)
        };
        let key = self.known.iter().find(|key| key.kid == kid);
        let asking = self.asking && !passed(self.tried, LOST);
        let pause = if self.known.is_empty() { RETRY } else { PAUSE };
        let wanted = key.is_none() || passed(self.fetched, AGE);
        if wanted && !asking && passed(self.tried, pause) {
            (self.asking, self.tried) = (true, Some(now));
            return Step::Fetch;
        }
        match key {
            Some(key) => Step::Verify(key.clone()),
            None if asking => Step::Wait(LOOK),
            None if self.known.is_empty() => Step::Unreachable(self.failed),
            None => Step::Unknown,
        }
    }

    /// Takes what an answer brought. One that brings none leaves those that are known.
    ///
    /// # Errors
    /// Why it brought none.
    pub fn brought(&mut self, reply: &Reply, now: Timestamp) -> Result<(), &'static str> {
        self.asking = false;
        match read(reply) {
            Ok(keys) => {
                (self.known, self.fetched) = (keys, Some(now));
                Ok(())
            }
            Err(why) => {
                self.failed = why;
                Err(why)
            }
        }
    }
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

/// The keys in an answer that fit; the first [`MOST`] of them.
fn read(reply: &Reply) -> Result<Vec<Key>, &'static str> {
    const { assert!(BODY_CAP == 64 * 1024, "the text below says how much is read") };
    match &reply.end {
        End::Complete => {}
        End::TooLong => return Err("the answer is longer than 64 KiB"),
        End::TimedOut => return Err("there is no whole answer in 5s"),
        End::Redirected(_) => return Err("the answer leads elsewhere"),
        End::Broken(_) | End::NotSent(_) => return Err("there is no connection"),
    }
    if reply.head.as_ref().map(|head| head.status) != Some(200) {
        return Err("the answer has another status than 200");
    }
    let document: Option<Document> = std::str::from_utf8(&reply.body).ok().and_then(json::read);
    let Some(document) = document else { return Err("the answer is no JSON with keys in it") };
    let keys = document.keys.into_iter().filter_map(|key| serde_json::from_value::<Key>(key).ok());
    let keys: Vec<Key> = keys.filter(Key::fits).take(MOST).collect();
    if keys.is_empty() { Err("none of the keys is one for RS256 of 2,048 to 8,192 bits") } else { Ok(keys) }
}

#[cfg(test)]
mod tests;
