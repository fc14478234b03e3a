//! Reads `Cache-Status` (RFC 9211): a structured field (RFC 9651), and leniently what is none.
//!
//! A hit in any member means that the origin was not asked, whatever the members around it say:
//! producers differ in their order.

use std::borrow::Cow;
use std::convert::Infallible;

use sfv::visitor::{EntryVisitor, Ignored, InnerListVisitor, ItemVisitor, ListVisitor, ParameterVisitor};
use sfv::{BareItemFromInput, KeyRef, Parser};

use super::{Says, words};

/// What one member says.
#[derive(Default)]
struct Member<'a> {
    name: &'a str,
    /// Whether it has any parameter.
    told: bool,
    hit: bool,
    forwarded: Option<Why>,
    status: Option<i64>,
}

impl Member<'_> {
    fn says(&self, answered: u16) -> Option<Says> {
        // A 5xx from further in on a better answer: a copy was given in its place.
        let failed = self.status.is_some_and(|status| (500..600).contains(&status));
        if failed && answered < 500 {
            return Some(Says::Stranded);
        }
        match (self.hit, self.forwarded) {
            (true, _) => Some(Says::Kept),
            (false, Some(Why::Stale)) if self.validated() => Some(Says::Validated),
            (false, Some(_)) => Some(Says::Forwarded),
            // Some name a field of one word so, which is no RFC 9211 at all.
            (false, None) if !self.told => words::word(self.name),
            (false, None) => None,
        }
    }

    /// Whether what was forwarded may have been no more than a question whether a copy holds.
    fn validated(&self) -> bool {
        // Netlify writes all its members anew for each answer.
        matches!(self.status, None | Some(304)) && !self.name.starts_with("Netlify")
    }

    fn set(&mut self, parameter: &str, value: Value<'_>) {
        self.told = true;
        match (parameter, value) {
            ("hit", value) => self.hit = value != Value::No,
            ("fwd", Value::Word(reason)) => {
                let stale = reason.eq_ignore_ascii_case("stale");
                self.forwarded = Some(if stale { Why::Stale } else { Why::Other });
            }
            ("fwd", value) => self.forwarded = (value != Value::No).then_some(Why::Other),
            ("fwd-status", Value::Number(status)) => self.status = Some(status),
            (_, _) => {}
        }
    }
}

/// Why a request was forwarded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// There was a copy, and it was old.
    Stale,
    Other,
}

/// The value of a parameter, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value<'a> {
    No,
    Number(i64),
    Word(&'a str),
    Other,
}

/// Hands on what each member of the field says.
pub(super) fn read<'a>(value: &'a str, answered: u16, hear: &mut dyn FnMut(Says, &'a str)) {
    let mut strict = Members(Vec::new());
    let members = match Parser::new(value).parse_list_with_visitor(&mut strict) {
        Ok(()) => strict.0,
        Err(_) => lenient(value),
    };
    for member in &members {
        if let Some(says) = member.says(answered) {
            hear(says, member.name);
        }
    }
}

struct Members<'a>(Vec<Member<'a>>);

impl<'a> ListVisitor<'a> for &mut Members<'a> {
    type Out = ();
    type Error = Infallible;

    fn entry(&mut self) -> Result<impl EntryVisitor<'a>, Infallible> {
        Ok(Entry(&mut self.0))
    }

    fn finish(self) -> Result<(), Infallible> {
        Ok(())
    }
}

struct Entry<'m, 'a>(&'m mut Vec<Member<'a>>);

impl<'a> EntryVisitor<'a> for Entry<'_, 'a> {
    type Error = Infallible;

    fn item(self) -> Result<impl ItemVisitor<'a>, Infallible> {
        Ok(self)
    }

    fn inner_list(self) -> Result<impl InnerListVisitor<'a>, Infallible> {
        Ok(Ignored)
    }
}

impl<'a> ItemVisitor<'a> for Entry<'_, 'a> {
    type Out = Option<()>;
    type Error = Infallible;

    fn bare_item(
        self,
        name: BareItemFromInput<'a>,
    ) -> Result<impl ParameterVisitor<'a, Out = Option<()>>, Infallible> {
        let name = match name {
            BareItemFromInput::Token(token) => token.as_str(),
            // A quoted name that is copied to undo its escapes is nobody's that is known.
            BareItemFromInput::String(Cow::Borrowed(text)) => text.as_str(),
            BareItemFromInput::String(Cow::Owned(_))
            | BareItemFromInput::Boolean(_)
            | BareItemFromInput::ByteSequence(_)
            | BareItemFromInput::Date(_)
            | BareItemFromInput::Decimal(_)
            | BareItemFromInput::DisplayString(_)
            | BareItemFromInput::Integer(_) => "",
        };
        self.0.push(Member { name, ..Member::default() });
        Ok(self.0.last_mut().map(Parameters))
    }
}

struct Parameters<'m, 'a>(&'m mut Member<'a>);

impl<'a> ParameterVisitor<'a> for Parameters<'_, 'a> {
    type Out = ();
    type Error = Infallible;

    fn parameter(&mut self, key: &'a KeyRef, value: BareItemFromInput<'a>) -> Result<(), Infallible> {
        let value = if value.as_boolean() == Some(false) {
            Value::No
        } else if let Some(number) = value.as_integer() {
            Value::Number(number.into())
        } else if let Some(token) = value.as_token() {
            Value::Word(token.as_str())
        } else {
            Value::Other
        };
        self.0.set(key.as_str(), value);
        Ok(())
    }

    fn finish(self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// The members of a line that is no structured field, as that of Souin, whose keys are not quoted.
fn lenient(value: &str) -> Vec<Member<'_>> {
    let member = |text| {
        let mut parts = split(text, ';');
        let mut member =
            Member { name: parts.next().unwrap_or("").trim().trim_matches('"'), ..Member::default() };
        for part in parts {
            let (key, argument) = part.split_once('=').unwrap_or((part, ""));
            let value = match argument.trim() {
                "?0" => Value::No,
                text => text.parse().map_or(Value::Word(text), Value::Number),
            };
            member.set(key.trim().to_ascii_lowercase().as_str(), value);
        }
        member
    };
    split(value, ',').map(member).collect()
}

/// The parts of a text between separators; what stands in quotes is text, a backslash within them
/// takes the next character along (RFC 9651 section 3.3.3).
pub(in crate::probe) fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        let literal = std::mem::take(&mut escaped);
        if !literal {
            quoted ^= c == '"';
            escaped = quoted && c == '\\';
        }
        c == separator && !quoted
    })
}
