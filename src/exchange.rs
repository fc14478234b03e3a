//! One exchange of HTTP as facts: what is sent, and how far it came. Probes and webhooks are
//! exchanges.
//!
//! Who sends it (the edge, the command line) fills in a [`Reply`] and judges nothing. It cuts what
//! it copies: a peer is hostile.

use crate::config::{Method, ProbeValue};
use crate::units::Millis;

pub use crate::defaults::exchange::{BODY_CAP, HEADER_CAP};

/// What the edge sends for one probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The absolute address.
    pub url: String,
    /// Header fields; secrets by reference.
    pub headers: Vec<(String, ProbeValue)>,
    /// The body, or a reference to the secret that it is.
    pub body: Option<ProbeValue>,
    /// For the whole probe: headers, redirects and body.
    pub timeout: Millis,
    /// How many redirects may still be followed.
    pub redirects: u32,
    /// How many redirects have been followed to come here.
    pub followed: u32,
    /// Response header fields that are read, in lower case; nothing else of a head is copied.
    pub wanted: Vec<String>,
}

/// How the exchange ended, in facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// How far it came.
    pub end: End,
    /// From sending until that end.
    pub elapsed: Millis,
    /// Final status code and header fields, once they arrived.
    pub head: Option<Head>,
    /// The body that was read, at most [`BODY_CAP`] bytes.
    pub body: Vec<u8>,
}

/// Status code and header fields of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// The wanted fields: names in lower case, values cut at [`HEADER_CAP`], repeated fields joined
    /// with `, `.
    pub headers: Vec<(String, String)>,
}

/// How far an exchange came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The whole answer was read.
    Complete,
    /// There was more body than [`BODY_CAP`].
    TooLong,
    /// The deadline passed.
    TimedOut,
    /// The exchange broke; the platform's own words.
    Broken(String),
    /// Nothing was sent; why.
    NotSent(String),
    /// More redirects came than are followed, or one that may not be followed; why.
    Redirected(String),
}

impl Head {
    /// A head of what was sent, name and value of each field in turn, with what is wanted of it.
    #[must_use]
    pub fn of(status: u16, fields: &[(&str, &str)], wanted: &[String]) -> Self {
        let joined = |name: &String| {
            let mut values = fields.iter().filter(|(field, _)| field == name).map(|(_, value)| *value);
            let mut text = values.next()?.to_owned();
            values.for_each(|value| {
                text.push_str(", ");
                text.push_str(value);
            });
            text.truncate(text.floor_char_boundary(HEADER_CAP));
            Some((name.clone(), text))
        };
        Self { status, headers: wanted.iter().filter_map(joined).collect() }
    }

    /// The value of a field, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(fields: &[(&str, &str)], wanted: &[&str]) -> Vec<(String, String)> {
        let wanted: Vec<_> = wanted.iter().map(|name| (*name).to_owned()).collect();
        Head::of(200, fields, &wanted).headers
    }

    #[test]
    fn only_what_is_wanted_is_copied_and_what_is_repeated_joined() {
        let sent = [("via", "a"), ("set-cookie", "secret"), ("age", "1"), ("via", "b")];
        let read = head(&sent, &["age", "via", "x-cache"]);
        assert_eq!(read, [("age".to_owned(), "1".to_owned()), ("via".to_owned(), "a, b".to_owned())]);
    }

    #[test]
    fn a_long_value_is_cut_between_two_characters() {
        let long = format!("{}é", "x".repeat(HEADER_CAP - 1));
        let [(_, cut)] = &head(&[("age", &long), ("age", "more")], &["age"])[..] else { panic!("one field") };
        assert_eq!(cut.len(), HEADER_CAP - 1);
    }
}
