//! An answer over HTTP as data, and errors as `application/problem+json` (RFC 9457): what is wrong
//! and the way out, with nothing of the request repeated.

use std::fmt;

use serde::Serialize;

use crate::json::{self, Shown};

/// What is answered. To HEAD the edge sends the same without the body. As JSON it is what
/// `proxy.mjs` and `open.mjs` answer by themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Header fields, each once.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for 304.
    pub body: String,
}

/// The document of RFC 9457.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: Shown<fmt::Arguments<'a>>,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    problems: &'a [&'a str],
}

/// A problem answer. `slug` names the kind for machines.
#[must_use]
pub fn problem(status: u16, slug: &str, title: &str, detail: &str) -> Answer {
    problem_with(status, slug, title, detail, &[])
}

/// A problem answer that also lists `problems`, where there are any.
#[must_use]
pub fn problem_with(status: u16, slug: &str, title: &str, detail: &str, problems: &[&str]) -> Answer {
    let kind = Shown(format_args!("urn:vedette:problem:{slug}"));
    Answer {
        status,
        headers: vec![("content-type", "application/problem+json".to_owned())],
        body: json::write(&Document { kind, title, status, detail, problems }),
    }
}

/// An answer with what a browser is told about every answer, where it does not say so itself.
#[must_use]
pub fn closed(mut answer: Answer) -> Answer {
    for (name, value) in SECURITY {
        if !answer.headers.iter().any(|(present, _)| present == name) {
            answer.headers.push((name, (*value).to_owned()));
        }
    }
    answer
}

/// What a browser is told about every answer: it is data, to be framed, sniffed and referred to by
/// nobody.
const SECURITY: &[(&str, &str)] = &[
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
];
