//! Who may see what, in two or three lines: what is open to anybody is what people forget.

use vedette::config::{Config, Door, Tier};

/// The doors in the order of the documents.
const DOORS: [Door; 6] = [Door::Page, Door::Health, Door::Signal, Door::Readiness, Door::Api, Door::Metrics];

/// What is open, what takes a proof, and who may write.
pub(super) fn lines(config: &Config) -> Vec<String> {
    let access = &config.access;
    let of = |tier: Tier| {
        let doors = DOORS.into_iter().filter(|door| access.tier(*door) == tier).map(Door::as_str);
        doors.collect::<Vec<_>>().join(", ")
    };
    let proof = match (access.knows_tokens(), access.jwt.is_some()) {
        (true, true) => "a token or a JWT of Cloudflare Access",
        (false, true) => "a JWT of Cloudflare Access",
        (true | false, false) => "a token",
    };
    let (open, closed) = (of(Tier::Public), of(Tier::Read));
    let open = if open.is_empty() { "nothing of it".to_owned() } else { open };
    let mut lines = vec![String::new(), "who may see what".to_owned(), format!("  open to anybody: {open}")];
    if !closed.is_empty() {
        lines.push(format!("  needs {proof}: {closed}"));
    }
    let hidden: Vec<&str> =
        config.pools.iter().filter(|pool| pool.hidden).map(|pool| pool.name.as_str()).collect();
    if !hidden.is_empty() {
        lines.push(format!("  hidden without {proof}: {}", vedette::units::listed(&hidden)));
    }
    let writers = match (access.admin_tokens.is_some(), access.jwt.as_ref().map_or(0, |jwt| jwt.admins.len()))
    {
        (false, 0) => return lines,
        (true, 0) => "whoever has a token of admin_tokens".to_owned(),
        (false, count) => format!("{count} of jwt_admins"),
        (true, count) => format!("whoever has a token of admin_tokens, and {count} of jwt_admins"),
    };
    lines.push(format!("  may write: {writers}"));
    lines
}
