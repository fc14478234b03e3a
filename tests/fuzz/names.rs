//! Names of objects, parts, origins and hashes: what is read is written the same.

use vedette::config::Hint;
use vedette::schedule;
use vedette::snapshot::Part;
use vedette::units::{Fingerprint, Name, OriginId, Ratio};

use crate::campaign::{Outcome, Subject, law};

/// Every kind of name, each input tried as each.
pub const NAMES: Subject = Subject {
    name: "name",
    share: 5,
    seeds: Vec::new,
    words: &[
        "v1/",
        "weur",
        "/",
        "0of1",
        "pool/",
        "whole",
        "summary",
        "shop",
        "shop/primary",
        "00000000000000aa",
        "-",
        "of",
    ],
    check: names,
};

fn names(input: &[u8]) -> Outcome {
    let text = &*String::from_utf8_lossy(input);
    let object = schedule::parse_object_name(text)
        .map(|(vantage, hint, label)| format!("v1/{vantage}/{hint}/{label}"));
    let spellings = [
        ("object", object),
        ("part", Part::parse(text).map(|part| part.path())),
        ("name", Name::parse(text).ok().map(|name| name.to_string())),
        ("origin", OriginId::parse(text).map(|id| id.to_string())),
        ("hash", Fingerprint::parse(&text.to_ascii_lowercase()).map(|hash| hash.to_string())),
        ("hint", Hint::parse(text).map(|hint| hint.as_str().to_owned())),
    ];
    for (kind, spelling) in &spellings {
        law!(
            spelling.as_deref().is_none_or(|spelling| spelling == text || *kind == "hash"),
            "{kind} {text:?} is written {spelling:?}"
        );
    }
    if let Some(percent) = input.first().copied()
        && let Some(ratio) = Ratio::percent(percent)
    {
        law!(ratio.of_rounded_up(u64::MAX) > 0 || percent == 0, "{ratio} of the greatest number is nothing");
    }
    let kinds: Vec<&str> =
        spellings.iter().filter(|(_, read)| read.is_some()).map(|(kind, _)| *kind).collect();
    Ok(kinds.join(", "))
}
