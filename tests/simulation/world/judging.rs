//! What a world does with its Arbiter: reports and what they lead to, messages, and twins to hold
//! it against.

use super::*;

impl World {
    pub(super) fn arbiter_rings(&mut self, set: Ms) -> Result<(), String> {
        if self.arbiter.alarm != Some(set) || self.is_away() {
            return Ok(());
        }
        self.arbiter.alarm = None;
        if !self.fault(|faults| &mut faults.alarm_lost) {
            self.evaluate(arbiter::Event::Woken)?;
        }
        Ok(())
    }

    pub(super) fn cron(&mut self) -> Result<(), String> {
        self.at(self.now + MINUTE, Happens::Cron);
        let wakes = match self.mutant {
            Some(Mutant::NoCron) => self.now == 0,
            // What nobody hears is silence to it.
            Some(Mutant::AbsenceCounts) => true,
            _ => !self.is_away(),
        };
        if wakes {
            self.evaluate(arbiter::Event::Woken)?;
        }
        Ok(())
    }

    pub(super) fn forget_arbiter(&mut self) {
        if self.mutant == Some(Mutant::KeepsMemory) && self.arbiter.memory.is_some() {
            return;
        }
        self.arbiter.memory = None;
        self.arbiter.life += 1;
        self.changing.forget(self.now);
    }

    pub(super) fn reported(&mut self, object: usize, life: u64, report: Report) -> Result<(), String> {
        let seq = report.seq;
        if life == self.vantages[object].life {
            self.orders(&report)?;
        }
        self.hears(&report)?;
        let report = Mutant::report(self.mutant, report, self.now);
        (self.superseded, self.handed_on) = (None, None);
        let taken = self.evaluate(arbiter::Event::Reported(report))?;
        if taken && !self.fault(|faults| &mut faults.answer_lost) {
            if let Some((ring, seq)) = self.handed_on {
                self.at(self.now + 20, Happens::Replied(object, life, vantage::Event::HandedOn(ring, seq)));
            }
            let event = self.superseded.map_or(vantage::Event::Delivered(seq), vantage::Event::Superseded);
            self.at(self.now + 20, Happens::Replied(object, life, event));
        }
        Ok(())
    }

    /// Now and then: this report and all that are under way with it, in another order.
    pub(super) fn orders(&mut self, report: &Report) -> Result<(), String> {
        // An Arbiter that has just come to life may have forgotten what it took last: only a change
        // of opinion is stored at once.
        if self.rng.u32(..32) > 0 || self.now < self.arbiter.began + self.transit() {
            return Ok(());
        }
        let under_way = self.queue.iter().filter_map(|Reverse(Due(_, _, happens))| match happens {
            // Whoever begins a new life has forgotten what it told, and tells it again only with
            // the next evidence.
            Happens::Reported(object, life, report) if self.vantages[*object].life == *life => {
                Some(report.as_ref().clone())
            }
            _ => None,
        });
        let reports: Vec<Report> = under_way.chain([report.clone()]).collect();
        let now = self.arbiter_clock();
        // What a cache answered takes the place of the proof before it in the next report: an
        // overtaken proof is lost, and the vote looks older than it is.
        let proven = reports.iter().flat_map(|report| &report.votes).all(|vote| !vote.seen.unproven);
        let fit = proven && reports.len() > 1;
        let Some(living) = self.arbiter.memory.as_ref().filter(|_| fit) else {
            return Ok(());
        };
        self.tallies.orders += 1;
        let tamper = |report, place| Mutant::report(self.mutant, report, self.now + place);
        twins::orders(living, &reports, now, &mut self.rng, tamper)
    }

    /// The longest that a report takes to arrive.
    pub(super) const fn transit(&self) -> Ms {
        let faults = &self.setup.faults;
        let late = if faults.report_late > 0 { 2 * MINUTE } else { 0 };
        let doubled = if faults.report_doubled > 0 { 10 * SECOND } else { 0 };
        late + doubled + SECOND
    }

    /// A report has arrived, as it was sent.
    pub(super) fn hears(&mut self, report: &Report) -> Result<(), String> {
        if self.fault(|faults| &mut faults.evicted) {
            self.forget_arbiter();
        }
        let now = self.awake();
        self.ledger.hears(&self.configs[self.arbiter.version], report, now)
    }

    /// Brings the Arbiter to life if it is not; its time.
    pub(super) fn awake(&mut self) -> Timestamp {
        let now = self.arbiter_clock();
        if self.arbiter.load(&self.given[self.arbiter.version], now) {
            self.arbiter.began = self.now;
            self.ledger.arbiter_begins(&self.configs[self.arbiter.version], self.now);
            self.harks(now);
        }
        now
    }

    /// Rows are written, in one transaction; whether it is known that they were.
    fn lands(
        &mut self,
        rows: &[Row],
        memories: Option<&Memories>,
        calm: Option<Timestamp>,
    ) -> Result<bool, String> {
        let fails = self.fault(|faults| &mut faults.write_fails);
        if !fails || self.rng.bool() {
            self.changing.lands();
            if !rows.is_empty() {
                self.arbiter.write(rows);
                self.receivers.stored(rows);
                let config = Rc::clone(&self.configs[self.arbiter.version]);
                self.tallies.transitions += self.ledger.stored(&config, rows, calm)?;
            }
            if let Some(memories) = memories {
                let tampered = Mutant::memories(self.mutant, memories, self.now);
                self.history.remembers(memories, &tampered);
                self.handed_on = memories.handed_on();
            }
        }
        if fails {
            self.fails_to_write();
        }
        Ok(!fails)
    }

