//! The request of a probe: method, path, redirects, header fields and body.

use super::problem::quoted;
use super::raw::{Field, Table};
use super::slot::{Level, Scope, Slot, Slots, every};
use super::url::{MAX_URL, is_path_byte};
use super::value::{Given, word};
use super::{Method, Probe, ProbeValue};
use crate::defaults::config::request::{MAX_BODY, MAX_HEADER, MAX_SECRET};

pub(super) use crate::defaults::config::request::{MAX_ENTRIES, MAX_REDIRECTS};

/// The keys of `probe`.
pub(super) const KEYS: [&str; 5] = ["method", "path", "redirects", "headers", "body"];

/// The methods and how they are written.
pub(super) const METHODS: [(&str, Method); 7] = [
    ("GET", Method::Get),
    ("HEAD", Method::Head),
    ("OPTIONS", Method::Options),
    ("POST", Method::Post),
    ("PUT", Method::Put),
    ("PATCH", Method::Patch),
    ("DELETE", Method::Delete),
];

/// Header fields that a probe cannot set: those of the connection (RFC 9110, 7.6.1, and what older
/// servers take for such); those of the message's length and address; and those that Vedette sends
/// itself.
const NOT_OURS: [&str; 12] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vedette-vantage",
];

/// The keys of a probe at the nearest level of each.
#[derive(Clone, Default)]
pub(super) struct ProbeSlots {
    /// The method.
    pub method: Slot<Method>,
    path: Slot<String>,
    redirects: Slot<u32>,
    headers: Slots<ProbeValue>,
    body: Slot<ProbeValue>,
}

impl ProbeSlots {
    /// Takes over what `table` says.
    pub(super) fn overlay(&mut self, table: &Table<'_>, level: Level) {
        table.only(&KEYS);
        self.body.overlay(table.get("body"), level, body);
        self.method.overlay(table.get("method"), level, |field| {
            let place = word(field, &METHODS.map(|(word, _)| word))?;
            METHODS.get(place).map(|(_, method)| *method)
        });
        self.path.overlay(table.get("path"), level, path);
        let redirects = 0..MAX_REDIRECTS.saturating_add(1);
        self.redirects.overlay(table.get("redirects"), level, |field| field.whole(&redirects));
        if let Some(headers) = table.get("headers").and_then(|field| field.table()) {
            for (name, field) in header_names(&headers) {
                let refused = NOT_OURS.contains(&name.as_str());
                if name == "host" {
                    field.refuse(format_args!(
                        "is taken from url; give the origin a host name of its own, and write that into url"
                    ));
                } else if refused {
                    field.refuse(format_args!("is set by the connection or by Vedette itself; leave it out"));
                }
                let value = if refused { None } else { header_value(&field) };
                self.headers.insert(name, Slot::written(value, level, &field));
            }
        }
    }

    /// The path, if it could be read.
    pub(super) fn path(&self) -> Option<String> {
        self.path.or("/".to_owned())
    }

    /// The probe, if all of it could be read.
    pub(super) fn whole(&self) -> Option<Probe> {
        let probe = Probe {
            method: self.method.or(Method::Get)?,
            path: self.path()?,
            redirects: self.redirects.or(0)?,
            headers: every(&self.headers)?,
            body: self.body.optional().ok()?,
        };
        Some(probe)
    }

    /// Refuses a body with a method that has none, and redirects of a method that does more than
    /// ask.
    pub(super) fn check(&self, scope: &Scope<'_>) {
        let place = self.method.written_as("probe.method");
        let Some(method) = self.method.or(Method::Get) else { return };
        if !method.has_body() && self.body.place().is_some() {
            let message =
                "only POST, PUT and PATCH carry a body; write method = \"POST\", or leave out the body";
            scope.refuse_pair(self.body.written_as("probe.body"), place, message);
        }
        if !method.is_safe() && self.redirects.known().is_some_and(|redirects| *redirects > 0) {
            let message =
                format!("a {} is sent once, to where it was meant; write redirects = 0", method.as_str());
            scope.refuse_pair(self.redirects.written_as("probe.redirects"), place, &message);
        }
    }
}

