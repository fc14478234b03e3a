//! The logo of the page: a picture in the file itself, a path, or an `https` address.
//!
//! The page shows it by `<img>` alone, where no browser runs what an SVG may hold; what would run
//! elsewhere is refused all the same.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::super::presentation::away;
use super::super::problem::quoted;
use super::super::raw::Field;
use super::super::url::is_path_byte;
use super::Logo;
use crate::defaults::config::page::{MAX_LOGO, MAX_PATH};

/// The kinds of pictures, and what the bytes of each begin with.
const KINDS: [(&str, &[u8]); 4] = [
    ("image/png", b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", b"\xff\xd8\xff"),
    ("image/gif", b"GIF8"),
    ("image/webp", b"RIFF"),
];

/// The kind that is text.
const SVG: &str = "image/svg+xml";

/// Base64 as data URLs have it, padded or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads the logo.
pub(super) fn logo(field: &Field<'_>) -> Option<Logo> {
    let text = field.text("a picture in quotes, as \"/logo.svg\"")?;
    let read = if text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) {
        data(text).map(|()| Logo::Data(text.to_owned()))
    } else if text.starts_with('/') {
        path(text).map(|()| Logo::Path(text.to_owned()))
    } else if text.contains("://") {
        away(text).map(|from| Logo::Away { url: text.to_owned(), from })
    } else {
        Err("is no picture; write a path as \"/logo.svg\", an https address, or a data: URL".to_owned())
    };
    match read {
        Ok(logo) => Some(logo),
        Err(why) => {
            field.refuse(format_args!("{} {why}", quoted(text)));
            None
        }
    }
}

fn path(text: &str) -> Result<(), String> {
    if text.starts_with("//") {
        return Err("begins with two slashes, which is another host; write its https address".to_owned());
    }
    let good = |byte: u8| is_path_byte(byte) && byte != b'#';
    if text.len() > MAX_PATH || !text.bytes().all(good) {
        return Err(format!(
            "is not a path of at most {MAX_PATH} bytes; percent-encode what paths do not have"
        ));
    }
    Ok(())
}

/// Checks a `data:` URL (RFC 2397): of a picture, small, and of what its type says.
fn data(text: &str) -> Result<(), String> {
    if text.len() > MAX_LOGO {
        let size = text.len();
        return Err(format!(
            "has {size} bytes, over the bound of {MAX_LOGO}; write a smaller picture, or its path or https address"
        ));
    }
    if let Some(bad) = text.chars().find(|c| !(c.is_ascii_graphic() || *c == ' ')) {
        let code = u32::from(bad);
        return Err(format!(
            "has the character U+{code:04X}, which a data: URL does not have; write it in base64"
        ));
    }
    let (head, body) =
        text.split_once(',').ok_or("has no comma before its data; write \"data:image/png;base64,…\"")?;
    let mut parts = head.get(5..).unwrap_or_default().split(';');
    let kind = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let encoded = parts.next_back().is_some_and(|last| last.trim().eq_ignore_ascii_case("base64"));
    let decoded = || BASE64.decode(body.trim()).map_err(|_| "is not base64 behind its comma; encode it anew");
    if kind == SVG {
        if !encoded && body.contains('#') {
            return Err(
                "has a \"#\", where a data: URL ends; write it as %23, or all of it in base64".to_owned()
            );
        }
        return svg(&if encoded { decoded()? } else { unescaped(body) });
    }
    let Some((_, begin)) = KINDS.iter().find(|(known, _)| *known == kind) else {
        let known = KINDS.map(|(kind, _)| kind).join(", ");
        return Err(format!("is of no kind of picture that is shown; write one of {SVG}, {known}"));
    };
    if !encoded {
        return Err(format!("is not in base64; write \"data:{kind};base64,…\""));
    }
    if !decoded()?.starts_with(begin) {
        return Err(format!("is not {kind}, whatever it says; write the type that it has"));
    }
    Ok(())
}

/// Refuses what would run if an SVG were opened by itself.
fn svg(bytes: &[u8]) -> Result<(), String> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err("is not an SVG of UTF-8; save it so".to_owned());
    };
    let text = text.to_ascii_lowercase();
    if !text.contains("<svg") {
        return Err("is not an SVG: it has no <svg; write the type that it has".to_owned());
    }
    for what in ["<script", "javascript:", "<foreignobject", "<!entity"] {
        if text.contains(what) {
            return Err(format!("has {what} in its SVG; a logo holds nothing that runs, so take it out"));
        }
    }
    if let Some(handler) = handler(&text) {
        return Err(format!("has {handler}= in its SVG; a logo holds nothing that runs, so take it out"));
    }
    Ok(())
}

/// The first attribute of a text in lower case that is an event handler: `onload`.
fn handler(text: &str) -> Option<&str> {
    text.match_indices("on").find_map(|(at, _)| {
        let before = text.get(..at)?.chars().next_back()?;
        let rest = text.get(at..)?;
        let end = rest.find(|c: char| !c.is_ascii_alphabetic())?;
        let (name, after) = rest.split_at(end);
        let begins = before.is_whitespace() || matches!(before, '"' | '\'' | '/');
        (begins && end > 2 && after.trim_start().starts_with('=')).then_some(name)
    })
}

/// The bytes that a text with percent escapes says.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (plain, escape) = rest.split_at(at);
        bytes.extend_from_slice(plain.as_bytes());
        let hex = escape.get(1..3).filter(|hex| hex.bytes().all(|c| c.is_ascii_hexdigit()));
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(b'%'));
        rest = escape.get(if byte.is_some() { 3.. } else { 1.. }).unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}
