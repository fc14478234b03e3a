//! What somebody shows → who it is, and which doors that opens.
//!
//! A deployment holds only the hashes of tokens ([`token`]), and fetches the public keys of who
//! signs JWTs ([`keys`]). Nothing here reads a request: the edge hands over the fields of those
//! that need to be known, and of no others.

pub mod jwt;
pub mod keys;
pub mod rate;
pub mod session;
pub mod token;

use crate::config::{Access, Door, Jwt, Tier};
use crate::secret::{Secret, Unusable};
use crate::units::{Timestamp, Who};
use jwt::Misfit;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Shows nothing.
    Nobody,
    /// Has proved it.
    Known(Identity),
    /// Shows what proves nothing.
    Stranger,
    /// Shows a JWT that proves nothing: why.
    Misfit(Misfit),
    /// Shows something, and the deployment cannot tell whether it is good: why.
    Unverifiable(String),
    /// Shows what proves nothing, as too many did before.
    Flooding,
}

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The name that the token was made for, or whom the JWT names.
    pub name: Who,
    /// What it may.
    pub tier: Tier,
}

/// Why somebody may not pass a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal<'a> {
    /// It takes a token, and none is shown.
    Unproved,
    /// What is shown is none of this deployment's.
    Unknown,
    /// What is shown is a JWT that does not fit: why.
    Misfit(Misfit),
    /// What is shown is good, but not for this.
    TooLittle,
    /// Nobody may: there are no tokens for it.
    Nobody,
    /// It cannot be told whether what is shown is good: why.
    Unverifiable(&'a str),
    /// Too many show what proves nothing.
    TooMany,
}

impl Caller {
    /// What it may.
    #[must_use]
    pub fn tier(&self) -> Tier {
        match self {
            Self::Known(identity) => identity.tier,
            Self::Nobody | Self::Stranger | Self::Misfit(_) | Self::Unverifiable(_) | Self::Flooding => {
                Tier::Public
            }
        }
    }

    /// Whether it counts as a failure.
    #[must_use]
    pub const fn fails(&self) -> bool {
        matches!(self, Self::Stranger | Self::Misfit(_))
    }

    /// Whether it may pass a door. Whoever shows what proves nothing is told so, even where it
    /// could pass without: it would take what is left out for all there is.
    ///
    /// # Errors
    /// Why not.
    pub fn passes(&self, door: Door, access: &Access) -> Result<(), Refusal<'_>> {
        let needed = access.tier(door);
        match self {
            Self::Known(identity) if identity.tier >= needed => Ok(()),
            Self::Nobody if needed == Tier::Public => Ok(()),
            Self::Nobody | Self::Known(_) | Self::Stranger | Self::Misfit(_) | Self::Unverifiable(_)
                if needed == Tier::Admin && !access.knows_writers() =>
            {
                Err(Refusal::Nobody)
            }
            Self::Nobody => Err(Refusal::Unproved),
            Self::Known(_) => Err(Refusal::TooLittle),
            Self::Stranger => Err(Refusal::Unknown),
            Self::Misfit(misfit) => Err(Refusal::Misfit(*misfit)),
            Self::Unverifiable(why) => Err(Refusal::Unverifiable(why)),
            Self::Flooding => Err(Refusal::TooMany),
        }
    }
}

/// What a request shows that may say who asks.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// `Authorization`. Only one of the scheme `Bearer` (RFC 6750 section 2.1) is meant for us.
    pub authorization: Option<String>,
    /// What Cloudflare Access adds ([`jwt::FIELD`]).
    pub assertion: Option<String>,
    /// `Cookie`.
    pub cookie: Option<String>,
}

/// What of it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof<'a> {
    /// It is settled who asks.
    Settled(Caller),
    /// A JWT has to be verified ([`jwt::read`]).
    Jwt(Assertion<'a>),
}

/// A JWT, and how it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assertion<'a> {
    /// The JWT.
    pub token: &'a str,
    /// What the configuration says of them.
    pub jwt: &'a Jwt,
    /// Whether the browser sent it by itself, as a cookie.
    pub is_cookie: bool,
}

