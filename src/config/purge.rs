//! `[purge]`: the CDN whose copies can be cleared.

use serde::{Deserialize, Serialize};

use super::OriginUrl;
use super::problem::quoted;
use super::raw::{Field, Table};
use super::request::secret_name;
use super::slot::Refused;
use super::url::{origin_url, parse};

/// The keys of `[purge]`.
pub(super) const KEYS: [&str; 3] = ["zone", "token", "api"];

/// Where Cloudflare is asked
/// (<https://developers.cloudflare.com/api/resources/cache/methods/purge/>).
const API: &str = "https://api.cloudflare.com/client/v4";

/// How long the name of a zone is, in hexadecimal digits.
const ZONE: usize = 32;

/// A CDN, and by what it is asked to clear its copies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cdn {
    /// The zone whose copies are cleared: 32 hexadecimal digits.
    pub zone: String,
    /// The name of the secret that holds the API token.
    pub token: String,
    /// Where it is asked.
    pub api: OriginUrl,
}

/// Reads `[purge]`.
pub(super) fn cdn(file: &Table<'_>) -> Result<Option<Cdn>, Refused> {
    let Some(field) = file.get("purge") else { return Ok(None) };
    field.table().and_then(|table| read(&table)).map(Some).ok_or(Refused)
}

fn read(table: &Table<'_>) -> Option<Cdn> {
    table.only(&KEYS);
    let zone = table.require("zone", "\"023e105f4ecef8ad9ca31a8372d0c353\"").as_ref().and_then(zone);
    let token = table.require("token", "\"PURGE_TOKEN\"").as_ref().and_then(secret_name);
    let api = table.get("api").map_or_else(|| parse(API).ok(), |field| origin_url(&field));
    Some(Cdn { zone: zone?, token: token?, api: api? })
}

fn zone(field: &Field<'_>) -> Option<String> {
    let text = field.text("the zone's id in quotes")?;
    let inner = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    if text.len() != ZONE || !text.bytes().all(inner) {
        field.refuse(format_args!(
            "{} is not a zone; write its id, {ZONE} of 0-9 and a-f, as the overview of the zone shows it",
            quoted(text)
        ));
        return None;
    }
    Some(text.to_owned())
}