/// The fields of a table of headers by their names in lower case; what is no name of a header, or
/// is given twice but for its case, is refused.
pub(super) fn header_names<'a>(table: &Table<'a>) -> Vec<(String, Field<'a>)> {
    if !is_bound(table) {
        return Vec::new();
    }
    let mut names = Given::default();
    let mut good = Vec::new();
    for (key, field) in table.entries() {
        let name = key.to_ascii_lowercase();
        if !is_header_name(&name) {
            field.refuse(format_args!(
                "is not the name of a header field; write letters, digits and \"-\", as \"accept\""
            ));
        } else if names.first(&name, &field, "keep one (case does not tell headers apart)") {
            good.push((name, field));
        }
    }
    good
}

/// Whether a text is the name of a header field: a token (RFC 9110, 5.6.2) of at most 256 bytes.
pub(super) fn is_header_name(name: &str) -> bool {
    let token = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c);
    (1..257).contains(&name.len()) && name.bytes().all(token)
}

/// Whether a table has at most [`MAX_ENTRIES`] entries; a problem otherwise.
pub(super) fn is_bound(table: &Table<'_>) -> bool {
    let count = table.entries().len();
    let bound = count <= MAX_ENTRIES;
    if !bound {
        let message = format!("has {count} entries, over the bound of {MAX_ENTRIES}; write fewer");
        table.report().refuse(&table.at, Some(table.offset()), message);
    }
    bound
}

/// The path of a probe, with its query.
fn path(field: &Field<'_>) -> Option<String> {
    let text = field.text("a path in quotes, as \"/health\"")?;
    let shown = quoted(text);
    let problem = if text.len() > MAX_URL {
        format!("{shown} is longer than {MAX_URL} bytes; write a shorter path")
    } else if !text.starts_with('/') {
        format!("{shown} does not begin with \"/\"; write it as \"/health\"")
    } else if text.contains('#') {
        format!("{shown} has a fragment, which is never sent; leave out \"#\" and what follows, or write %23")
    } else if !text.bytes().all(is_path_byte) {
        format!("{shown} has a character that paths do not have; percent-encode it, as %20")
    } else {
        return Some(text.to_owned());
    };
    field.refuse(format_args!("{problem}"));
    None
}

/// The value of a header field: text, or a reference to a secret. No message repeats it: it may be
/// a secret all the same.
fn header_value(field: &Field<'_>) -> Option<ProbeValue> {
    if let Some(text) = field.as_text() {
        let visible = text.bytes().all(|c| c.is_ascii_graphic() || c == b' ');
        if visible && text.trim() == text && text.len() <= MAX_HEADER {
            return Some(ProbeValue::Text(text.to_owned()));
        }
        field.refuse(format_args!(
            "has a value with characters other than visible ASCII, with spaces around it, or over \
             {MAX_HEADER} bytes; write plain text, or {{ secret = \"NAME\" }}"
        ));
        return None;
    }
    secret(field)
}

/// The body of a probe: text, or a reference to a secret. No message repeats it.
fn body(field: &Field<'_>) -> Option<ProbeValue> {
    match field.as_text() {
        Some(text) if text.len() <= MAX_BODY => Some(ProbeValue::Text(text.to_owned())),
        Some(text) => {
            let length = text.len();
            field.refuse(format_args!(
                "is {length} bytes long, over the bound of {MAX_BODY}; write a shorter body"
            ));
            None
        }
        None => secret(field),
    }
}

/// A reference to a secret.
pub(super) fn secret(field: &Field<'_>) -> Option<ProbeValue> {
    let Some(secret) = field.value().as_table().and_then(|_| field.table()) else {
        field.refuse(format_args!(
            "is neither text nor a secret; write text in quotes, or {{ secret = \"NAME\" }}"
        ));
        return None;
    };
    secret.only(&["secret"]);
    secret_name(&secret.require("secret", "\"NAME\"")?).map(ProbeValue::Secret)
}

/// The name of a secret.
pub(super) fn secret_name(field: &Field<'_>) -> Option<String> {
    let name = field.as_text().unwrap_or_default();
    let inner = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_';
    let first = name.starts_with(|c: char| c.is_ascii_uppercase());
    if !first || !name.bytes().all(inner) || name.len() > MAX_SECRET {
        // What stands here by mistake is the secret itself.
        field.refuse(format_args!(
            "is not the name of a secret (not repeated here, as it may be the secret itself); write its \
             name, at most {MAX_SECRET} of A-Z, 0-9 and \"_\", as \"PROBE_TOKEN\", and store the value with \
             wrangler secret put"
        ));
        return None;
    }
    Some(name.to_owned())
}