impl Assertion<'_> {
    /// Who it is, of what came of the JWT. As with a session, a cookie only reads, and one that is
    /// over says nothing: it must lock nobody out of what is public.
    #[must_use]
    pub fn caller(&self, found: Caller) -> Caller {
        if !self.is_cookie {
            return found;
        }
        match found {
            Caller::Known(identity) => Caller::Known(Identity { tier: Tier::Read, ..identity }),
            Caller::Nobody
            | Caller::Stranger
            | Caller::Misfit(_)
            | Caller::Unverifiable(_)
            | Caller::Flooding => Caller::Nobody,
        }
    }
}

/// What of a request counts: a token, then what Access adds, then the cookie of a session, then
/// that of Access. `secret` gives what the secret of a name holds.
pub fn proof<'a>(
    fields: &'a Fields,
    access: &'a Access,
    now: Timestamp,
    secret: impl Fn(&str) -> Result<Secret, Unusable>,
) -> Proof<'a> {
    if let Some(shown) = fields.authorization.as_deref().and_then(token::bearer) {
        return Proof::Settled(by_token(shown, access, secret));
    }
    let asserted = |token: Option<&'a str>, is_cookie| {
        let (token, jwt) = token.zip(access.jwt.as_ref())?;
        Some(Proof::Jwt(Assertion { token, jwt, is_cookie }))
    };
    if let Some(proof) = asserted(fields.assertion.as_deref(), false) {
        return proof;
    }
    let Some(cookie) = fields.cookie.as_deref() else { return Proof::Settled(Caller::Nobody) };
    let caller = by_cookie(cookie, access, now, secret);
    let of_access = asserted(session::value(cookie, jwt::COOKIE), true).filter(|_| caller == Caller::Nobody);
    of_access.unwrap_or(Proof::Settled(caller))
}

/// Who shows a token.
pub fn by_token(shown: &str, access: &Access, secret: impl Fn(&str) -> Result<Secret, Unusable>) -> Caller {
    let tiers = [(Tier::Admin, &access.admin_tokens), (Tier::Read, &access.read_tokens)];
    let hash = token::hash(shown);
    let (mut found, mut unusable) = (None, None);
    // Every list is looked through to its end, so that the time tells nothing of what is in it.
    for (tier, secret_name) in tiers {
        let Some(secret_name) = secret_name else { continue };
        match secret(secret_name).and_then(|held| token::Hashes::read(secret_name, &held)) {
            Ok(hashes) => {
                let name = hashes.name_of(&hash);
                found = found.or(name.map(|name| Identity { name: name.into(), tier }));
            }
            Err(why) => unusable = Some(why),
        }
    }
    match (found, unusable) {
        (Some(identity), _) => Caller::Known(identity),
        (None, Some(why)) => Caller::Unverifiable(format!("{why}. Set it with wrangler secret put")),
        (None, None) => Caller::Stranger,
    }
}

/// Who a field `Cookie` says has signed in. A session that is over, or none of ours, says nothing:
/// whoever has one is told what everybody is told.
pub fn by_cookie(
    field: &str,
    access: &Access,
    now: Timestamp,
    secret: impl Fn(&str) -> Result<Secret, Unusable>,
) -> Caller {
    let mut claims = session::claims(field).peekable();
    if claims.peek().is_none() {
        return Caller::Nobody;
    }
    let names = [&access.admin_tokens, &access.read_tokens].into_iter().flatten();
    let lists = names.filter_map(|name| secret(name).and_then(|held| token::Hashes::read(name, &held)).ok());
    let lists: Vec<token::Hashes> = lists.collect();
    let holds = |claim: &session::Claim| {
        lists.iter().flat_map(|list| list.of(&claim.name)).any(|hash| claim.holds(hash, now))
    };
    match claims.find(holds) {
        Some(claim) => Caller::Known(Identity { name: claim.name.into(), tier: Tier::Read }),
        None => Caller::Nobody,
    }
}

#[cfg(test)]
mod tests;
