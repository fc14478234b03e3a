//! Typed values out of the TOML tree: each [`Field`] knows its path and its place in the text, and
//! reports by itself what does not fit.
//!
//! Readers return nothing for what they refused; the report is then not empty and no
//! [`super::Config`] comes of it. Bounds across several settings are not held here.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Homes, Problem, Problems, excerpt, home, meant, nearest, quoted};
use crate::defaults::config::raw::MAX_KEPT;

/// What was found while a text was read: what is wrong, and what does not act yet.
pub(super) struct Report<'a> {
    text: &'a str,
    homes: Homes,
    /// Where each line begins.
    lines: Vec<usize>,
    problems: RefCell<Vec<Problem>>,
    inactive: RefCell<Vec<(usize, String)>>,
}

/// A table and its path.
#[derive(Clone)]
pub(super) struct Table<'a> {
    /// Path of the table; empty for the file.
    pub at: String,
    offset: usize,
    map: &'a DeTable<'a>,
    report: &'a Report<'a>,
}

/// A value and its path.
pub(super) struct Field<'a> {
    /// Path of the value.
    pub at: String,
    /// Where the setting stands in the text, in bytes.
    pub offset: usize,
    span: Range<usize>,
    value: &'a DeValue<'a>,
    report: &'a Report<'a>,
}

impl<'a> Report<'a> {
    pub(super) fn new(text: &'a str, homes: Homes) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(after_breaks).collect();
        Self { text, homes, lines, problems: RefCell::default(), inactive: RefCell::default() }
    }

    /// Says what is wrong with the setting `at`, which stands at the byte `offset`.
    pub(super) fn refuse(&self, at: &str, offset: Option<usize>, message: String) {
        let line = offset.map(|offset| self.line(offset));
        let mut problems = self.problems.borrow_mut();
        if problems.len() >= MAX_KEPT {
            return;
        }
        problems.push(Problem { at: at.to_owned(), line, message });
    }

    /// Notes that the setting `at` does not act yet.
    pub(super) fn inactive(&self, at: &str, offset: usize) {
        self.inactive.borrow_mut().push((offset, at.to_owned()));
    }

    /// The line that the byte `offset` stands on, counted from 1.
    pub(super) fn line(&self, offset: usize) -> u32 {
        u32::try_from(self.lines.partition_point(|start| *start <= offset)).unwrap_or(u32::MAX)
    }

    /// The place of the byte `offset` in its line in characters, counted from 1.
    pub(super) fn column(&self, offset: usize) -> usize {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
        self.text.get(start..offset).map_or(0, |before| before.chars().count()).saturating_add(1)
    }

    /// The character at the byte `offset`.
    pub(super) fn character(&self, offset: usize) -> Option<char> {
        self.text.get(offset..).and_then(|rest| rest.chars().next())
    }

    /// The text between two bytes.
    pub(super) fn slice(&self, span: &Range<usize>) -> &'a str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// The paths that do not act yet, in the order of the file.
    pub(super) fn take_inactive(&self) -> Vec<String> {
        let mut paths = self.inactive.take();
        paths.sort_by_key(|(offset, _)| *offset);
        paths.into_iter().map(|(_, path)| path).collect()
    }

    /// `whole`, if nothing was refused on the way to it.
    pub(super) fn judge<T>(self, whole: Option<T>) -> Result<T, Problems> {
        let problems = self.problems.into_inner();
        match whole {
            Some(whole) if problems.is_empty() => Ok(whole),
            Some(_) | None => {
                let message = "cannot be read, and no reason was noted; please report this file".to_owned();
                Err(Problems::sorted(Problem { at: String::new(), line: None, message }, problems))
            }
        }
    }
}

impl<'a> Table<'a> {
    /// The whole file.
    pub(super) fn root(map: &'a DeTable<'a>, report: &'a Report<'a>) -> Self {
        Self { at: String::new(), offset: 0, map, report }
    }

