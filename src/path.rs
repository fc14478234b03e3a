//! The address of a request: its parts as sent, and what is refused because two readers could take it for two different paths.

/// The longest request target that is read, in bytes (the platform's own bound on URLs).
pub const MAX_TARGET: usize = 16 * 1024;

/// The parts of an absolute address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    /// Whether the scheme is `https`.
    pub https: bool,
    /// Host, and port if there is one.
    pub authority: &'a str,
    /// Path, beginning with `/`.
    pub path: &'a str,
    /// Query with its `?`; empty if there is none.
    pub query: &'a str,
}

impl Parts<'_> {
    /// The scheme.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }
}

/// Takes an absolute `http` or `https` address apart. Nothing is decoded; a fragment is left out.
#[must_use]
pub fn parts(url: &str) -> Option<Parts<'_>> {
    let (scheme, rest) = url.split_once("://")?;
    let https = match scheme {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    Some(Parts { https, authority, path: if path.is_empty() { "/" } else { path }, query })
}

/// Whether a path may mean another one to the next reader: a segment that is `.` or `..`, in whatever escape, or a backslash, which
/// browsers read as a slash. It would be matched as one path here and asked for as another there.
#[must_use]
pub fn is_ambiguous(path: &str) -> bool {
    if path.contains('\\') {
        return true;
    }
    path.contains("/.") | path.contains("/%2") && path.split('/').any(is_dots)
}

/// Whether a segment is `.` or `..`, each dot written plainly or as `%2e`.
fn is_dots(segment: &str) -> bool {
    let dot = |text: &'_ str| {
        let rest = text.strip_prefix('.');
        let escaped = || text.get(..3).filter(|start| start.eq_ignore_ascii_case("%2e")).and(text.get(3..));
        rest.or_else(escaped).map(str::len)
    };
    let mut left = segment;
    let mut dots = 0_usize;
    while let Some(rest) = dot(left) {
        left = left.get(left.len().saturating_sub(rest)..).unwrap_or_default();
        dots = dots.saturating_add(1);
    }
    left.is_empty() && (1..=2).contains(&dots)
}
