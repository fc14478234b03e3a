//! Lengths of time and bounds stand in `src/defaults`, each with its reason, and nowhere else.

use proc_macro2::{TokenStream, TokenTree};

use crate::budgets::attributes;
use crate::sources::{Source, is_test};

/// The words by which a constant says that it is a bound, as whole parts of its name.
const BOUNDS: [&str; 8] = ["MAX", "MOST", "LONGEST", "LARGEST", "SHORTEST", "LEAST", "CAP", "KEPT"];

/// The types that a bound has.
const INTEGERS: [&str; 10] = ["u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64", "isize"];

/// The modules that have such constants: `defaults` itself, and the one that it imports.
const FREE: [&str; 2] = ["defaults", "units"];

/// A constant that stands elsewhere, and why it may.
pub struct Exception {
    /// The file below `src`, followed by `::` and the name; `Millis` stands for all lengths that it
    /// writes without one.
    pub place: &'static str,
    pub why: &'static str,
}

pub const EXCEPTIONS: &[Exception] = &[
    Exception {
        place: "compare.rs::LEAST",
        why: "a condition of the statistics, beside the levels that hold under it",
    },
    Exception { place: "config/url.rs::MAX_HOST", why: "DNS has it so (RFC 1035)" },
    Exception { place: "config/url.rs::MAX_LABEL", why: "DNS has it so (RFC 1035)" },
    Exception { place: "budget/day.rs::Millis", why: "a unit of measure: an hour" },
    Exception { place: "edge/arbiter_object.rs::Millis", why: "of the build that hangs on purpose" },
    Exception { place: "edge/clock.rs::LONGEST_DELAY", why: "the platform counts in 32 bits" },
    Exception {
        place: "heartbeat/token.rs::LONGEST_TOKEN",
        why: "computed of a name's bound and the length of a MAC",
    },
    Exception { place: "history.rs::HOUR", why: "a unit of measure" },
    Exception { place: "path.rs::LONGEST_HOST", why: "DNS has it so (RFC 1035)" },
    Exception { place: "serve/chart/scale.rs::MOST_TICKS", why: "the geometry of a drawing" },
];

/// What a constant holds, as far as it belongs into `defaults`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Time,
    Bound,
}

/// A constant of one of these kinds.
#[derive(Clone, Debug)]
pub struct Constant {
    place: String,
    line: usize,
    kind: Kind,
}

/// Lengths of time that a file writes where it needs them: `Millis::new(250)`. Nothing and one, of
/// whichever unit, are no choice. What a constant holds is found with the constant.
pub fn lengths(file: &str, tokens: &[TokenTree]) -> Vec<Constant> {
    let mut found = Vec::new();
    for (at, tree) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = tree {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            found.extend(lengths(file, &inner));
            let made = tokens.get(at.saturating_sub(4)..at).unwrap_or(&[]);
            let made: String = made.iter().map(ToString::to_string).collect();
            let is_one = ["Millis::new", "Millis::from_secs"].contains(&made.as_str());
            let is_const = || statement(tokens, at).iter().any(|tree| tree.to_string() == "const");
            if is_one && is_choice(&group.stream()) && !is_const() {
                let (place, line) = (format!("{file}::Millis"), group.span_open().start().line);
                found.push(Constant { place, line, kind: Kind::Time });
            }
        }
    }
    found
}

/// What comes before a place in the same statement.
fn statement(tokens: &[TokenTree], at: usize) -> &[TokenTree] {
    let ends = |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ';');
    let before = tokens.get(..at).unwrap_or(&[]);
    before.rsplit(ends).next().unwrap_or(&[])
}

/// Whether a number is written, and neither 0 nor 1.
fn is_choice(stream: &TokenStream) -> bool {
    let number = |text: &str| text.replace('_', "").parse::<u64>();
    number(&stream.to_string()).is_ok_and(|number| number > 1)
}

/// The constants of a file that belong into `defaults`.
pub fn constants(file: &str, syntax: &syn::File) -> Vec<Constant> {
    let mut found = Vec::new();
    for item in &syntax.items {
        of_item(file, item, &mut found);
    }
    found
}