    /// The value of `key`, if it is written.
    pub(super) fn get(&self, key: &str) -> Option<Field<'a>> {
        self.map.get_key_value(key).map(|(key, value)| self.field(key.get_ref(), key.span().start, value))
    }

    /// What `read` makes of the value of `key`: nothing if it is not written, and none at all if it
    /// cannot be read.
    #[expect(clippy::option_option, reason = "nothing is written, or what is written cannot be read")]
    pub(super) fn optional<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Field<'a>) -> Option<T>,
    ) -> Option<Option<T>> {
        self.get(key).map_or(Some(None), |field| read(&field).map(Some))
    }

    /// The same of a value for which there is a usual one.
    pub(super) fn or_usual<T: Default>(
        &self,
        key: &str,
        read: impl FnOnce(&Field<'a>) -> Option<T>,
    ) -> Option<T> {
        self.optional(key, read).map(Option::unwrap_or_default)
    }

    /// The value of `key`; a problem if it is not written. `example` is what could stand there.
    pub(super) fn require(&self, key: &str, example: &str) -> Option<Field<'a>> {
        let field = self.get(key);
        if field.is_none() {
            self.refuse_at(key, format_args!("is missing; write {key} = {example}"));
        }
        field
    }

    /// The tables of `[[key]]`, in the order of the file; none if it is not written.
    pub(super) fn tables(&self, key: &str) -> Vec<Table<'a>> {
        let Some(field) = self.get(key) else { return Vec::new() };
        let DeValue::Array(items) = field.value else {
            // Only pools have tables of their own.
            let header = if self.at.is_empty() { key.to_owned() } else { format!("pool.{key}") };
            let what = if field.value.is_table() { "is a single table" } else { "is not a list of tables" };
            field.refuse(format_args!("{what}; write [[{header}]], in double brackets"));
            return Vec::new();
        };
        let items = items.iter().enumerate().map(|(n, item)| field.item(n, item));
        items.filter_map(|item| item.table()).collect()
    }

    /// Every key that is written and its value, in the order of the file.
    pub(super) fn entries(&self) -> Vec<(&'a str, Field<'a>)> {
        let keys = self.map.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span().start, value));
        let entries = keys.map(|(key, start, value)| (key, self.field(key, start, value)));
        let mut entries: Vec<_> = entries.collect();
        entries.sort_by_key(|(_, field)| field.offset);
        entries
    }

    /// Refuses every key that is not `known`.
    pub(super) fn only(&self, known: &[&str]) {
        for (key, _) in self.map.iter().filter(|(key, _)| !known.contains(&key.get_ref().as_ref())) {
            // `vantage` in a pool is a slip for `vantages`, although the file has such tables.
            let slip = nearest(key.get_ref(), known).is_some();
            let message = match home(key.get_ref(), self.report.homes).filter(|_| !slip) {
                Some(home) => format!("is not a setting here; write it {home}"),
                None => format!("is not a setting; {}", meant(key.get_ref(), known)),
            };
            self.report.refuse(&self.path(key.get_ref()), Some(key.span().start), message);
        }
    }

    /// Says what is wrong with the setting `key` of this table, which is not written.
    pub(super) fn refuse_at(&self, key: &str, message: fmt::Arguments<'_>) {
        let offset = (!self.at.is_empty()).then_some(self.offset);
        self.report.refuse(&self.path(key), offset, message.to_string());
    }

    /// The report that this table is read for.
    pub(super) fn report(&self) -> &'a Report<'a> {
        self.report
    }

    /// Where the table stands in the text, in bytes.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    fn field(&self, key: &str, offset: usize, value: &'a Spanned<DeValue<'a>>) -> Field<'a> {
        let at = self.path(key);
        Field { at, offset, span: value.span(), value: value.get_ref(), report: self.report }
    }

    /// The path of a key of this table, the key in quotes where TOML asks for them.
    fn path(&self, key: &str) -> String {
        let bare = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
        let is_bare = !key.is_empty() && key.bytes().all(bare);
        let key = if is_bare { excerpt(key) } else { quoted(key) };
        if self.at.is_empty() { key } else { format!("{}.{key}", self.at) }
    }
}

impl<'a> Field<'a> {
    /// Says what is wrong with this value.
    pub(super) fn refuse(&self, message: fmt::Arguments<'_>) {
        self.report.refuse(&self.at, Some(self.offset), message.to_string());
    }

