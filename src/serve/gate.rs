//! The one gate: which door a target is behind, who asks, and what the configuration says → on, or
//! 401 or 403 with the way out.
//!
//! It stands before everything else that is decided about a request, so nobody learns behind it
//! what is there: a name that is hidden is answered as one that does not exist.

use std::borrow::Cow;

use super::recorded::Kind;
use super::{Answer, Ask, Basis, changes, sign_in};
use super::{Target, View};
use crate::access::{Caller, Refusal, rate};
use crate::answer;
use crate::config::{Config, Door, Tier};
use crate::snapshot::{Snapshot, Transition, WatchView};
use crate::units::Name;

/// The names of parameters in which somebody might send a token.
const TOKEN_PARAMETERS: [&str; 5] = ["token", "access_token", "read_token", "admin_token", "authorization"];

/// Whether it must be known who asks: whoever asks for what anybody is told is not looked at.
pub(super) fn asks_who(target: &Target, config: &Config) -> bool {
    let door = target.door();
    match config.access.tier(door) {
        Tier::Public if changes::is_for_people(target) => true,
        Tier::Public => door != Door::Hall && (config.hides() || names_people(target, config)),
        Tier::Read | Tier::Admin => true,
    }
}

/// Whether an answer names who wrote something, to whoever proves to be somebody.
fn names_people(target: &Target, config: &Config) -> bool {
    let notes = matches!(target, Target::Recorded(asked) if asked.kind == Kind::Incident)
        || matches!(target, Target::View(View::Chronicle(asked)) if asked.id.is_some());
    notes && config.access.knows_anybody()
}

/// The answer to whoever may not pass; nothing if it may. Whoever was not to be looked at shows
/// nothing.
pub(super) fn refused(target: &Target, ask: &Ask<'_>, config: &Config) -> Option<Answer> {
    let caller = ask.caller.unwrap_or(&Caller::Nobody);
    let unproved = changes::is_for_people(target) && !changes::is_one_of_them(ask);
    let passed = caller.passes(target.door(), &config.access).err();
    let refusal = passed.or_else(|| unproved.then_some(Refusal::Unproved))?;
    let mut answer = told(refusal, config.access.read_tokens.as_deref());
    let is_page = matches!(target, Target::View(view) if view.is_page());
    if refusal == Refusal::Unproved && is_page && config.access.knows_tokens() {
        // A person is asked for a token, not told of a field that no browser lets them send.
        let path = ask.target.split('?').next().unwrap_or_default();
        let base = "../".repeat(path.matches('/').count().saturating_sub(1));
        let form = sign_in::page(config, &base, answer.status, Some("This page is not public."));
        answer.headers.retain(|(name, _)| *name == "www-authenticate");
        answer = Answer { headers: [answer.headers, form.headers].concat(), ..form };
    }
    Some(answer)
}

/// 400 for a token in the address, where logs and histories keep it. It is not repeated.
pub(super) fn token_in(query: &str) -> Option<Answer> {
    let mut pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let found = pairs.any(|(name, value)| {
        TOKEN_PARAMETERS.iter().any(|known| known.eq_ignore_ascii_case(name))
            || value.contains(crate::access::token::PREFIX)
    });
    found.then(|| {
        answer::problem(
            400,
            "token-in-address",
            "Token in the address",
            "A token in an address is kept by logs and histories, so none is read there. Make a new token, take this one out of the \
             secret, and send the new one as Authorization: Bearer …",
        )
    })
}

/// What a token that proves nothing is told (RFC 6750 section 3.1).
const INVALID: &str = ", error=\"invalid_token\"";

fn unknown(detail: &str) -> Answer {
    answer::problem(401, "token-unknown", "The token is not known", detail)
}

