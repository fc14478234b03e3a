//! A person who signed in on the page, for a browser sends no `Authorization` of its own: a cookie
//! `{until}.{name}.{mac}`, which reads and never writes.
//!
//! `mac` is the HMAC-SHA256 of `message` under the hash of the token that was shown, in base64url
//! without padding. So a token that is taken out of its secret ends the sessions that it began, and
//! nothing is stored.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::token::Hash;
use crate::defaults::access::session::LONGEST;
use crate::mac;
use crate::path::{OWN_PREFIX, host_of, loopback, parts};
use crate::units::{Name, Timestamp, Who};

pub use crate::defaults::access::session::LASTS;

/// Whole hosts, everything below Vedette's own prefix, and a laptop, whose connections are not
/// encrypted. Browsers hold the first two to what their prefixes say (RFC 6265bis section 4.1.3).
const NAMES: [&str; 3] = ["__Host-vedette", "__Secure-vedette", "vedette-local"];

/// What a session says before it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Who signed in.
    pub name: Name,
    /// Until when.
    until: u64,
    mac: [u8; mac::BYTES],
}

/// What a MAC is made of.
fn message(name: &str, until: u64) -> String {
    format!("vedette session v1 {name} {until}")
}

impl Claim {
    /// Whether it began with the token of this hash, and is not over.
    #[must_use]
    pub fn holds(&self, hash: &Hash, now: Timestamp) -> bool {
        let ends = Timestamp::from_millis(self.until.saturating_mul(1_000));
        mac::verifies(hash, &message(self.name.as_str(), self.until), &self.mac) && now < ends
    }
}

/// The claims in a field `Cookie`, at most one of each name.
pub fn claims(field: &str) -> impl Iterator<Item = Claim> {
    NAMES.into_iter().filter_map(move |wanted| value(field, wanted).and_then(claim))
}

/// The value of the first cookie of a name in a field `Cookie`.
#[must_use]
pub fn value<'a>(field: &'a str, wanted: &str) -> Option<&'a str> {
    let field = if field.len() > LONGEST { "" } else { field };
    let mut pairs = field.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

fn claim(value: &str) -> Option<Claim> {
    let mut parts = value.split('.');
    let (until, name, mac) = (parts.next()?, parts.next()?, parts.next()?);
    let mac = URL_SAFE_NO_PAD.decode(mac).ok()?.try_into().ok()?;
    let whole = parts.next().is_none() && until.bytes().all(|c| c.is_ascii_digit());
    whole.then_some(Claim { name: Name::parse(name).ok()?, until: until.parse().ok()?, mac })
}

/// `Set-Cookie` for whoever showed the token of this hash at this address.
#[must_use]
pub fn begun(name: &Who, hash: &Hash, url: &str, now: Timestamp) -> String {
    let until = now.plus(LASTS).as_millis() / 1_000;
    let mac = mac::sign(hash, &message(name.as_str(), until)).unwrap_or_default();
    let value = format!("{until}.{name}.{}", URL_SAFE_NO_PAD.encode(mac));
    cookie(url, &value, LASTS.as_secs())
}

/// `Set-Cookie` that ends a session.
#[must_use]
pub fn ended(url: &str) -> String {
    cookie(url, "", 0)
}

fn cookie(url: &str, value: &str, lasts: u64) -> String {
    let found = parts(url);
    let laptop = found.is_some_and(|found| {
        !found.https && loopback(&host_of(found.authority).to_ascii_lowercase()).is_some()
    });
    let below = found.is_some_and(|found| found.path.starts_with(OWN_PREFIX));
    let [whole, part, local] = NAMES;
    let name = match (laptop, below) {
        (true, _) => local,
        (false, true) => part,
        (false, false) => whole,
    };
    let path = if below { OWN_PREFIX } else { "/" };
    let secure = if laptop { "" } else { "; Secure" };
    format!("{name}={value}; Path={path}; Max-Age={lasts}; HttpOnly; SameSite=Strict{secure}")
}
