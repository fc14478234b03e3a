//! What a world does about changes of the service. It starts, applies and closes them as somebody
//! does who repeats what was not answered. It lets vantages answer, and knows what the Arbiter
//! would do without any of it.

use vedette::arbiter::{Effect as Verdicts, Event, Row, Table};
use vedette::change::{CloseDraft, Errand, Fate, Gathered, Part, Plan, Refusal, Said};
use vedette::config::Config;
use vedette::history::{SampleQuery, kept};
use vedette::schedule;
use vedette::snapshot::{self, Transition};
use vedette::units::{Timestamp, Who};
use vedette::vantage::{MARK, Prober};
use vedette::writes::{Edit, Outcome, Write};

use super::{EPOCH, Happens, World};
use crate::changes::{Doing, Known, Rows, Told, rows_of_an_edit};
use crate::laws::{self, hold};
use crate::mutants::Mutant;
use crate::objects::ArbiterObject;
use crate::setup::{Ms, PLACES, SECOND};

/// So often somebody asks again who was not answered.
const TRIES: u32 = 4;

/// What the world knows of its changes.
#[derive(Default)]
pub(super) struct Changing {
    /// By their place among those that are intended.
    known: Vec<Option<Known>>,
    /// What became of the latest edit.
    outcome: Option<Outcome>,
    /// When the Arbiter was last kept from its work.
    hindered: Ms,
    /// The Arbiter in the same world without changes: told all else, and evicted with it.
    without: Option<ArbiterObject>,
    /// The rows that it wants stored.
    rows: Vec<Row>,
}

/// Something that a step is about, as far as changes go.
pub(super) enum About {
    Nothing,
    Edit(Rows),
    Looked { number: u64, part: Part, most: Rows },
}

impl Changing {
    pub(super) fn new(count: usize) -> Self {
        let without = (count > 0).then(ArbiterObject::default);
        Self { known: (0..count).map(|_| None).collect(), without, ..Self::default() }
    }

    pub(super) const fn hinders(&mut self, now: Ms) {
        self.hindered = now;
    }

    /// The Arbiter loses its memory.
    pub(super) fn forget(&mut self, now: Ms) {
        self.hindered = now;
        self.rows.clear();
        if let Some(without) = &mut self.without {
            without.memory = None;
        }
    }

    /// The Arbiter comes to life; `deaf` says why it hears no jobs.
    pub(super) fn load(&mut self, config: &Config, deaf: Option<String>, now: Timestamp) {
        let Some(without) = &mut self.without else { return };
        without.load(config, now);
        if let Some((engine, why)) = without.memory.as_mut().zip(deaf) {
            engine.deafen(Some(why));
        }
    }

    /// What the Arbiter wanted stored has landed, and so does what it would have stored.
    pub(super) fn lands(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        if let Some(without) = &mut self.without {
            without.write(&rows);
        }
    }

    fn is_open(&self, engine: Option<&vedette::arbiter::Arbiter>) -> bool {
        self.without.is_some() && engine.is_some_and(|engine| engine.changes().open().next().is_some())
    }
}

fn transitions(effects: &[Verdicts]) -> Vec<&Transition> {
    let changed = effects.iter().filter_map(|effect| match effect {
        Verdicts::Changed(change) => Some(change),
        _ => None,
    });
    changed.collect()
}

impl World {
    /// Sets out who changes what.
    pub(super) fn intends(&mut self) {
        for (place, change) in self.setup.changes.clone().into_iter().enumerate() {
            self.at(change.at, Happens::Edits(Doing::Start, place, TRIES));
        }
    }

    fn write(&self, doing: Doing, place: usize) -> Option<Write> {
        let known = self.changing.known[place].as_ref();
        let edit = match doing {
            Doing::Start => Edit::Start(Box::new(self.plan(place)?)),
            Doing::Apply => Edit::Apply(known?.id.clone()),
            Doing::Close => {
                let draft = CloseDraft { fate: Fate::Kept, note: format!("note {place}") };
                Edit::Close { id: known?.id.clone(), draft }
            }
        };
        let key = Some(format!("{doing:?} {place}"));
        Some(Write { who: Who::parse("ada").unwrap(), edit, if_match: None, key })
    }

    /// What is planned, if the configuration still has its origins.
    fn plan(&self, place: usize) -> Option<Plan> {
        self.setup.changes[place].draft(place).plan(&self.given[self.arbiter.version]).ok()
    }