fn told(refusal: Refusal<'_>, read_tokens: Option<&str>) -> Answer {
    let challenge = |rest: &str| format!("Bearer realm=\"vedette\"{rest}");
    let (mut answer, challenge) = match refusal {
        Refusal::Unproved => (
            answer::problem(
                401,
                "token-needed",
                "A token is needed",
                "This is not public. Send the token as Authorization: Bearer …; vedette token makes one.",
            ),
            challenge(""),
        ),
        Refusal::Unknown => (
            unknown(
                "The token is none of this deployment. It may be misspelt, taken away, or of another deployment.",
            ),
            challenge(INVALID),
        ),
        Refusal::Misfit(misfit) => (
            unknown(&format!("The JWT that Cloudflare Access is to have made proves nothing: it {misfit}.")),
            challenge(INVALID),
        ),
        Refusal::TooLittle => (
            answer::problem(
                403,
                "token-not-enough",
                "The token is not enough",
                "What is shown reads, and this writes. Send a token that the secret of admin_tokens holds, or be one of jwt_admins.",
            ),
            challenge(", error=\"insufficient_scope\""),
        ),
        Refusal::Nobody => {
            let also = if read_tokens.is_some() { ", a secret other than that of read_tokens" } else { "" };
            return answer::problem(
                403,
                "writes-closed",
                "Writes are closed",
                &format!(
                    "Nobody may write: there are no tokens for it. Write admin_tokens = \"ADMIN_TOKENS\" in [access]{also}, and store \
                     in it what vedette token prints."
                ),
            );
        }
        Refusal::TooMany => return too_many(),
        Refusal::Unverifiable(why) => {
            return answer::problem(
                503,
                "tokens-not-verifiable",
                "Tokens cannot be verified",
                &format!("No token can be verified: {why}."),
            );
        }
    };
    answer.headers.push(("www-authenticate", challenge));
    answer
}

/// 429 for what proves nothing.
pub(super) fn too_many() -> Answer {
    let detail =
        "Too many show what proves nothing. A token that is good is still taken; ask again in a minute.";
    let mut answer = answer::problem(429, "too-many-failures", "Too many failures", detail);
    answer.headers.push(("retry-after", rate::SPAN.as_secs().to_string()));
    answer
}

/// Whether somebody may see what is hidden.
pub(super) fn sees_all(ask: &Ask<'_>) -> bool {
    ask.caller.is_some_and(|caller| caller.tier() >= Tier::Read)
}

/// A snapshot as somebody may see it: without a token nothing of what is hidden is left in it, so
/// nothing that is made of it can tell of that.
pub(super) fn seen_by<'a>(ask: &Ask<'_>, basis: &Basis<'a>) -> Cow<'a, Snapshot> {
    match basis.public {
        _ if sees_all(ask) => Cow::Borrowed(basis.snapshot),
        Some(public) => Cow::Borrowed(public),
        None => public(basis.snapshot, basis.config).map_or(Cow::Borrowed(basis.snapshot), Cow::Owned),
    }
}

/// A snapshot without what is hidden; nothing if there is nothing hidden in it. It takes as long as
/// a copy, so whoever answers many makes it once for each snapshot ([`Basis::public`]).
#[must_use]
pub fn public(snapshot: &Snapshot, config: &Config) -> Option<Snapshot> {
    if !config.hides() {
        return None;
    }
    // A pool that the configuration does not name is of another one: it may have been hidden there.
    let shown = |name: &Name| config.pool(name.as_str()).is_some_and(|pool| !pool.hidden);
    let told = |event: &Transition| !config.is_hidden(event.pool());
    // It names an origin.
    let blind_in = |watch: &WatchView| {
        let of = watch.blind.as_deref().and_then(|blind| blind.split_once('/'));
        of.is_some_and(|(pool, _)| config.is_hidden(pool))
    };
    if snapshot.pools.iter().all(|pool| shown(&pool.name))
        && snapshot.events.iter().all(told)
        && !snapshot.watch.iter().any(blind_in)
    {
        return None;
    }
    let mut seen = snapshot.clone();
    seen.pools.retain(|pool| shown(&pool.name));
    seen.events.retain(told);
    for watch in seen.watch.iter_mut().filter(|watch| blind_in(watch)) {
        watch.blind = None;
    }
    Some(seen)
}
