//! What is settled of a request without a snapshot, and what it still needs.

use super::{Ask, Beaten, Chronicle, Fixed, Format, Plan, Recorded, Target, View};
use super::{
    api, beat, finish, gate, openapi, page, private, problem, ready, sign_in, signal, stream, table,
};
use crate::answer::Answer;
use crate::config::{Config, Problems, Tier};
use crate::heartbeat;

/// Settles a request as far as that goes without a snapshot.
#[must_use]
pub fn plan<'a>(config: Result<&'a Config, &Problems>, ask: &Ask<'_>) -> Plan<'a> {
    let target = match table::find(ask) {
        Ok(target) => target,
        Err(answer) => return Plan::Done(finish(answer, ask)),
    };
    if ask.method == "OPTIONS" {
        return Plan::Done(options(&target, config.ok(), ask));
    }
    match (target, config) {
        (Target::Fixed(fixed), _) => Plan::Done(finish(made(fixed), ask)),
        (_, Err(problems)) => Plan::Done(finish(problem::bad_config(problems), ask)),
        (target, Ok(config)) => of(target, config, ask),
    }
}

/// What may be asked of a target.
fn options(target: &Target, config: Option<&Config>, ask: &Ask<'_>) -> Answer {
    let tier = config.map(|config| config.access.tier(target.door())).unwrap_or_default();
    let options = table::options(target, tier == Tier::Public);
    if tier == Tier::Public { finish(options, ask) } else { private(options) }
}

/// The same of a target that depends on the configuration.
fn of<'a>(target: Target, config: &'a Config, ask: &Ask<'_>) -> Plan<'a> {
    if ask.caller.is_none() && gate::asks_who(&target, config) {
        return Plan::Who;
    }
    if let Some(refused) = gate::refused(&target, ask, config) {
        return Plan::Done(private(refused));
    }
    if let Some(answer) = settled(&target, config, ask) {
        return Plan::Done(finish(answer, ask));
    }
    match target {
        Target::Beat { token } => beaten(&token, config, ask),
        Target::SignIn { .. } | Target::SignOut => Plan::SignIn,
        Target::Announce | Target::Note { .. } | Target::Change(_) | Target::Purge => Plan::Write,
        Target::Audit => Plan::Audit,
        Target::Recorded(asked) => Plan::Recorded(Recorded { all: gate::sees_all(ask), ..asked }),
        Target::View(View::Signal { pool, format, wait: Some(wait) }) => {
            Plan::AfterNews(View::Signal { pool, format, wait: None }, wait)
        }
        Target::View(View::Chronicle(asked)) => {
            Plan::FromSnapshot(View::Chronicle(Chronicle { all: gate::sees_all(ask), ..asked }))
        }
        Target::View(view) => Plan::FromSnapshot(view),
        Target::Stream { .. } if ask.method == "HEAD" => Plan::Done(stream(ask)),
        Target::Stream { pool: Some(pool) } => Plan::Stream(pool),
        Target::Stream { pool: None } => Plan::StreamOfAll { all: gate::sees_all(ask) },
        Target::Fixed(fixed) => Plan::Done(finish(made(fixed), ask)),
    }
}

/// What is the same at all times.
fn made(fixed: Fixed) -> Answer {
    match fixed {
        Fixed::Live => ready::live(),
        Fixed::OpenApi => openapi::answer(),
        Fixed::Style => page::style(),
        Fixed::ChartsStyle => page::charts_style(),
        Fixed::Script => page::script(),
    }
}

/// The answer that the configuration alone gives.
fn settled(target: &Target, config: &Config, ask: &Ask<'_>) -> Option<Answer> {
    let unknown = |pool: &str, origin| problem::unknown(config, pool, origin, gate::sees_all(ask));
    match target {
        Target::View(View::Health { pool: Some(pool), origin, .. }) => unknown(pool, origin.as_deref()),
        Target::View(View::Dossier(dossier)) => {
            unknown(&dossier.pool, dossier.origin.as_deref()).or_else(|| dossier.refused(config))
        }
        Target::View(View::Chronicle(asked)) => asked.refused(config, gate::sees_all(ask)),
        Target::View(View::Changes(asked)) => asked.refused(),
        Target::View(View::Badge(badge)) => unknown(&badge.pool, None),
        Target::View(View::Signal { pool, format, .. }) => {
            unknown(pool, None).or_else(|| signal::refused(config, pool, *format))
        }
        Target::View(View::Api(query)) => api::refused(config, query, gate::sees_all(ask)),
        Target::Stream { pool: Some(pool) } => {
            unknown(pool, None).or_else(|| signal::refused(config, pool, Format::Json))
        }
        Target::Recorded(asked) => asked.names().and_then(|(pool, origin)| unknown(pool, origin)),
        Target::SignIn { post: false } => Some(sign_in::page(config, "", 200, None)),
        Target::SignIn { post: true } | Target::SignOut => {
            (!config.access.knows_tokens()).then(problem::not_found)
        }
        Target::View(_)
        | Target::Beat { .. }
        | Target::Announce
        | Target::Note { .. }
        | Target::Change(_)
        | Target::Purge
        | Target::Audit
        | Target::Stream { pool: None }
        | Target::Fixed(_) => None,
    }
}

/// What becomes of a heartbeat. Of a job that is hidden no method tells that there is one.
fn beaten<'a>(token: &str, config: &'a Config, ask: &Ask<'_>) -> Plan<'a> {
    let claim = heartbeat::claim(config, token);
    let hidden = claim.as_ref().is_some_and(|claim| config.is_hidden(claim.heartbeat.id.pool.as_str()));
    let told = claim.as_ref().map(|claim| claim.heartbeat).filter(|_| !hidden);
    let refused = beat::refused(config, told, ask.method);
    let unknown = beat::answer(&Beaten::Unknown);
    match (refused, claim) {
        (Some(refused), _) => Plan::Done(finish(refused, ask)),
        (None, Some(claim)) if hidden && beat::reads_in_vain(claim.heartbeat, ask.method) => {
            Plan::Done(finish(unknown, ask))
        }
        (None, Some(claim)) => Plan::Beat(claim),
        (None, None) => Plan::Done(finish(unknown, ask)),
    }
}