    /// Somebody asks something of a change.
    pub(super) fn edits(&mut self, doing: Doing, place: usize, tries: u32) -> laws::Verdict {
        let Some(write) = self.write(doing, place) else { return Ok(()) };
        if let Some(known) = &mut self.changing.known[place] {
            known.asked(doing);
        }
        if self.is_away() || self.fault(|faults| &mut faults.report_lost) {
            self.asks_again(doing, place, tries);
            return Ok(());
        }
        if self.fault(|faults| &mut faults.evicted) {
            self.forget_arbiter();
        }
        let now = self.awake();
        let Some(engine) = &self.arbiter.memory else { return Ok(()) };
        if let (Edit::Start(plan), None) = (&write.edit, engine.answered_before(&write, now)) {
            if engine.unwanted(&write, now).is_some() {
                self.asks_again(doing, place, tries);
                return Ok(());
            }
            let errand = engine.beginning(&plan.origins, plan.before, now);
            let gathered = self.gathered(&errand);
            let takes = self.rng.u64(20..5 * SECOND);
            let begins = Happens::Begins(place, tries, self.arbiter.life, Box::new((write, gathered)));
            self.at(self.now + takes, begins);
            return Ok(());
        }
        self.edited(Event::Written(write), (doing, place, tries))
    }

    /// Vantages have said what was before.
    pub(super) fn begins(
        &mut self,
        place: usize,
        (tries, life): (u32, u64),
        write: Write,
        gathered: Gathered,
    ) -> laws::Verdict {
        let lost = life != self.arbiter.life && self.rng.bool();
        if lost || self.is_away() {
            self.asks_again(Doing::Start, place, tries);
            return Ok(());
        }
        self.edited(Event::Started(write, gathered), (Doing::Start, place, tries))
    }

    fn asks_again(&mut self, doing: Doing, place: usize, tries: u32) {
        if tries > 1 {
            self.at(self.now + 30 * SECOND, Happens::Edits(doing, place, tries - 1));
        }
    }

    /// The Arbiter makes an edit; what whoever asked hears of it.
    fn edited(&mut self, event: Event, (doing, place, tries): (Doing, usize, u32)) -> laws::Verdict {
        self.changing.outcome = None;
        let stored = self.evaluate(event)? || self.mutant == Some(Mutant::ChangesConfirmedUnstored);
        if !stored || self.fault(|faults| &mut faults.answer_lost) {
            self.asks_again(doing, place, tries);
            return Ok(());
        }
        match self.changing.outcome.take() {
            Some(Outcome::Change { id, .. }) => self.acknowledged(doing, place, &id),
            // It may have samples a little later.
            Some(Outcome::NoChange(Refusal::NothingBefore(_) | Refusal::TooMany))
                if doing == Doing::Start =>
            {
                self.asks_again(doing, place, tries);
                Ok(())
            }
            other => Err(format!("{doing:?} of {:?} is answered by {other:?}", self.changing.known[place])),
        }
    }

    fn acknowledged(&mut self, doing: Doing, place: usize, id: &str) -> laws::Verdict {
        self.awake();
        let now = self.arbiter_clock();
        let (changing, intended) = (&mut self.changing, &self.setup.changes[place]);
        let Some(engine) = &self.arbiter.memory else { return Ok(()) };
        let told = Told { engine, rows: self.history.rows(), now };
        match &mut changing.known[place] {
            Some(known) => {
                hold(known.id == id, || format!("{} was acknowledged, and now {id}", known.id))?;
                known.acknowledged(doing, &told)?;
            }
            none => *none = Some(Known::begun(id, &told)?),
        }
        told.none_is_started_twice()?;
        let next = match doing {
            Doing::Start if intended.applied.is_some() => (intended.applied, Doing::Apply),
            Doing::Start | Doing::Apply => (intended.closed, Doing::Close),
            Doing::Close => (None, Doing::Close),
        };
        if let (Some(after), next) = next {
            self.at(self.now + after, Happens::Edits(next, place, 3 * TRIES));
        }
        self.tallies.changes += u64::from(doing == Doing::Start);
        self.changes_stand()
    }

    /// What vantages say of a window, as far as they can be reached.
    fn gathered(&mut self, errand: &Errand) -> Gathered {
        let said = errand.pairs.iter().map(|pair| {
            let config = &self.given[self.arbiter.version];
            let object = schedule::object_of(config, &pair.vantage, &pair.origin);
            let place = PLACES.iter().position(|place| *place == pair.vantage.as_str());
            let cut = place.is_some_and(|place| self.is_cut(place).is_some());
            let lost = cut || self.fault(|faults| &mut faults.answer_lost);
            let query = SampleQuery { id: pair.origin.clone(), window: errand.window };
            let answer = |(name, _)| {
                let vantage = self.vantages.iter().find(|vantage| vantage.name == name);
                let unkept = vantage.and_then(|vantage| vantage.memory.as_ref()).and_then(Prober::unkept);
                let stored = vantage.into_iter().flat_map(|vantage| &vantage.ring).filter(|(place, _)| {
                    **place != MARK && unkept.as_ref().is_none_or(|row| row.place != **place)
                });
                let rows: Vec<String> = stored
                    .map(|(_, text)| text.clone())
                    .chain(unkept.as_ref().map(|row| row.text.clone()))
                    .collect();
                kept(&query, rows.into_iter())
            };
            Said { pair: pair.clone(), kept: object.filter(|_| !lost).map(answer) }
        });
        let said = said.collect();
        Gathered { window: errand.window, said }
    }

