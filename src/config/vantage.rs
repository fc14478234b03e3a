//! Vantages: what `[[vantage]]` declares, and the lists that name them.

use super::presentation::{Presentation, presentation};
use super::problem::meant;
use super::raw::{Field, Table};
use super::value::{Given, title, word};
use super::{Hint, Place, Pool, Vantage};
use crate::defaults::config::vantage::{MAX_BINDING, MAX_VANTAGES};
use crate::units::Name;

/// The keys of a `[[vantage]]`.
pub(super) const KEYS: [&str; 5] = ["name", "service", "hint", "title", "description"];

/// The vantages of `[[vantage]]`.
pub(super) struct Declared {
    names: Given,
    vantages: Vec<Vantage>,
}

impl Vantage {
    /// Whether the vantage is an object near `hint`.
    #[must_use]
    pub fn is_at(&self, hint: &str) -> bool {
        match &self.place {
            Place::Hint(place) => place.as_str() == hint,
            Place::Service(_) => false,
        }
    }
}

impl Declared {
    /// Reads every `[[vantage]]`.
    pub(super) fn read(file: &Table<'_>) -> Self {
        let mut declared = Self { names: Given::default(), vantages: Vec::new() };
        let tables = file.tables("vantage");
        if tables.len() > MAX_VANTAGES {
            let count = tables.len();
            file.refuse_at(
                "vantage",
                format_args!("is written {count} times, over the bound of {MAX_VANTAGES}; write fewer"),
            );
            return declared;
        }
        for mut table in tables {
            let name = title(&mut table, "vantage", &mut declared.names);
            table.only(&KEYS);
            let place = place(&table);
            let is_hint = name.as_ref().and_then(|name| Hint::parse(name.as_str())).is_some();
            if is_hint && let Some(field) = table.get("name") {
                field
                    .refuse(format_args!("{} is a location hint already; write another name", field.shown()));
            }
            let read = name.zip(place).zip(presentation(&table));
            declared.vantages.extend(read.map(|((name, place), about)| Vantage { name, place, about }));
        }
        declared
    }

    /// Reads a list of vantages: location hints, and names of `[[vantage]]`.
    pub(super) fn list(&self, field: &Field<'_>) -> Option<Vec<Name>> {
        let items = field.list("one as [\"weur\", \"enam\"]")?;
        if items.is_empty() || items.len() > MAX_VANTAGES {
            let count = items.len();
            field.refuse(format_args!(
                "has {count} entries; write 1 to {MAX_VANTAGES} vantages, as [\"weur\", \"enam\"]"
            ));
            return None;
        }
        let mut given = Given::default();
        // Every item is read before the first failure is passed on, so that each is reported.
        items.iter().map(|item| self.item(item, &mut given)).collect::<Vec<_>>().into_iter().collect()
    }

    /// The vantages that some origin uses, in the order of their first mention.
    pub(super) fn used(&self, pools: &[Pool]) -> Vec<Vantage> {
        let mut seen: Vec<&Name> = Vec::new();
        let named = pools.iter().flat_map(|pool| &pool.origins).flat_map(|origin| &origin.vantages);
        for name in named {
            if !seen.contains(&name) {
                seen.push(name);
            }
        }
        seen.into_iter().filter_map(|name| self.find(name)).collect()
    }

    fn find(&self, name: &Name) -> Option<Vantage> {
        let hinted = || {
            let place = Place::Hint(Hint::parse(name.as_str())?);
            Some(Vantage { name: name.clone(), place, about: Presentation::default() })
        };
        self.vantages.iter().find(|vantage| vantage.name == *name).cloned().or_else(hinted)
    }

    fn item(&self, item: &Field<'_>, given: &mut Given) -> Option<Name> {
        let text = item.text("the name of a vantage in quotes, as \"weur\"")?;
        if Hint::parse(text).is_none() && !self.names.has(text) {
            let known = [self.names.names(), Hint::KNOWN.to_vec()].concat();
            let shown = item.shown();
            item.refuse(format_args!(
                "{shown} is neither a location hint nor a [[vantage]]; {}",
                meant(text, &known)
            ));
            return None;
        }
        if !given.first(text, item, "name it once") {
            return None;
        }
        Name::parse(text).ok()
    }
}

fn place(table: &Table<'_>) -> Option<Place> {
    match (table.get("service"), table.get("hint")) {
        (Some(service), None) => binding(&service).map(Place::Service),
        (None, Some(hint)) => {
            let place = word(&hint, &Hint::KNOWN)?;
            Hint::KNOWN.get(place).and_then(|known| Hint::parse(known)).map(Place::Hint)
        }
        (Some(_), Some(hint)) => {
            hint.refuse(format_args!("stands beside service; keep one of the two"));
            None
        }
        (None, None) => {
            table.refuse_at(
                "service",
                format_args!("is missing; write service = \"BINDING\", or hint = \"weur\""),
            );
            None
        }
    }
}

/// The name of a service binding: a JavaScript identifier, as wrangler asks for. It does not act
/// yet.
fn binding(field: &Field<'_>) -> Option<String> {
    let text = field.text("the name of a service binding in quotes, as \"PROBE_SAO\"")?;
    let inner = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    if text.is_empty()
        || text.len() > MAX_BINDING
        || text.starts_with(|c: char| c.is_ascii_digit())
        || !text.bytes().all(inner)
    {
        let shown = field.shown();
        field.refuse(format_args!(
            "{shown} is not the name of a binding; write at most {MAX_BINDING} letters, digits and \"_\", as \
             \"PROBE_SAO\""
        ));
        return None;
    }
    field.inactive();
    Some(text.to_owned())
}
