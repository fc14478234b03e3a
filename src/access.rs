//! What somebody shows → who it is, and which doors that opens.
//!
//! A deployment holds only the hashes of tokens ([`token`]). Nothing here reads a request: the edge
//! hands over the fields of those that need to be known, and of no others.

pub mod failures;
pub mod session;
pub mod token;

use crate::config::{Access, Door, Tier};
use crate::secret::{Secret, Unusable};
use crate::units::{Name, Timestamp};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Shows nothing.
    Nobody,
    /// Has proved it.
    Known(Identity),
    /// Shows what proves nothing.
    Stranger,
    /// Shows something, and the deployment cannot tell whether it is good: why.
    Unverifiable(String),
    /// Shows what proves nothing, as too many did before.
    Flooding,
}

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The name that the token was made for.
    pub name: Name,
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
            Self::Nobody | Self::Stranger | Self::Unverifiable(_) | Self::Flooding => Tier::Public,
        }
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
            Self::Nobody | Self::Known(_) | Self::Stranger | Self::Unverifiable(_)
                if needed == Tier::Admin && access.admin_tokens.is_none() =>
            {
                Err(Refusal::Nobody)
            }
            Self::Nobody => Err(Refusal::Unproved),
            Self::Known(_) => Err(Refusal::TooLittle),
            Self::Stranger => Err(Refusal::Unknown),
            Self::Unverifiable(why) => Err(Refusal::Unverifiable(why)),
            Self::Flooding => Err(Refusal::TooMany),
        }
    }
}

/// Who shows a field `Authorization`; `secret` gives what the secret of a name holds. Only a field
/// of the scheme `Bearer` (RFC 6750 section 2.1) is meant for us.
pub fn by_field(
    field: Option<&str>,
    access: &Access,
    secret: impl Fn(&str) -> Result<Secret, Unusable>,
) -> Caller {
    match field.and_then(token::bearer) {
        Some(shown) => by_token(shown, access, secret),
        None => Caller::Nobody,
    }
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
                found = found.or(name.map(|name| Identity { name, tier }));
            }
            Err(why) => unusable = Some(why),
        }
    }
    match (found, unusable) {
        (Some(identity), _) => Caller::Known(identity),
        (None, Some(why)) => Caller::Unverifiable(why.to_string()),
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
        Some(claim) => Caller::Known(Identity { name: claim.name, tier: Tier::Read }),
        None => Caller::Nobody,
    }
}

#[cfg(test)]
mod tests;