    /// The Arbiter asks vantages about a change.
    pub(super) fn gathers(&mut self, errand: Errand) {
        let gathered = self.gathered(&errand);
        let takes = self.rng.u64(20..5 * SECOND);
        let come = Happens::Gathered(self.arbiter.life, Box::new((errand, gathered)));
        self.at(self.now + takes, come);
    }

    /// They have answered, or not. An object that lost its memory may still hear of it.
    pub(super) fn looks_at_change(
        &mut self,
        life: u64,
        errand: &Errand,
        gathered: &Gathered,
    ) -> laws::Verdict {
        let lost = self.is_away() || (life != self.arbiter.life && self.rng.bool());
        let silent = gathered.said.iter().any(|said| said.kept.is_none());
        let now = self.arbiter_clock();
        if (lost || silent) && errand.part == Part::After {
            for known in
                self.changing.known.iter_mut().flatten().filter(|known| known.number == errand.number)
            {
                known.hindered = self.now;
            }
        }
        let awaited = silent && self.mutant == Some(Mutant::SilenceAwaited);
        if lost || awaited {
            return Ok(());
        }
        self.awake();
        let stored = |key: &str| self.history.rows().get(key).cloned();
        let looked =
            self.arbiter.memory.as_ref().and_then(|engine| engine.look(errand, gathered, &stored, now));
        match looked {
            Some(looked) => {
                self.tallies.looks += u64::from(looked.outcome.is_some());
                let is_step = errand.part == Part::After && !looked.is_whole;
                self.tallies.looks_in_steps += u64::from(is_step);
                if is_step && self.mutant == Some(Mutant::StepsLost) {
                    return Ok(());
                }
                self.evaluate(Event::Looked(looked))?;
                self.changes_stand_in_full(|_, known| known.number == errand.number)
            }
            None => Ok(()),
        }
    }

    /// What the step of an event may store of changes.
    pub(super) fn about(event: &Event) -> About {
        match event {
            Event::Written(write) => About::Edit(rows_of_an_edit(write, 0)),
            Event::Started(write, gathered) => About::Edit(rows_of_an_edit(write, gathered.said.len())),
            Event::Looked(looked) => {
                let judged = usize::from(looked.outcome.is_some());
                let open = usize::from(looked.part == Part::Before).max(judged);
                let most = Rows { open, audit: 0, history: looked.rows.len() };
                About::Looked { number: looked.number, part: looked.part, most }
            }
            Event::Cleared(..) => About::Edit(Rows { open: 1, audit: 1, history: 0 }),
            Event::Reported(_)
            | Event::Woken
            | Event::Beat(_)
            | Event::OriginSuspected(_)
            | Event::Answered(_) => About::Nothing,
        }
    }

    /// What the Arbiter does without changes at the same moment: its verdicts turn as they do. What
    /// a step stores of changes is what it may.
    pub(super) fn changes_cost_nothing_else(&mut self, about: &About, effects: &[Verdicts]) -> laws::Verdict {
        self.changing.outcome = effects.iter().find_map(|effect| match effect {
            Verdicts::Wrote(outcome) => Some(outcome.clone()),
            _ => None,
        });
        let mut rows = Rows::default();
        for effect in effects {
            match effect {
                Verdicts::Persist(stored) => {
                    let meta = |is: fn(&str) -> bool| {
                        stored.iter().filter(|row| row.table == Table::Meta && is(&row.key)).count()
                    };
                    rows.open += meta(|key| key == "changes" || key.starts_with("change/"));
                    rows.audit += meta(|key| key.starts_with("audit/"));
                }
                Verdicts::Remember(memories) => rows.history += memories.changed.len(),
                _ => {}
            }
        }
        let most = match about {
            About::Nothing => Rows::default(),
            About::Edit(most) | About::Looked { most, .. } => *most,
        };
        let fits = rows.open <= most.open && rows.audit <= most.audit && rows.history <= most.history;
        hold(fits, || format!("{rows:?} are written of changes, and {most:?} may be"))?;
        if let About::Looked { number, part, .. } = about {
            self.looks_are_few(*number, *part, rows.open + rows.history)?;
        }
        Ok(())
    }