    /// Steps the Arbiter and carries out what it wants done; whether it came to an end.
    pub(super) fn evaluate(&mut self, event: arbiter::Event) -> Result<bool, String> {
        let now = self.awake();
        let config = Rc::clone(&self.configs[self.arbiter.version]);
        let calm = self.setup.faults.clocks == 0 && self.setup.faults.write_fails == 0;
        self.ledger.weighs(&config, now, calm.then_some(self.now));
        let about = Self::about(&event);
        let without = self.steps_without(&event, now);
        let event = self.held_up(event);
        let beat = if let arbiter::Event::Beat(id) = &event { Some(id.clone()) } else { None };
        let mut effects =
            self.arbiter.memory.as_mut().map(|engine| engine.step(event, now)).unwrap_or_default();
        self.no_verdict_differs(&effects, without.as_ref(), now)?;
        Mutant::verdicts(self.mutant, &mut effects);
        self.changes_cost_nothing_else(&about, &effects)?;
        self.looks(&effects, beat.is_some(), now)?;
        self.ledger.follows(&config, &effects, now)?;
        let mut effects = effects.into_iter().peekable();
        while let Some(effect) = effects.next() {
            match effect {
                Verdicts::Persist(rows) => {
                    // What is to be remembered lands with what is stored, or neither does.
                    let remembered = effects.next_if(|next| matches!(next, Verdicts::Remember(_)));
                    let memories = match &remembered {
                        Some(Verdicts::Remember(memories)) => Some(memories),
                        _ => None,
                    };
                    if !self.lands(&rows, memories, calm.then_some(now))? {
                        return Ok(false);
                    }
                }
                Verdicts::Remember(memories) => {
                    if !self.lands(&[], Some(&memories), calm.then_some(now))? {
                        return Ok(false);
                    }
                }
                Verdicts::WakeAt(at) => {
                    let at = self.moment(self.clocks.len() - 1, at);
                    self.arbiter.alarm = Some(at);
                    self.at(at, Happens::ArbiterRings(at));
                }
                Verdicts::Arm(object) => {
                    let arms = !matches!(self.mutant, Some(Mutant::NobodyIsArmed | Mutant::AlarmForgotten));
                    if arms || self.now < MINUTE {
                        self.at(self.now + 50, Happens::Arms(object.name));
                    }
                }
                Verdicts::ProbeNow(object, origins) => {
                    self.at(self.now + 50, Happens::Hurries(object.name, origins));
                }
                Verdicts::Push { pool, revision } => self.ledger.tells(&pool, revision)?,
                Verdicts::PushAll(revision) => self.ledger.tells_all(revision),
                Verdicts::Superseded(known) => self.superseded = Some(known),
                Verdicts::Deliver(delivery) => self.send(&delivery)?,
                Verdicts::Gather(errand) => self.gathers(errand),
                Verdicts::Publish(_) | Verdicts::Changed(_) | Verdicts::GivenUp(_) | Verdicts::Wrote(_) => {}
            }
        }
        self.ledger.all_are_told(&config)?;
        self.keeps(beat.as_ref(), now)?;
        self.changing.lands();
        self.changes_stand()?;
        if self.rng.u32(..128) == 0
            && let Some(living) = &self.arbiter.memory
        {
            self.tallies.rebuilt += 1;
            // After a clock stepped back, memory knows that what is stored lies in the future. Two
            // reports of the same evidence differ by as much as the clock of their vantage jumped
            // between them.
            let jumps = if self.setup.faults.clocks > 0 { 2 * HOUR } else { 0 };
            let transit = self.transit() + jumps;
            twins::rebuilt(
                &self.given[self.arbiter.version],
                &self.arbiter.rows(vedette::limits::EVENTS_SHOWN),
                living,
                now,
                transit,
            )?;
        }
        Ok(true)
    }

    /// What memory holds was not stored: the Arbiter begins again.
    fn fails_to_write(&mut self) {
        self.forget_arbiter();
        let again = self.now + 5 * SECOND;
        self.arbiter.alarm = Some(again);
        self.at(again, Happens::ArbiterRings(again));
    }

    /// A message is sent.
    pub(super) fn send(&mut self, delivery: &Delivery) -> Result<(), String> {
        Receivers::is_stored(&self.arbiter.rows(0), delivery)?;
        let chance = if self.mended { 0 } else { self.setup.faults.receiver };
        let reception = self.receivers.receive(delivery, chance);
        self.tallies.messages += 1;
        self.tallies.faults.receiver += u32::from(reception.outcome != Outcome::Taken);
        let answer =
            Answer { channel: delivery.channel.clone(), id: delivery.id.clone(), outcome: reception.outcome };
        self.at(self.now + reception.after, Happens::Sent(self.arbiter.life, answer));
        Ok(())
    }
}