    /// Notes that this setting does not act yet.
    pub(super) fn inactive(&self) {
        self.report.inactive(&self.at, self.offset);
    }

    /// The line that this setting stands on.
    pub(super) fn line(&self) -> u32 {
        self.report.line(self.offset)
    }

    /// The value as it may stand in a message.
    pub(super) fn shown(&self) -> String {
        match self.value {
            DeValue::String(text) => quoted(text),
            DeValue::Table(_) => "a table".to_owned(),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
                excerpt(self.report.slice(&self.span))
            }
        }
    }

    /// Says that another kind of value belongs here.
    pub(super) fn wrong_kind(&self, wanted: &str, example: &str) {
        let shown = match self.value {
            DeValue::String(_) => format!("{} (text)", self.shown()),
            DeValue::Table(_)
            | DeValue::Array(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => self.shown(),
        };
        self.refuse(format_args!("{shown} is not {wanted}; write {example}"));
    }

    /// The value as the parser gave it.
    pub(super) fn value(&self) -> &'a DeValue<'a> {
        self.value
    }

    /// The text, if it is one; no problem otherwise.
    pub(super) fn as_text(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    /// A text. `example` is what could stand there.
    pub(super) fn text(&self, example: &str) -> Option<&'a str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.wrong_kind("text in quotes", example);
        }
        text
    }

    /// `true` or `false`.
    pub(super) fn flag(&self) -> Option<bool> {
        let flag = self.value.as_bool();
        if flag.is_none() {
            self.wrong_kind("true or false", "true or false, without quotes");
        }
        flag
    }

    /// A whole number, if it is one that 64 bits hold; no problem otherwise.
    pub(super) fn as_whole(&self) -> Option<i64> {
        let number = self.value.as_integer()?;
        i64::from_str_radix(number.as_str(), number.radix()).ok()
    }

    /// A whole number within `bounds`.
    pub(super) fn whole(&self, bounds: &Range<u32>) -> Option<u32> {
        let last = bounds.end.saturating_sub(1);
        if !self.value.is_integer() {
            self.wrong_kind(
                "a whole number",
                &format!("one from {} to {last}, without quotes", bounds.start),
            );
            return None;
        }
        let number = self.as_whole().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| bounds.contains(number));
        if number.is_none() {
            let shown = self.shown();
            self.refuse(format_args!(
                "{shown} is out of bounds; write a whole number from {} to {last}",
                bounds.start
            ));
        }
        number
    }

    /// A list, item by item.
    pub(super) fn list(&self, example: &str) -> Option<Vec<Field<'a>>> {
        let DeValue::Array(items) = self.value else {
            self.wrong_kind("a list", example);
            return None;
        };
        Some(items.iter().enumerate().map(|(n, item)| self.item(n, item)).collect())
    }

    /// A list of at most so many entries, each as `read` makes it of one. Every one is read before
    /// the first failure is passed on, so that each is reported.
    pub(super) fn entries<T>(
        &self,
        example: &str,
        most: usize,
        read: impl FnMut(&Field<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = self.list(example)?;
        if items.len() > most {
            let count = items.len();
            self.refuse(format_args!("has {count} entries, over the bound of {most}; write fewer"));
            return None;
        }
        items.iter().map(read).collect::<Vec<_>>().into_iter().collect()
    }

    /// A table. What stands in its place is not repeated: it may be a header with a credential.
    pub(super) fn table(&self) -> Option<Table<'a>> {
        let DeValue::Table(map) = self.value else {
            let what = if self.value.is_array() { "is a list, not a single table" } else { "is not a table" };
            self.refuse(format_args!("{what}; write one as {{ key = value }}"));
            return None;
        };
        Some(Table { at: self.at.clone(), offset: self.offset, map, report: self.report })
    }

    fn item(&self, n: usize, item: &'a Spanned<DeValue<'a>>) -> Field<'a> {
        let span = item.span();
        Field {
            at: format!("{}[{n}]", self.at),
            offset: span.start,
            span,
            value: item.get_ref(),
            report: self.report,
        }
    }
}