fn of_item(file: &str, item: &syn::Item, found: &mut Vec<Constant>) {
    if is_test(attributes(item)) {
        return;
    }
    match item {
        syn::Item::Const(item) => found.extend(constant(file, &item.ident, &item.ty, Some(&item.expr))),
        syn::Item::Fn(function) => of_block(file, &function.block, found),
        syn::Item::Mod(module) => {
            for item in module.content.iter().flat_map(|(_, items)| items) {
                of_item(file, item, found);
            }
        }
        syn::Item::Impl(item) => {
            for member in &item.items {
                match member {
                    syn::ImplItem::Const(item) => {
                        found.extend(constant(file, &item.ident, &item.ty, Some(&item.expr)));
                    }
                    syn::ImplItem::Fn(method) => of_block(file, &method.block, found),
                    _ => {}
                }
            }
        }
        syn::Item::Trait(item) => {
            for member in &item.items {
                if let syn::TraitItem::Const(item) = member {
                    let value = item.default.as_ref().map(|(_, value)| value);
                    found.extend(constant(file, &item.ident, &item.ty, value));
                }
            }
        }
        _ => {}
    }
}

/// The constants that stand in a function.
fn of_block(file: &str, block: &syn::Block, found: &mut Vec<Constant>) {
    for statement in &block.stmts {
        if let syn::Stmt::Item(item) = statement {
            of_item(file, item, found);
        }
    }
}

fn constant(file: &str, name: &syn::Ident, of: &syn::Type, value: Option<&syn::Expr>) -> Option<Constant> {
    let kind = if is_time(of) {
        Kind::Time
    } else if is_bound(&name.to_string()) && is_integer(of) && value.is_some_and(|value| !is_derived(value)) {
        Kind::Bound
    } else {
        return None;
    };
    Some(Constant { place: format!("{file}::{name}"), line: name.span().start().line, kind })
}

/// The last word of a path of types.
fn word(of: &syn::Type) -> Option<String> {
    match of {
        syn::Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        _ => None,
    }
}

/// Whether a type is a length of time, or has several of them.
fn is_time(of: &syn::Type) -> bool {
    match of {
        syn::Type::Tuple(tuple) => tuple.elems.iter().any(is_time),
        syn::Type::Array(array) => is_time(&array.elem),
        of => word(of).is_some_and(|word| ["Millis", "Duration", "Span"].contains(&word.as_str())),
    }
}

fn is_integer(of: &syn::Type) -> bool {
    word(of).is_some_and(|word| INTEGERS.contains(&word.as_str()))
}

fn is_bound(name: &str) -> bool {
    name.split('_').any(|part| BOUNDS.contains(&part))
}

/// Whether a value writes no number of its own. What is another name for a constant, or is computed
/// of several, has its reason where those are.
fn is_derived(value: &syn::Expr) -> bool {
    match value {
        syn::Expr::Path(_) => true,
        syn::Expr::Paren(inner) => is_derived(&inner.expr),
        syn::Expr::Cast(cast) => is_derived(&cast.expr),
        syn::Expr::Field(field) => is_derived(&field.base),
        syn::Expr::Binary(both) => is_derived(&both.left) && is_derived(&both.right),
        syn::Expr::Call(call) => call.args.iter().all(is_derived),
        syn::Expr::MethodCall(call) => is_derived(&call.receiver) && call.args.iter().all(is_derived),
        _ => false,
    }
}

/// What stands outside of `defaults` without being excepted, and what is excepted and does not have
/// to be, one sentence each.
pub fn wrong(sources: &[Source], exceptions: &[Exception], list: &str) -> Vec<String> {
    let scattered: Vec<&Constant> = sources
        .iter()
        .filter(|source| source.module.first().is_none_or(|first| !FREE.contains(&first.as_str())))
        .flat_map(|source| &source.constants)
        .collect();
    let mut said = Vec::new();
    for Constant { place, line, kind } in &scattered {
        if exceptions.iter().any(|exception| exception.place == place) {
            continue;
        }
        let file = place.split("::").next().unwrap_or(place);
        let what = match kind {
            Kind::Time => "a length of time",
            Kind::Bound => "a bound",
        };
        said.push(format!(
            "src/{file}:{line}: {place} is {what} outside of `defaults`. Move it into the module of src/defaults that is named as its \
             own, with its unit and its reason, and import it from there. If a format, an algorithm or the platform fixes it, put it \
             on the list in {list}."
        ));
    }
    for Exception { place, why } in exceptions {
        if !scattered.iter().any(|constant| constant.place == *place) {
            said.push(format!(
                "{list}: {place} is excepted ({why}), and is not there any more. Take it off the list."
            ));
        }
    }
    said
}
