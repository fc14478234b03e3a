//! Who imports whom: the arrows that the sources draw, and the table that they are held to.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};

use crate::sources::{Source, without_tests};

/// A module, and what it may import: only modules of rows above its own.
pub type Row = (&'static str, &'static [&'static str]);

/// One module naming another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrow {
    pub from: String,
    pub to: String,
    /// The file, below `src`.
    pub file: String,
    pub line: usize,
}

/// The crates of the platform, which only `edge` names.
const PLATFORM: [&str; 6] =
    ["worker", "wasm_bindgen", "wasm_bindgen_futures", "js_sys", "web_sys", "console_error_panic_hook"];

/// A path: what it names, by segments, and the line on which its last one stands.
pub struct Named {
    path: Vec<String>,
    line: usize,
}

/// Every arrow between the top-level modules.
pub fn between_modules(sources: &[Source]) -> Vec<Arrow> {
    drawn(sources, &|path| path.first().cloned())
}

/// Every arrow between the files of one module, its own first file among them under the module's
/// name.
pub fn inside(sources: &[Source], module: &str) -> Vec<Arrow> {
    let inside = sources.iter().filter(|source| source.module.first().is_some_and(|first| first == module));
    let files: BTreeSet<String> = inside.filter_map(|source| source.module.get(1).cloned()).collect();
    drawn(sources, &|path| match path {
        [first, ..] if first != module => None,
        [_, file, ..] if files.contains(file) => Some(file.clone()),
        [first, ..] => Some(first.clone()),
        [] => None,
    })
}

fn drawn(sources: &[Source], place: &dyn Fn(&[String]) -> Option<String>) -> Vec<Arrow> {
    let mut arrows = BTreeSet::new();
    for Source { file, module, named, .. } in sources {
        // The root of the crate only declares its modules, and the command line stands outside of
        // them.
        if module.is_empty() || module.first().is_some_and(|first| first == "bin") {
            continue;
        }
        let Some(from) = place(module) else { continue };
        for Named { path, line } in named {
            let Some(to) = place(path).filter(|to| *to != from) else { continue };
            arrows.insert(Arrow { from: from.clone(), to, file: file.clone(), line: *line });
        }
    }
    arrows.into_iter().collect()
}

/// Every path that begins with `crate`, `super` or `self`, in code and in `use`, by segments from
/// the root of the crate.
pub fn named(tokens: &[TokenTree], module: &[String]) -> Vec<Named> {
    let mut named = Vec::new();
    find(tokens, module, &mut named);
    named
}

/// Finds them, those in the modules that stand inside a file among them.
fn find(trees: &[TokenTree], module: &[String], named: &mut Vec<Named>) {
    let mut at = 0;
    while let Some(tree) = trees.get(at) {
        let after_colon = at > 0 && is_punct(trees.get(at - 1), ':');
        match tree {
            TokenTree::Ident(ident) if ident == "mod" && is_body(trees, at + 2) => {
                if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
                    (trees.get(at + 1), trees.get(at + 2))
                {
                    let inner = [module, &[name.to_string()]].concat();
                    find(&without_tests(body.stream()), &inner, named);
                }
                at += 3;
                continue;
            }
            TokenTree::Ident(_) if !after_colon => {
                if let Some(begin) = beginning(trees, &mut at, module) {
                    follow(trees, at, &begin, named);
                }
            }
            // `pub(in crate::edge)` takes nothing from there.
            TokenTree::Group(_) if at > 0 && is_ident(trees.get(at - 1), "pub") => {}
            TokenTree::Group(group) => find(&without_tests(group.stream()), module, named),
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
        at += 1;
    }
}

/// Where a path begins that starts here, if it is one inside the crate; `at` is put behind its last
/// `::`.
fn beginning(trees: &[TokenTree], at: &mut usize, module: &[String]) -> Option<Vec<String>> {
    let mut path = module.to_vec();
    let mut begun = false;
    while let Some(TokenTree::Ident(ident)) = trees.get(*at) {
        let colons = is_punct(trees.get(*at + 1), ':') && is_punct(trees.get(*at + 2), ':');
        match ident.to_string().as_str() {
            "crate" if !begun && colons => path.clear(),
            "self" if !begun && colons => {}
            "super" if colons => {
                path.pop();
            }
            _ => break,
        }
        begun = true;
        *at += 3;
    }
    begun.then_some(path)
}

/// Names what follows a beginning: one segment after another, or a group of them in a `use`.
fn follow(trees: &[TokenTree], mut at: usize, begin: &[String], named: &mut Vec<Named>) {
    let mut path = begin.to_vec();
    loop {
        let Some(tree) = trees.get(at) else { return };
        let line = tree.span().start().line;
        match tree {
            TokenTree::Ident(ident) => {
                path.push(ident.to_string());
                if !(is_punct(trees.get(at + 1), ':') && is_punct(trees.get(at + 2), ':')) {
                    named.push(Named { path, line });
                    return;
                }
                at += 3;
            }
            TokenTree::Group(group) => {
                each(&group.stream(), &path, named);
                return;
            }
            // `*` takes whatever is there.
            TokenTree::Punct(_) | TokenTree::Literal(_) => {
                named.push(Named { path, line });
                return;
            }
        }
    }
}

/// The members of a group in a `use`.
fn each(group: &TokenStream, begin: &[String], named: &mut Vec<Named>) {
    let trees: Vec<TokenTree> = group.clone().into_iter().collect();
    for member in trees.split(|tree| is_punct(Some(tree), ',')) {
        match member.first() {
            Some(TokenTree::Ident(ident)) if ident == "self" => {
                named.push(Named { path: begin.to_vec(), line: ident.span().start().line });
            }
            Some(_) => follow(member, 0, begin, named),
            None => {}
        }
    }
}

fn is_punct(tree: Option<&TokenTree>, wanted: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn is_ident(tree: Option<&TokenTree>, wanted: &str) -> bool {
    matches!(tree, Some(TokenTree::Ident(ident)) if ident == wanted)
}

fn is_body(trees: &[TokenTree], at: usize) -> bool {
    matches!(trees.get(at), Some(TokenTree::Group(group)) if group.delimiter() == proc_macro2::Delimiter::Brace)
}

/// What is wrong with the arrows, one sentence each; `table` stands in a file of that name.
pub fn wrong(arrows: &[Arrow], rows: &[Row], table: &str) -> Vec<String> {
    let mut said = Vec::new();
    for (place, (module, allowed)) in rows.iter().enumerate() {
        for to in *allowed {
            if !rows.iter().take(place).any(|(above, _)| above == to) {
                said.push(format!(
                    "{table}: the row of `{module}` allows `{to}`, whose own row does not stand above it: a circle could close. Put \
                     `{to}` above, or take the arrow out."
                ));
            }
            if !arrows.iter().any(|arrow| arrow.from == *module && arrow.to == *to) {
                said.push(format!(
                    "{table}: the row of `{module}` allows `{to}`, which no file of `{module}` names any more. Take it out of the row."
                ));
            }
        }
    }
    for Arrow { from, to, file, line } in arrows {
        let Some(row) = rows.iter().position(|(module, _)| module == from) else {
            said.push(format!(
                "src/{file}:{line}: `{from}` has no row in {table}. Give it one, below whatever it imports."
            ));
            continue;
        };
        if rows.get(row).is_some_and(|(_, allowed)| allowed.contains(&to.as_str())) {
            continue;
        }
        let above = rows.iter().take(row).any(|(module, _)| module == to);
        let way_out = if above {
            format!(
                "If `{from}` has to rest on it, add `{to}` to its row in {table}; better, have it handed in."
            )
        } else {
            format!(
                "`{to}` stands below `{from}` in {table}. Hand in what is needed, or move it into a module above both."
            )
        };
        said.push(format!(
            "src/{file}:{line}: `{from}` names `{to}`, an arrow that is not allowed. {way_out}"
        ));
    }
    said
}

/// The command line's own edge: what it asks of Node.
const OF_NODE: &str = "bin/vedette/host/node.rs";

/// The places outside `edge` that name a crate of the platform.
pub fn platform_outside_edge(sources: &[Source]) -> Vec<String> {
    let mut said = Vec::new();
    for Source { file, module, heads, .. } in sources {
        if module.first().is_some_and(|first| first == "edge") || file == OF_NODE {
            continue;
        }
        for Named { path, line } in heads {
            let name = path.concat();
            if PLATFORM.contains(&name.as_str()) {
                said.push(format!(
                    "src/{file}:{line}: names `{name}`, a crate of the platform. Only `edge` may; hand in what it says."
                ));
            }
        }
    }
    said
}

/// The identifiers that paths and `use` begin with.
pub fn heads(trees: &[TokenTree]) -> Vec<Named> {
    let mut found = Vec::new();
    for (at, tree) in trees.iter().enumerate() {
        match tree {
            TokenTree::Ident(ident) => {
                let leads = is_punct(trees.get(at + 1), ':') && is_punct(trees.get(at + 2), ':');
                let before = at.checked_sub(1).and_then(|before| trees.get(before));
                let used = is_ident(before, "use") || is_ident(before, "crate");
                let inner = at > 1 && is_punct(trees.get(at - 1), ':') && is_punct(trees.get(at - 2), ':');
                if (leads && !inner) || used {
                    found.push(Named { path: vec![ident.to_string()], line: ident.span().start().line });
                }
            }
            TokenTree::Group(group) => found.extend(heads(&without_tests(group.stream()))),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    found
}

/// Modules without a row, though they name nothing.
pub fn without_row(sources: &[Source], rows: &[Row], table: &str) -> Vec<String> {
    let modules: BTreeSet<&String> = sources.iter().filter_map(|source| source.module.first()).collect();
    let has_row = |module: &str| rows.iter().any(|(row, _)| *row == module);
    let missing = modules.into_iter().filter(|module| *module != "bin" && !has_row(module));
    missing
        .map(|module| format!("{table}: `{module}` has no row. Give it one, below whatever it imports."))
        .collect()
}

/// The modules that the root declares, in its order, without those of tests.
pub fn declared(sources: &[Source]) -> Vec<String> {
    let root = sources.iter().filter(|source| source.module.is_empty());
    root.flat_map(|source| source.declares.iter().cloned()).collect()
}
