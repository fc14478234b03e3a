//! How wide comments are, and how long their sentences: what is read often is easy to read.
//!
//! Only comments on lines of their own are looked at; a comment behind code is short anyway.

use std::path::Path;

/// The most columns of a line.
pub const COLUMNS: usize = 100;

/// The most words of a sentence. A full stop, a question or exclamation mark, a colon or a
/// semicolon ends one.
pub const WORDS: usize = 25;

/// Folders that are made, or brought, and not written here.
const MADE: [&str; 3] = ["target", "build", "node_modules"];

/// The files below `folder` that have comments, as text by their name.
///
/// # Panics
/// A file or folder cannot be read.
pub fn files(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.starts_with('.') || MADE.contains(&name) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if has_comments(&path) {
                let file = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                files.push((file, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

fn has_comments(path: &Path) -> bool {
    path.extension().is_some_and(|end| ["rs", "mjs", "js", "ts"].iter().any(|kind| end == *kind))
}

/// A line of a comment: its number, the whole line, and what it says.
struct Line<'a> {
    number: usize,
    whole: &'a str,
    said: &'a str,
}

/// The comments of a file that stand on lines of their own.
fn lines(text: &str) -> Vec<Line<'_>> {
    let mut found = Vec::new();
    let mut inside = false;
    for (index, whole) in text.lines().enumerate() {
        let trimmed = whole.trim();
        let said = if inside {
            trimmed.strip_prefix('*').filter(|rest| !rest.starts_with('/')).unwrap_or(trimmed)
        } else if trimmed.starts_with("//") {
            trimmed.trim_start_matches('/').trim_start_matches('!')
        } else if trimmed.starts_with("/*") {
            inside = true;
            trimmed.trim_start_matches('/').trim_start_matches('*')
        } else {
            continue;
        };
        if inside && trimmed.ends_with("*/") {
            inside = false;
        }
        found.push(Line { number: index + 1, whole, said: said.trim_end_matches("*/").trim() });
    }
    found
}

/// What comments say, paragraph by paragraph: the number of the first line, and the text. Code,
/// tags and headings are none.
fn paragraphs(lines: &[Line]) -> Vec<(usize, String)> {
    let mut paragraphs: Vec<(usize, String)> = Vec::new();
    let (mut last, mut code) = (None, false);
    for line in lines {
        let fence = line.said.starts_with("```");
        code ^= fence;
        if code || fence || line.said.is_empty() || line.said.starts_with(['@', '#', '|']) {
            last = None;
            continue;
        }
        let goes_on = last.is_some_and(|last| last + 1 == line.number) && !line.said.starts_with("- ");
        match paragraphs.last_mut() {
            Some((_, text)) if goes_on => {
                text.push(' ');
                text.push_str(line.said);
            }
            _ => paragraphs.push((line.number, line.said.to_owned())),
        }
        last = Some(line.number);
    }
    paragraphs
}

/// The number of words, with what stands between backquotes as one.
fn words(sentence: &str) -> usize {
    let parts = sentence.split('`').enumerate();
    let one = |(index, part): (usize, &str)| if index % 2 == 1 { "_".to_owned() } else { part.to_owned() };
    parts.map(one).collect::<String>().split_whitespace().count()
}

/// The sentences of a text.
fn sentences(text: &str) -> Vec<String> {
    let mut sentences = vec![String::new()];
    for word in text.split(' ') {
        let Some(sentence) = sentences.last_mut() else { continue };
        sentence.push_str(word);
        sentence.push(' ');
        if word.ends_with(['.', '!', '?', ':', ';']) && sentence.matches('`').count() % 2 == 0 {
            sentences.push(String::new());
        }
    }
    sentences
}

/// The comments of a file that are wider, or whose sentences are longer, than they may be. An
/// address cannot be wrapped.
pub fn wrong(file: &str, text: &str) -> Vec<String> {
    let lines = lines(text);
    let wide = lines.iter().filter(|line| line.whole.chars().count() > COLUMNS && !is_address(line.said));
    let wide = wide.map(|line| {
        let columns = line.whole.chars().count();
        format!("{file}:{}: a comment of {columns} columns: wrap it at {COLUMNS}", line.number)
    });
    let long = paragraphs(&lines).into_iter().flat_map(|(number, text)| {
        let long = sentences(&text).into_iter().filter(|sentence| words(sentence) > WORDS);
        long.map(|sentence| {
            let count = words(&sentence);
            let sentence = sentence.trim();
            format!("{file}:{number}: {count} words, make two sentences of it (at most {WORDS}): {sentence}")
        })
        .collect::<Vec<_>>()
    });
    wide.chain(long).collect()
}

/// Whether a line says nothing but an address.
fn is_address(said: &str) -> bool {
    said.trim_start_matches(['(', '<']).starts_with("https://") && !said.contains(' ')
}
