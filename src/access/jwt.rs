//! A JWT of Cloudflare Access → who it says somebody is, and what it still takes to believe it.
//!
//! Everything that does not need a key is looked at first: nobody has keys fetched for what could
//! never be good. What is wrong is said by a [`Misfit`], which repeats nothing of what was shown.
//! RFC 7515 and RFC 7519 have the form, RFC 7518 section 3.3 the one algorithm.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Caller, Identity};
use crate::config::{Jwt, Tier};
use crate::json;
use crate::units::{Timestamp, Who};

pub use crate::defaults::access::jwt::{LEEWAY, LONGEST, LONGEST_KID};

/// The header field in which Access hands it over
/// (<https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/>).
pub const FIELD: &str = "cf-access-jwt-assertion";

/// The cookie in which browsers keep it.
pub const COOKIE: &str = "CF_Authorization";

/// The one algorithm. Any other would let whoever shows a JWT choose how it is verified.
const ALGORITHM: &str = "RS256";

/// Why a JWT proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// It is not looked at.
    #[error("is longer than {LONGEST} bytes")]
    TooLong,
    /// It is none.
    #[error("is not three parts of base64url with what belongs in them")]
    Malformed,
    /// It would be verified in another way.
    #[error("has another alg than {ALGORITHM}, or asks for more than that (crit)")]
    Algorithm,
    /// It is somebody else's.
    #[error("has another iss than jwt_issuer")]
    Issuer,
    /// It was made for another application.
    #[error("has none of jwt_audience in aud")]
    Audience,
    /// Its time is over.
    #[error("has expired (exp)")]
    Expired,
    /// Its time has not come.
    #[error("is of the future (nbf, iat)")]
    Early,
    /// It is nobody's.
    #[error("names nobody (email, common_name, sub)")]
    Nobody,
    /// It is signed by nobody who is known.
    #[error("has a kid that is none of the keys of jwt_issuer")]
    Key,
    /// It was not signed by who it says, or was changed since.
    #[error("has a signature that its key did not make")]
    Signature,
}

/// What a JWT says before its signature is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim<'a> {
    /// The name of the key that it is signed with.
    pub kid: String,
    /// What is signed.
    pub signed: &'a str,
    /// The signature.
    pub signature: Vec<u8>,
    identity: Identity,
}

impl Claim<'_> {
    /// Who it is, once it is known whether the signature is the key's.
    #[must_use]
    pub fn proved(self, genuine: bool) -> Caller {
        if genuine { Caller::Known(self.identity) } else { Caller::Misfit(Misfit::Signature) }
    }
}

/// The first part. `typ` says nothing that is needed.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// What must be understood beyond this; nothing is (RFC 7515 section 4.1.11).
    crit: Option<serde::de::IgnoredAny>,
}

/// The second part. A member that stands twice is refused, as readers differ in which they take.
#[derive(Deserialize)]
struct Body {
    iss: String,
    aud: Audience,
    exp: u64,
    nbf: Option<u64>,
    iat: Option<u64>,
    email: Option<String>,
    common_name: Option<String>,
    sub: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Reads a JWT as far as that goes without a key.
///
/// # Errors
/// What does not fit.
pub fn read<'a>(token: &'a str, jwt: &Jwt, now: Timestamp) -> Result<Claim<'a>, Misfit> {
    if token.len() > LONGEST {
        return Err(Misfit::TooLong);
    }
    let parts: Vec<&str> = token.splitn(4, '.').collect();
    let [header, body, signature] = parts[..] else { return Err(Misfit::Malformed) };
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Misfit::Malformed)?;
    let header: Header = part(header)?;
    if header.alg != ALGORITHM || header.crit.is_some() {
        return Err(Misfit::Algorithm);
    }
    let kid = header.kid.filter(|kid| (1..=LONGEST_KID).contains(&kid.len())).ok_or(Misfit::Key)?;
    let body: Body = part(body)?;
    check(&body, jwt, now)?;
    let identity = identity(&body, jwt).ok_or(Misfit::Nobody)?;
    let signed = token.rsplit_once('.').map_or("", |(signed, _)| signed);
    if signature.is_empty() {
        return Err(Misfit::Signature);
    }
    Ok(Claim { kid, signed, signature, identity })
}

fn part<T: DeserializeOwned>(text: &str) -> Result<T, Misfit> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    bytes.and_then(|text| json::read(&text)).ok_or(Misfit::Malformed)
}

fn check(body: &Body, jwt: &Jwt, now: Timestamp) -> Result<(), Misfit> {
    if body.iss != jwt.issuer.to_string() {
        return Err(Misfit::Issuer);
    }
    let ours = |audience: &String| jwt.audience.contains(audience);
    let good = match &body.aud {
        Audience::One(audience) => ours(audience),
        Audience::Several(audiences) => audiences.iter().any(ours),
    };
    if !good {
        return Err(Misfit::Audience);
    }
    let at = |seconds: u64| Timestamp::from_millis(seconds.saturating_mul(1_000));
    if now >= at(body.exp).plus(LEEWAY) {
        return Err(Misfit::Expired);
    }
    let begins = body.nbf.into_iter().chain(body.iat).map(at).max();
    if begins.is_some_and(|begins| begins > now.plus(LEEWAY)) {
        return Err(Misfit::Early);
    }
    Ok(())
}

/// Who it is: a person by the address of e-mail, a program by the name of its credentials, or by
/// the subject. No name of a token looks like any of them, so the audit log tells them apart.
fn identity(body: &Body, jwt: &Jwt) -> Option<Identity> {
    let email = body.email.as_deref().filter(|email| email.contains('@'));
    let email_of = |email: &str| Who::parse(email);
    let marked = |mark: &str, text: &Option<String>| {
        let text = text.as_deref().filter(|text| !text.is_empty())?;
        Who::parse(&format!("{mark}:{text}"))
    };
    let name = email
        .and_then(email_of)
        .or_else(|| marked("service", &body.common_name))
        .or_else(|| marked("sub", &body.sub))?;
    let subjects = [body.common_name.as_deref(), body.sub.as_deref()];
    let is_admin = |admin: &String| {
        let by_mail = email.is_some_and(|email| email.eq_ignore_ascii_case(admin));
        if admin.contains('@') { by_mail } else { subjects.contains(&Some(admin)) }
    };
    let tier = if jwt.admins.iter().any(is_admin) { Tier::Admin } else { Tier::Read };
    Some(Identity { name, tier })
}

#[cfg(test)]
mod tests;
