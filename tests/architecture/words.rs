//! Words of this project's own for which the field has usual ones: no identifier is one of them.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};

use crate::sources::Source;

/// The words, and what to call it.
const PRIVATE: [(&str, &str); 16] = [
    ("booth", "singleflight"),
    ("bearings", "self check"),
    ("belief", "trust"),
    ("telling", "alert"),
    ("matter", "incident"),
    ("gist", "summary"),
    ("passage", "proxy"),
    ("journey", "request in flight"),
    ("stumbled", "origin suspected"),
    ("apology", "error answer"),
    ("patience", "timeout"),
    ("hurry", "probe now"),
    ("wobble", "jitter"),
    ("straggler", "late reply"),
    ("outlook", "next change"),
    ("happening", "entry of the timeline"),
];

/// Every identifier of a file, in lower case.
pub fn identifiers(stream: TokenStream) -> BTreeSet<String> {
    let of = |tree| match tree {
        TokenTree::Ident(ident) => BTreeSet::from([ident.to_string().to_lowercase()]),
        TokenTree::Group(group) => identifiers(group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => BTreeSet::new(),
    };
    stream.into_iter().flat_map(of).collect()
}

/// What is named by a private word, and what to call it.
pub fn wrong(sources: &[Source]) -> Vec<String> {
    let of = |source: &Source| {
        let found = PRIVATE.iter().filter(|(word, _)| source.identifiers.contains(*word));
        found
            .map(|(word, usual)| {
                format!("src/{}: `{word}` is a word of our own; the field says {usual}", source.file)
            })
            .collect::<Vec<_>>()
    };
    sources.iter().flat_map(of).collect()
}
