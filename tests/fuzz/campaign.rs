//! One run over one subject: seeds first, then mutations of them; a failing input is cut down and
//! told.

use std::cell::Cell;
use std::collections::HashSet;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Instant;

use fastrand::Rng;

use crate::mutate::mutate;

/// How many inputs all subjects get together, if nothing else is asked for: a few seconds without
/// optimisation.
const ITERATIONS: u64 = 10_000;

/// The seed, if nothing else is asked for. It is fixed, so that a run says something of the code
/// and not of the day.
const SEED: u64 = 0x5eed;

/// How often a failing input is tried with a part left out.
const CUTS: usize = 4_000;

/// Inputs with a new outcome that are mutated further; beyond, they are only tried.
const KEPT: usize = 2_000;

/// The longest input that is kept for its outcome, in bytes.
const KEPT_LENGTH: usize = 8 * 1024;

/// The outcome of an input in a few words, or the law that it broke. An input whose outcome is new
/// becomes a seed.
pub type Outcome = Result<String, String>;

/// What is tried.
pub struct Subject {
    /// The folder of its seeds below `tests/corpus`.
    pub name: &'static str,
    /// Its share of all inputs, in percent.
    pub share: u64,
    /// Seeds beside those in the folder.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// The words of its grammar.
    pub words: &'static [&'static str],
    /// Holds the laws against an input.
    pub check: fn(&[u8]) -> Outcome,
}

/// Breaks off with this message unless the law holds.
macro_rules! law {
    ($holds:expr, $($message:tt)+) => {
        if !$holds {
            return Err(format!($($message)+));
        }
    };
}
pub(crate) use law;

/// Tries a subject; panics with the shortest input found if one breaks a law.
pub fn run(subject: &Subject) {
    silence_caught_panics();
    let seed = setting("VEDETTE_FUZZ_SEED", SEED);
    let iterations = (setting("VEDETTE_FUZZ_ITERATIONS", ITERATIONS) * subject.share).div_ceil(100);
    let mut seeds = folder(&Path::new("corpus").join(subject.name));
    seeds.extend((subject.seeds)());
    assert!(!seeds.is_empty(), "{} has no seeds", subject.name);

    let mut outcomes = HashSet::new();
    // Whether the outcome of an input is new.
    let mut try_one = |input: &[u8]| match attempt(subject, input) {
        Ok(outcome) => outcomes.insert(outcome),
        Err(_) => fail(subject, input, seed),
    };
    for input in &seeds {
        try_one(input);
    }
    let mut rng = Rng::with_seed(seed);
    #[expect(clippy::disallowed_methods, reason = "how fast it goes is told, and decides nothing")]
    let started = Instant::now();
    for _ in 0..iterations {
        let input = mutate(&mut rng, &seeds, subject.words);
        if try_one(&input) && seeds.len() < KEPT && input.len() <= KEPT_LENGTH {
            seeds.push(input);
        }
    }
    let each = started.elapsed().as_micros() / u128::from(iterations.max(1));
    eprintln!("{}: {iterations} inputs of {each} µs, {} outcomes", subject.name, outcomes.len());
}

/// The files of a folder below `tests`.
pub fn folder(path: &Path) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path);
    let Ok(entries) = fs::read_dir(path) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

fn setting(name: &str, default: u64) -> u64 {
    let set = std::env::var(name).ok();
    set.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// The outcome of an input; a panic breaks a law, too.
fn attempt(subject: &Subject, input: &[u8]) -> Outcome {
    CAUGHT.set(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| (subject.check)(input)));
    CAUGHT.set(false);
    outcome.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("panicked: {}", said.unwrap_or("without words")))
    })
}

thread_local! {
    /// Whether a panic of this thread is caught, and needs no trace.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

fn silence_caught_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !CAUGHT.get() {
                loud(info);
            }
        }));
    });
}

fn fail(subject: &Subject, input: &[u8], seed: u64) -> ! {
    let input = cut_down(subject, input);
    let Err(broken) = attempt(subject, &input) else { unreachable!("only what fails is kept") };
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{}", subject.name));
    fs::write(&file, &input).unwrap();
    panic!(
        "{broken}\n  input: b\"{}\"\n  seed: {seed}\nIt is in {}: save it as tests/corpus/{}/<what it shows>, mend the code, and \
         it is tried first from then on.",
        input.escape_ascii(),
        file.display(),
        subject.name
    )
}

/// Leaves out whatever the input fails without: halves first, single bytes last.
fn cut_down(subject: &Subject, input: &[u8]) -> Vec<u8> {
    let mut short = input.to_vec();
    let mut cuts = CUTS;
    let mut size = short.len();
    while size > 0 {
        let mut at = 0;
        while at < short.len() && cuts > 0 {
            cuts -= 1;
            let end = (at + size).min(short.len());
            let without = [&short[..at], &short[end..]].concat();
            if attempt(subject, &without).is_err() {
                short = without;
            } else {
                at = end;
            }
        }
        size /= 2;
    }
    short
}
