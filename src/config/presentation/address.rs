//! Addresses that people follow: `https`, `http` and `mailto`, and nothing that runs.

use super::super::problem::quoted;
use super::super::raw::Field;
use super::super::url::{self, MAX_URL};

/// Why a text is no address to follow, as what comes after the text.
const NOT_FOLLOWED: &str =
    "is neither https, http nor mailto; write an address as \"https://example.com/docs\"";

/// An address that people may follow, as it is written.
pub(in crate::config) fn link(field: &Field<'_>) -> Option<String> {
    let text = field.text("an address in quotes, as \"https://example.com/docs\"")?;
    match followed(text) {
        Ok(()) => Some(text.to_owned()),
        Err(why) => {
            field.refuse(format_args!("{} {why}", quoted(text)));
            None
        }
    }
}

/// An `https` address that the page may take a picture from, and its scheme, host and port: what
/// the policy of the page allows it by.
pub(in crate::config) fn away(text: &str) -> Result<String, String> {
    if !text.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://")) {
        return Err("is not https; write an address as \"https://example.com/logo.png\"".to_owned());
    }
    web(text)
}

fn followed(text: &str) -> Result<(), String> {
    match text.split_once(':') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("mailto") => mail(rest),
        Some((scheme, _)) if ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) => {
            web(text).map(|_| ())
        }
        _ => Err(NOT_FOLLOWED.to_owned()),
    }
}

/// Checks an address of the web; its scheme, host and port.
fn web(text: &str) -> Result<String, String> {
    if text.len() > MAX_URL {
        return Err(format!("is longer than {MAX_URL} bytes; write a shorter address"));
    }
    let (scheme, rest) = text.split_once("://").ok_or(NOT_FOLLOWED)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("carries a user name or password, which everybody would read; leave it out".to_owned());
    }
    if authority.bytes().all(|byte| !byte.is_ascii() || is_address_byte(byte))
        && let Some(path) = rest.get(authority.len()..)
        && !path.bytes().all(is_address_byte)
    {
        return Err("has a character that addresses do not have; percent-encode it, as %20".to_owned());
    }
    let base = url::parse(&format!("{scheme}://{authority}")).map_err(|bad| bad.to_string())?;
    Ok(base.to_string())
}

/// Checks what stands behind `mailto:`: one address, and what RFC 6068 allows after it.
fn mail(rest: &str) -> Result<(), String> {
    let example = "write one address as \"mailto:help@example.com\"";
    let address = rest.split('?').next().unwrap_or_default();
    let good = address.split_once('@').is_some_and(|(local, domain)| {
        let plain = |byte: u8| is_address_byte(byte) && byte != b'@' && byte != b',';
        !local.is_empty() && local.bytes().all(plain) && url::dns_name(domain).is_ok()
    });
    if good && rest.len() <= MAX_URL && rest.bytes().all(is_address_byte) {
        return Ok(());
    }
    Err(format!("is not an address of mail; {example}"))
}

/// Whether a byte may stand in an address: visible ASCII but what RFC 3986 leaves out.
fn is_address_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)
}
