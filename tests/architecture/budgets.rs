//! How large a file, a function and a list of parameters may be.

use std::fmt;

use crate::sources::{Source, is_test};

/// What a budget is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Lines of a file, without its tests.
    File,
    /// Lines of a function, from its first word to its last bracket.
    Function,
    /// Parameters of a function, `self` left out.
    Parameters,
    /// Parameters of a function that are tuples.
    Tuples,
}

impl Of {
    /// The most that is allowed.
    const fn most(self) -> usize {
        match self {
            Self::File => 400,
            Self::Function => 60,
            Self::Parameters => 5,
            Self::Tuples => 0,
        }
    }

    const fn way_out(self) -> &'static str {
        match self {
            Self::File => "Move what has a name of its own into a file of that name",
            Self::Function => "Give a step of it a name, and a function",
            Self::Parameters => "Put those that travel together into a struct",
            Self::Tuples => "Make it a struct that is named for what it is",
        }
    }
}

impl fmt::Display for Of {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "lines",
            Self::Function => "lines of a function",
            Self::Parameters => "parameters",
            Self::Tuples => "parameters that are tuples",
        })
    }
}

/// What is over its budget, and may be until somebody cuts it. The list only ever gets shorter, its
/// numbers smaller.
pub struct Exception {
    /// The file below `src`; for a function followed by `::` and its name.
    pub place: &'static str,
    pub of: Of,
    /// How much it had when it was listed.
    pub had: usize,
}

/// Something that was measured.
#[derive(Debug)]
pub struct Measure {
    place: String,
    line: usize,
    of: Of,
    has: usize,
}

/// Measures a file of so many lines, and the functions in it.
pub fn measured(file: &str, has: usize, syntax: &syn::File) -> Vec<Measure> {
    let mut measures = vec![Measure { place: file.to_owned(), line: 1, of: Of::File, has }];
    for item in &syntax.items {
        measure_item(file, item, &mut measures);
    }
    measures
}

fn measure_item(file: &str, item: &syn::Item, measures: &mut Vec<Measure>) {
    if is_test(attributes(item)) {
        return;
    }
    match item {
        syn::Item::Fn(function) => measure(file, &function.sig, Some(&function.block), measures),
        syn::Item::Mod(module) => {
            for item in module.content.iter().flat_map(|(_, items)| items) {
                measure_item(file, item, measures);
            }
        }
        syn::Item::Impl(found) => {
            for member in &found.items {
                if let syn::ImplItem::Fn(method) = member {
                    measure(file, &method.sig, Some(&method.block), measures);
                }
            }
        }
        syn::Item::Trait(found) => {
            for member in &found.items {
                if let syn::TraitItem::Fn(method) = member {
                    measure(file, &method.sig, method.default.as_ref(), measures);
                }
            }
        }
        _ => {}
    }
}

fn measure(file: &str, signature: &syn::Signature, body: Option<&syn::Block>, measures: &mut Vec<Measure>) {
    let place = format!("{file}::{}", signature.ident);
    let line = signature.fn_token.span.start().line;
    let mut add = |of, has| measures.push(Measure { place: place.clone(), line, of, has });
    if let Some(body) = body {
        add(Of::Function, body.brace_token.span.close().end().line + 1 - line);
    }
    let typed: Vec<&syn::PatType> = signature
        .inputs
        .iter()
        .filter_map(|input| match input {
            syn::FnArg::Typed(typed) => Some(typed),
            syn::FnArg::Receiver(_) => None,
        })
        .collect();
    add(Of::Parameters, typed.len());
    let tuples = typed.iter().filter(|typed| is_tuple(&typed.ty) || matches!(*typed.pat, syn::Pat::Tuple(_)));
    add(Of::Tuples, tuples.count());
    // A function inside of it is one of its own.
    for statement in body.iter().flat_map(|body| &body.stmts) {
        if let syn::Stmt::Item(item) = statement {
            measure_item(file, item, measures);
        }
    }
}

fn is_tuple(found: &syn::Type) -> bool {
    match found {
        syn::Type::Tuple(tuple) => tuple.elems.len() > 1,
        syn::Type::Reference(reference) => is_tuple(&reference.elem),
        syn::Type::Paren(inner) => is_tuple(&inner.elem),
        _ => false,
    }
}

/// The attributes of those items that may hold what is looked at.
pub fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        _ => &[],
    }
}

/// What is over its budget without being listed, and what is listed and does not have to be, one
/// sentence each.
pub fn wrong(sources: &[Source], exceptions: &[Exception], list: &str) -> Vec<String> {
    let mut said = Vec::new();
    let measures = || sources.iter().flat_map(|source| &source.measures);
    for Measure { place, line, of, has } in measures() {
        let listed = exceptions.iter().find(|exception| exception.place == place && exception.of == *of);
        let (most, file) = (of.most(), place.split("::").next().unwrap_or(place));
        match listed {
            None if *has > most => said.push(format!(
                "src/{file}:{line}: {place} has {has} {of}, over the budget of {most}. {}.",
                of.way_out()
            )),
            Some(exception) if *has <= most => said.push(format!(
                "{list}: {place} is excepted with {} {of}, and has {has}, which is within the budget. Take it off the list.",
                exception.had
            )),
            Some(exception) if *has > exception.had => said.push(format!(
                "src/{file}:{line}: {place} has {has} {of}, and was excepted with {}: the list only shrinks. {}.",
                exception.had,
                of.way_out()
            )),
            _ => {}
        }
    }
    for exception in exceptions {
        let gone = |measure: &&Measure| measure.place == exception.place && measure.of == exception.of;
        match measures().filter(gone).count() {
            1 => {}
            0 => said.push(format!("{list}: {} is not there any more. Take it off the list.", exception.place)),
            count => said.push(format!(
                "{list}: there are {count} of {} in one file, so an exception cannot tell them apart. Cut one of them.",
                exception.place
            )),
        }
    }
    said
}
