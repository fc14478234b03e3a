//! New inputs from old ones: bytes and stretches of them changed, two inputs spliced, words of the
//! grammar put in.

use fastrand::Rng;

/// The longest input that a repetition makes, in bytes.
const HUGE: usize = 20 * 1024;

/// Values at which readers break most often, whatever they read.
const ODD: &[&str] = &[
    "",
    "\0",
    "\n",
    "\r\n",
    "\t",
    " ",
    "\"",
    "'",
    "\\",
    "/",
    "-",
    "-1",
    "0",
    "1e999",
    "-0.0",
    "NaN",
    "255",
    "65536",
    "4294967296",
    "18446744073709551616",
    "9223372036854775807",
    "99999999999999999999999999999999",
    "%00",
    "%2F",
    "..",
    "\u{202e}",
    "\u{feff}",
    "é",
    "😀",
    "\u{7f}",
    "{}",
    "[]",
    "null",
    "true",
];

/// One of the seeds, changed in one place or in a few.
pub fn mutate(rng: &mut Rng, seeds: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    let mut input = one(rng, seeds).clone();
    let changes = if rng.bool() { 1 } else { rng.usize(2..=6) };
    for _ in 0..changes {
        change(rng, &mut input, seeds, words);
    }
    input
}

fn one<'a, T>(rng: &mut Rng, list: &'a [T]) -> &'a T {
    &list[rng.usize(..list.len())]
}

fn change(rng: &mut Rng, input: &mut Vec<u8>, seeds: &[Vec<u8>], words: &[&str]) {
    let at = rng.usize(..=input.len());
    match rng.u8(..37) {
        // A bit, or a byte.
        0..4 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << rng.u8(..8);
            }
        }
        4..6 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = rng.u8(..);
            }
        }
        6..8 => input.insert(at, rng.u8(..)),
        8..10 => {
            let byte = rng.char(' '..='~') as u8;
            input.insert(at, byte);
        }
        // A stretch: out, twice, elsewhere.
        10..14 => {
            let stretch = stretch(rng, input, at);
            input.drain(stretch);
        }
        14..17 => {
            let copy = input[stretch(rng, input, at)].to_vec();
            let to = rng.usize(..=input.len());
            input.splice(to..to, copy);
        }
        17 => input.truncate(at),
        // Another input from somewhere on, or a stretch of it.
        18..20 => {
            let other = one(rng, seeds);
            input.truncate(at);
            input.extend_from_slice(&other[rng.usize(..=other.len())..]);
        }
        20..22 => {
            let other = one(rng, seeds);
            let from = rng.usize(..=other.len());
            let piece = other[stretch(rng, other, from)].to_vec();
            input.splice(at..at, piece);
        }
        // A word put in, or in place of a stretch.
        22..27 => {
            input.splice(at..at, word(rng, words).bytes());
        }
        27..31 => {
            let stretch = stretch(rng, input, at);
            input.splice(stretch, word(rng, words).bytes());
        }
        // A token for another.
        31..36 => {
            let token = token(input, at);
            input.splice(token, word(rng, words).bytes());
        }
        // Something over and over.
        _ => {
            let word = word(rng, words).as_bytes();
            let times = 1 << rng.u32(..15);
            let times = (HUGE.saturating_sub(input.len()) / word.len().max(1)).min(times);
            input.splice(at..at, word.repeat(times));
        }
    }
}

fn word<'a>(rng: &mut Rng, words: &[&'a str]) -> &'a str {
    if words.is_empty() || rng.u8(..4) == 0 {
        ODD[rng.usize(..ODD.len())]
    } else {
        words[rng.usize(..words.len())]
    }
}

/// Some bytes from `at` on: mostly a few, seldom many.
fn stretch(rng: &mut Rng, input: &[u8], at: usize) -> std::ops::Range<usize> {
    let longest = if rng.u8(..4) == 0 { input.len() } else { 16 };
    at..input.len().min(at + rng.usize(..=longest))
}

/// The letters and digits around `at`.
fn token(input: &[u8], at: usize) -> std::ops::Range<usize> {
    let inner = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let before = input[..at].iter().rev().take_while(|byte| inner(byte)).count();
    let after = input[at..].iter().take_while(|byte| inner(byte)).count();
    at - before..at + after
}
