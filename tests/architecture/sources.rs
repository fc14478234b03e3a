//! The sources of the crate, and what they say of themselves: who names whom, and how large
//! everything is.

use std::collections::BTreeSet;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::arrows::{self, Named};
use crate::budgets::{self, Measure};
use crate::defaults::{self, Constant};
use crate::words;

/// A file of the crate.
pub struct Source {
    /// Where it is below `src`.
    pub file: String,
    /// The path of its module: `[a, b]` for `a/b.rs`, nothing for the root.
    pub module: Vec<String>,
    /// What it names of the crate.
    pub named: Vec<Named>,
    /// What its paths and its `use` begin with.
    pub heads: Vec<Named>,
    /// How large it is, and its functions.
    pub measures: Vec<Measure>,
    /// Its constants, but for those of tests.
    pub constants: Vec<Constant>,
    /// Its identifiers in lower case, those of its tests among them.
    pub identifiers: BTreeSet<String>,
    /// The modules that it declares in files of their own, but for those of tests.
    pub declares: Vec<String>,
    /// The modules that it declares for tests alone: paths below `src`, without an ending.
    tests: Vec<String>,
}

impl Source {
    /// Reads one file.
    pub fn read(file: &str, text: &str) -> Self {
        let stream: TokenStream =
            text.parse().unwrap_or_else(|error| panic!("src/{file} is not Rust: {error}"));
        let syntax: syn::File =
            syn::parse2(stream.clone()).unwrap_or_else(|error| panic!("src/{file} is not Rust: {error}"));
        let identifiers = words::identifiers(stream.clone());
        let (tokens, test_lines) = split(stream);
        let path = file.strip_suffix(".rs").unwrap_or(file);
        let mut module: Vec<String> = path.split('/').map(str::to_owned).collect();
        if module == ["lib"] {
            module.clear();
        }
        let folder: String = module.iter().map(|part| format!("{part}/")).collect();
        let modules = syntax.items.iter().filter_map(|item| match item {
            syn::Item::Mod(module) if module.content.is_none() => Some(module),
            _ => None,
        });
        let (tests, ships): (Vec<_>, Vec<_>) = modules.partition(|module| is_test(&module.attrs));
        Self {
            file: file.to_owned(),
            identifiers,
            named: arrows::named(&tokens, &module),
            heads: arrows::heads(&tokens),
            constants: [defaults::constants(file, &syntax), defaults::lengths(file, &tokens)].concat(),
            measures: budgets::measured(file, text.lines().count() - test_lines, &syntax),
            declares: ships.into_iter().map(|module| module.ident.to_string()).collect(),
            tests: tests.into_iter().map(|module| format!("{folder}{}", module.ident)).collect(),
            module,
        }
    }
}

/// Reads the files below a folder that ship: all but those of modules that are declared for tests
/// alone.
pub fn shipped(folder: &Path) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let file = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                sources.push(Source::read(&file, &std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let tests: Vec<String> = sources.iter().flat_map(|source| source.tests.iter().cloned()).collect();
    sources.retain(|source| {
        let stem = source.file.strip_suffix(".rs").unwrap_or(&source.file);
        !tests.iter().any(|test| stem == test || stem.starts_with(&format!("{test}/")))
    });
    sources.sort_by(|one, other| one.file.cmp(&other.file));
    sources
}

/// Leaves out every item that is marked `#[cfg(test)]`: from the mark to the brackets of a body, or
/// to a semicolon.
pub fn without_tests(stream: TokenStream) -> Vec<TokenTree> {
    split(stream).0
}

/// What is left without tests, and how many lines those have.
fn split(stream: TokenStream) -> (Vec<TokenTree>, usize) {
    let (mut kept, mut lines) = (Vec::new(), 0);
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let marks = is_hash(&tree) && trees.peek().is_some_and(is_test_mark);
        if !marks {
            kept.push(tree);
            continue;
        }
        let ends = |tree: &TokenTree| match tree {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Ident(_) | TokenTree::Literal(_) => false,
        };
        if let Some(last) = trees.by_ref().find(ends) {
            lines += last.span().end().line + 1 - tree.span().start().line;
        }
    }
    (kept, lines)
}

fn is_hash(tree: &TokenTree) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == '#')
}

fn is_test_mark(tree: &TokenTree) -> bool {
    matches!(tree, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket
        && group.stream().to_string().replace(' ', "") == "cfg(test)")
}

/// Whether an item is for tests only.
pub fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        syn::Meta::Path(_) | syn::Meta::NameValue(_) => false,
    })
}