    /// A running change writes two rows at each of its four looks, and its samples at the end; of
    /// before what comes late. An Arbiter that forgets looks again.
    fn looks_are_few(&mut self, number: u64, part: Part, rows: usize) -> laws::Verdict {
        let faults = &self.setup.faults;
        let calm = faults.evicted + faults.write_fails + faults.clocks == 0
            && self.setup.deployments.is_empty()
            && self.setup.doings.silenced.is_empty();
        let vantages = self.setup.terms.vantages;
        let known = self.changing.known.iter_mut().flatten().find(|known| known.number == number);
        let Some(known) = known.filter(|_| calm) else { return Ok(()) };
        let (all, most) = match part {
            Part::After => (&mut known.looked_rows, 2 * 4 + 2 * vantages),
            // Each vantage may come late once with each origin, and is given up once.
            Part::Before => (&mut known.late_rows, 2 * 2 * vantages + 1),
        };
        *all += rows;
        hold(*all <= most, || {
            format!("{all} rows are written of looks at {} ({part:?}), {most} may be", known.id)
        })
    }

    /// Steps the Arbiter that knows no changes.
    pub(super) fn steps_without(&mut self, event: &Event, now: Timestamp) -> Option<Vec<Verdicts>> {
        let engine = self.changing.without.as_mut()?.memory.as_mut()?;
        let event = match event {
            Event::Written(_) | Event::Started(..) | Event::Looked(_) => Event::Woken,
            other => other.clone(),
        };
        let effects = engine.step(event, now);
        for effect in &effects {
            if let Verdicts::Persist(rows) = effect {
                self.changing.rows.extend(rows.iter().cloned());
            }
        }
        Some(effects)
    }

    /// A verdict turns with changes as it does without.
    pub(super) fn no_verdict_differs(
        &self,
        with: &[Verdicts],
        without: Option<&Vec<Verdicts>>,
        now: Timestamp,
    ) -> laws::Verdict {
        let Some(without) = without else { return Ok(()) };
        let (with, without) = (transitions(with), transitions(without));
        hold(with == without, || format!("with changes {with:?}, and without them {without:?}"))?;
        let engines = self.arbiter.memory.as_ref().zip(self.changing.without.as_ref());
        let Some((engine, plain)) = engines.filter(|_| self.tallies.steps.is_multiple_of(16)) else {
            return Ok(());
        };
        let Some(plain) = &plain.memory else { return Ok(()) };
        let whole = |engine: &vedette::arbiter::Arbiter| engine.snapshot(&snapshot::Part::Whole, now).pools;
        let (with, without) = (whole(engine), whole(plain));
        hold(with == without, || format!("with changes {with:?}\nand without them {without:?}"))
    }

    /// A mutant: the Arbiter is deaf for reports while a change is open.
    pub(super) fn held_up(&self, event: Event) -> Event {
        let held = self.mutant == Some(Mutant::ChangesHoldReports)
            && self.changing.is_open(self.arbiter.memory.as_ref());
        if held && matches!(event, Event::Reported(_)) { Event::Woken } else { event }
    }

    /// At every step.
    pub(super) fn changes_stand(&mut self) -> laws::Verdict {
        let now = self.arbiter_clock();
        let Some(engine) = self.arbiter.memory.as_ref().filter(|_| !self.changing.known.is_empty()) else {
            return Ok(());
        };
        let told = Told { engine, rows: self.history.rows(), now };
        let offset = self.clocks[self.clocks.len() - 1];
        let moment =
            |shown: Timestamp| shown.as_millis().saturating_add_signed(-offset).saturating_sub(EPOCH);
        let times = (self.now, self.changing.hindered.max(self.jumped));
        for known in self.changing.known.iter_mut().flatten() {
            known.stands(&told)?;
            known.is_judged_in_time(&told, times, moment)?;
        }
        Ok(())
    }

    /// Now and then: those that are asked for.
    pub(super) fn changes_stand_in_full(&mut self, which: impl Fn(usize, &Known) -> bool) -> laws::Verdict {
        let now = self.arbiter_clock();
        let Some(engine) = self.arbiter.memory.as_ref().filter(|_| !self.changing.known.is_empty()) else {
            return Ok(());
        };
        let told = Told { engine, rows: self.history.rows(), now };
        let known = self.changing.known.iter_mut().flatten().enumerate();
        let mut asked = known.filter(|(place, known)| which(*place, known));
        asked.try_for_each(|(_, known)| known.stands_in_full(&told))
    }
}
