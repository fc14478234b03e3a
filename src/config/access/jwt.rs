//! The settings of `[access]` that let Cloudflare Access prove who somebody is: who signs, for
//! whom, and who of those that it lets in may write.

use serde::{Deserialize, Serialize};

use super::super::OriginUrl;
use super::super::problem::quoted;
use super::super::raw::{Field, Table};
use super::super::url::origin_url;
use super::super::value::Given;
use crate::defaults::config::access::{LONGEST_ADMIN, LONGEST_AUDIENCE, MOST_ADMINS, MOST_AUDIENCES};

/// The keys.
pub(super) const KEYS: [&str; 3] = ["jwt_issuer", "jwt_audience", "jwt_admins"];

/// Whose JWTs prove who somebody is. Nothing of it is a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwt {
    /// Who signs: `iss` of each, and where the keys are.
    pub issuer: OriginUrl,
    /// The applications that they may be made for: one of these stands in `aud`.
    pub audience: Vec<String>,
    /// Who may write: addresses of e-mail, and what stands in `sub` or `common_name`. Everybody
    /// else reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub admins: Vec<String>,
}

/// Reads the settings. Half of them would let nobody in, or be of no use.
#[expect(clippy::option_option, reason = "nothing is written, or what is written cannot be read")]
pub(super) fn jwt(table: &Table<'_>) -> Option<Option<Jwt>> {
    let [issuer, audience, admins] = KEYS;
    let written = table.optional(issuer, issuer_of);
    let audience_of = |field: &Field<'_>| texts(field, MOST_AUDIENCES, LONGEST_AUDIENCE, "\"4714c1…\"");
    let audiences = table.optional(audience, audience_of);
    let admin_of = |field: &Field<'_>| texts(field, MOST_ADMINS, LONGEST_ADMIN, "[\"ada@example.com\"]");
    let writers = table.or_usual(admins, admin_of);
    let missing = |key: &str, of: &str, example: &str| {
        table.refuse_at(key, format_args!("is missing, and {of} needs it; write {key} = {example}"));
        None
    };
    match (written?, audiences?, writers?) {
        (Some(issuer), Some(audience), admins) => Some(Some(Jwt { issuer, audience, admins })),
        (Some(_), None, _) => missing(audience, issuer, "\"…\", the AUD tag of the application"),
        (None, Some(_), _) => missing(issuer, audience, EXAMPLE),
        (None, None, writers) if !writers.is_empty() => missing(issuer, admins, EXAMPLE),
        (None, None, _) => Some(None),
    }
}

const EXAMPLE: &str = "\"https://TEAM.cloudflareaccess.com\"";

/// Whoever stands between could hand in keys of his own, so only this machine is asked without
/// encryption.
fn issuer_of(field: &Field<'_>) -> Option<OriginUrl> {
    let url = origin_url(field)?;
    let problem = if !url.https && !url.is_loopback() {
        "is not https, so that anyone on the way could sign as he likes"
    } else if !url.prefix.is_empty() {
        "has a path"
    } else {
        return Some(url);
    };
    field.refuse(format_args!("{} {problem}; write {EXAMPLE}", field.shown()));
    None
}

/// One text or several, each once.
fn texts(field: &Field<'_>, most: usize, longest: usize, example: &str) -> Option<Vec<String>> {
    let mut given = Given::default();
    let mut one = |field: &Field<'_>| {
        let text = field.text(example)?;
        if !(1..=longest).contains(&text.len()) || !text.bytes().all(|c| c.is_ascii_graphic()) {
            let shown = quoted(text);
            field.refuse(format_args!(
                "{shown} is not 1 to {longest} visible characters of ASCII; write {example}"
            ));
            return None;
        }
        given.first(text, field, "write it once").then(|| text.to_owned())
    };
    if field.as_text().is_some() {
        return one(field).map(|text| vec![text]);
    }
    let read = field.entries(example, most, &mut one)?;
    if read.is_empty() {
        field.refuse(format_args!("is empty; write {example}, or leave it out"));
        return None;
    }
    Some(read)
}
