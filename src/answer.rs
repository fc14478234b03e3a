//! An answer over HTTP as data, and errors as `application/problem+json` (RFC 9457): what is wrong and the way out, with nothing of
//! the request repeated.

use crate::json::Object;

/// What is answered. To HEAD the edge sends the same without the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Header fields, each once.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for 304.
    pub body: String,
}

/// A problem answer. `slug` names the kind for machines.
#[must_use]
pub fn problem(status: u16, slug: &str, title: &str, detail: &str) -> Answer {
    problem_with(status, slug, title, detail, Vec::new())
}

/// A problem answer that also lists `problems`, where there are any.
#[must_use]
pub fn problem_with(status: u16, slug: &str, title: &str, detail: &str, problems: Vec<String>) -> Answer {
    let mut document = Object::new();
    document.put("type", &format!("urn:vedette:problem:{slug}")).put("title", title).put("status", &status);
    document.put("detail", detail).put_some("problems", (!problems.is_empty()).then_some(problems));
    Answer {
        status,
        headers: vec![("content-type", "application/problem+json".to_owned())],
        body: document.end(),
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

/// What a browser is told about every answer: it is data, to be framed, sniffed and referred to by nobody.
const SECURITY: &[(&str, &str)] = &[
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
];
