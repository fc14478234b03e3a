//! Failures that do not count before the vantage knows that the fault is not its own: they are
//! withheld until something has answered, and then count, or prove nothing.

use super::origin_check::Withheld;
use super::self_check::{Attribution, Conclusion};
use super::{Effect, Prober};
use crate::probe::ReferenceResult;
use crate::sample::{Evidence, Sample};
use crate::units::{OriginId, Timestamp};

impl Prober {
    /// Takes in what came of a probe.
    pub(super) fn sampled(
        &mut self,
        id: &OriginId,
        ticket: u64,
        sample: Sample,
        now: Timestamp,
    ) -> Vec<Effect> {
        let Some(check) = self.checks.get_mut(id) else { return Vec::new() };
        // A late probe that was given up, or the answer to a question of an earlier life.
        if check.under_way != Some(ticket) {
            return Vec::new();
        }
        check.under_way = None;
        let (sent, own) = (check.sent(), sample.evidence());
        let before = check.connects.stored();
        let (fails, reached) =
            (matches!(own, Evidence::Fail(_)), matches!(own, Evidence::Pass | Evidence::Warn(_)));
        let (evidence, note) = check.connects.judge(own, sample.connected, now);
        self.dirty |= check.connects.stored() != before;
        let note = note.map(|note| Effect::Connections(id.clone(), note));
        let attribution = if fails { self.self_check.attribution(sent, now) } else { Attribution::Counts };
        if reached {
            self.self_check.reached(now);
        }
        if attribution == Attribution::Counts {
            let mut folded = if self.self_check.is_sure(now) { self.release() } else { Vec::new() };
            folded.push((id.clone(), sample, evidence));
            let mut effects = self.fold(folded, None, now);
            effects.extend(note);
            return effects;
        }
        self.withhold(id, sample);
        let asked = self.ask(true, now);
        let void = if attribution == Attribution::Own && !self.self_check.is_asking() {
            self.own_fault()
        } else {
            Vec::new()
        };
        self.fold(void, asked, now)
    }

    /// Takes in what a reference said, or that it said nothing.
    pub(super) fn referred(
        &mut self,
        ticket: u64,
        referral: &ReferenceResult,
        now: Timestamp,
    ) -> Vec<Effect> {
        let next_ticket = self.next_ticket();
        let before = self.self_check.colo.clone();
        let (mut folded, mut asked) = (Vec::new(), None);
        match self.self_check.referred(ticket, next_ticket, referral, now) {
            Conclusion::None => return Vec::new(),
            Conclusion::Reached => folded = self.release(),
            Conclusion::Ask(reference) => asked = Some(Effect::CheckReference(reference, next_ticket)),
            Conclusion::Lost => folded = self.own_fault(),
        }
        self.dirty |= self.self_check.colo != before;
        self.fold(folded, asked, now)
    }

    /// Keeps a failure that does not count yet.
    fn withhold(&mut self, id: &OriginId, sample: Sample) {
        let Some(check) = self.checks.get_mut(id) else { return };
        let before = check.withheld.take().map_or(0, |withheld| withheld.failures);
        check.withheld = Some(Withheld { failures: before.saturating_add(1), sample });
    }

    /// The withheld failures, which count after all.
    fn release(&mut self) -> Vec<(OriginId, Sample, Evidence)> {
        let mut released = Vec::new();
        for (id, check) in &mut self.checks {
            let Some(withheld) = check.withheld.take() else { continue };
            for _ in 0..withheld.failures.min(check.origin.thresholds.fall) {
                released.push((id.clone(), withheld.sample.clone(), withheld.sample.evidence()));
            }
        }
        released
    }

    /// The withheld failures, which prove nothing.
    fn own_fault(&mut self) -> Vec<(OriginId, Sample, Evidence)> {
        let mut void = Vec::new();
        for (id, check) in &mut self.checks {
            let Some(withheld) = check.withheld.take() else { continue };
            let why = format!("{} reaches none of its origins and no reference either", self.vantage);
            void.push((id.clone(), withheld.sample, Evidence::None(why)));
        }
        void
    }
}
