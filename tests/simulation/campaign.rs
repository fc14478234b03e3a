//! Many worlds on all cores; the first that breaks a law is cut down to what matters.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::jobs::Jobs;
use crate::mutants::Mutant;
use crate::setup::{Faults, Ms, Setup};
use crate::world::{Broken, Tallies, World};

/// A world that broke a law.
#[derive(Clone, Debug)]
pub struct Failure {
    pub setup: Setup,
    pub broken: Broken,
}

/// Runs the worlds of these seeds; what they came to, or the failure of the lowest seed found.
pub fn run(seeds: Range<u64>, length: Ms, mutant: Option<Mutant>) -> Result<Tallies, Box<Failure>> {
    let (next, stop) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let (total, failure) = (Mutex::new(Tallies::default()), Mutex::new(None::<Box<Failure>>));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let mut world = World::new(Setup::draw(seed, length), mutant);
                    let outcome = world.run();
                    total.lock().unwrap().add(&world.tallies);
                    if let Err(broken) = outcome {
                        stop.store(true, Ordering::Relaxed);
                        let found = Box::new(Failure { setup: world.setup, broken });
                        let mut failure = failure.lock().unwrap();
                        if failure.as_ref().is_none_or(|other| other.setup.seed > seed) {
                            *failure = Some(found);
                        }
                    }
                }
            });
        }
    });
    failure.into_inner().unwrap().map_or_else(|| Ok(total.into_inner().unwrap()), Err)
}

impl Tallies {
    fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.samples += other.samples;
        self.reports += other.reports;
        self.transitions += other.transitions;
        self.answers += other.answers;
        self.orders += other.orders;
        self.rebuilt += other.rebuilt;
        self.messages += other.messages;
        self.beats += other.beats;
        self.changes += other.changes;
        self.looks += other.looks;
        self.looks_in_steps += other.looks_in_steps;
        let mut faults = other.faults;
        for ((_, sum), (_, more)) in self.faults.kinds().into_iter().zip(faults.kinds()) {
            *sum += *more;
        }
    }
}

/// Takes away whatever the failure does not need: kinds of faults, deployments, cuts, episodes,
/// changes.
pub fn shrink(failure: Failure, mutant: Option<Mutant>) -> Failure {
    let mut smallest = failure;
    loop {
        let smaller = candidates(&smallest.setup).into_iter().find_map(|setup| {
            let broken = World::new(setup.clone(), mutant).run().err()?;
            Some(Failure { setup, broken })
        });
        match smaller {
            Some(smaller) => smallest = smaller,
            None => return smallest,
        }
    }
}

/// Worlds that are one thing simpler.
fn candidates(setup: &Setup) -> Vec<Setup> {
    let mut simpler = Vec::new();
    let mut faults = setup.faults;
    for place in 0..faults.kinds().len() {
        let mut calmer: Faults = setup.faults;
        let kinds = calmer.kinds();
        if *kinds[place].1 > 0 {
            *kinds.into_iter().nth(place).unwrap().1 = 0;
            simpler.push(Setup { faults: calmer, ..setup.clone() });
        }
    }
    for place in 0..setup.deployments.len() {
        let mut fewer = setup.clone();
        fewer.deployments.remove(place);
        simpler.push(fewer);
    }
    for place in 0..setup.cuts.len() {
        let mut fewer = setup.clone();
        fewer.cuts.remove(place);
        simpler.push(fewer);
    }
    for place in 0..setup.episodes.len() {
        let mut fewer = setup.clone();
        fewer.episodes.remove(place);
        simpler.push(fewer);
    }
    for place in 0..setup.doings.habits.len() {
        let mut fewer = setup.clone();
        fewer.doings.habits.remove(place);
        simpler.push(fewer);
    }
    for place in 0..setup.doings.silenced.len() {
        let mut fewer = setup.clone();
        fewer.doings.silenced.remove(place);
        simpler.push(fewer);
    }
    for place in 0..setup.changes.len() {
        let mut fewer = setup.clone();
        fewer.changes.remove(place);
        simpler.push(fewer);
    }
    if !setup.terms.jobs.all.is_empty() {
        let mut fewer = setup.clone();
        let deployed = fewer.deployments.iter_mut().map(|(_, terms)| terms);
        std::iter::once(&mut fewer.terms).chain(deployed).for_each(|terms| terms.jobs = Jobs::default());
        simpler.push(fewer);
    }
    simpler
}

/// What to tell of a failure.
pub fn told(failure: &Failure, mutant: Option<Mutant>) -> String {
    let Failure { setup, broken } = failure;
    let mut world = World::new(setup.clone(), mutant);
    world.trace = Some(Vec::new());
    let _ = world.run();
    let trace = world.trace.unwrap_or_default();
    let last = trace.len().saturating_sub(25);
    format!(
        "seed {} breaks a law at {} ms (step {}): {}\nwhat is left of its world: {:?}\n{:?}\nepisodes {:?}\ncuts {:?}\ndeployments {:?}\n{:?}\nchanges {:?}\nthe last steps:\n{}\n\
         replay with VEDETTE_SEED={} VEDETTE_HOURS={} cargo test --locked --config tests/optimised.toml --test simulation -- --nocapture\n",
        setup.seed,
        broken.at,
        broken.step,
        broken.law,
        setup.faults,
        setup.terms,
        setup.episodes,
        setup.cuts,
        setup.deployments,
        setup.doings,
        setup.changes,
        trace.get(last..).unwrap_or_default().join("\n"),
        setup.seed,
        setup.whole / crate::setup::HOUR
    )
}
