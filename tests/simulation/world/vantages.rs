//! What a world does with its vantages: it rings their alarms, answers their probes and carries out
//! what they want done.

use super::*;

impl World {
    pub(super) fn alarm_rings(&mut self, object: usize, set: Ms) -> Result<(), String> {
        if self.vantages[object].alarm != Some(set) {
            return Ok(());
        }
        self.vantages[object].alarm = None;
        if self.vantages[object].dead || self.fault(|faults| &mut faults.alarm_lost) {
            return Ok(());
        }
        self.rings(object)
    }

    /// The alarm of a vantage object.
    pub(super) fn rings(&mut self, object: usize) -> Result<(), String> {
        // No two lives begin in one millisecond.
        if self.vantages[object].born < self.now && self.fault(|faults| &mut faults.evicted) {
            self.vantages[object].born = self.now;
            self.vantages[object].forget();
            if self.mutant == Some(Mutant::DeadOnceEvicted) {
                self.vantages[object].dead = true;
                return Ok(());
            }
        }
        let now = self.clock(self.vantages[object].place);
        self.vantages[object].forgets_ring = self.mutant == Some(Mutant::OpenBucketForgotten);
        let version = self.vantages[object].version;
        let (config, daily) = (&self.given[version], self.daily[version]);
        if !self.vantages[object].load(config, daily, now) {
            if self.mutant != Some(Mutant::Orphans) {
                self.vantages[object].storage = None;
                self.history.retires(&mut self.vantages[object]);
                self.vantages[object].saved.clear();
                return Ok(());
            }
            self.vantages[object].alarm = Some(self.now + MINUTE);
            return Ok(());
        }
        self.probe(object, vantage::Event::Alarm)
    }

    pub(super) fn answered(
        &mut self,
        object: usize,
        life: u64,
        origin: &OriginId,
        ticket: u64,
        sample: Sample,
    ) -> Result<(), String> {
        let alive = self.vantages[object].life == life;
        // What was asked in an earlier life may still arrive in this one; it is nobody's.
        if !alive && (self.rng.bool() || self.vantages[object].memory.is_none()) {
            return Ok(());
        }
        self.tallies.samples += 1;
        let evidence = sample.evidence();
        if alive {
            self.vantages[object].under_way.retain(|under_way| under_way.as_ref() != Some(origin));
            if let Evidence::Fail(_) = evidence {
                *self.vantages[object].uncounted.entry(origin.clone()).or_default() += 1;
            }
        }
        if let (true, Evidence::Pass | Evidence::Warn(_) | Evidence::Fail(_)) = (alive, &evidence) {
            self.ledger.evidence(origin, self.now);
        }
        let sample = Mutant::sample(self.mutant, sample);
        let current = self.vantages[object].tickets.get(origin).copied();
        let ticket = current.filter(|_| self.mutant == Some(Mutant::StragglersCount)).unwrap_or(ticket);
        let now = self.clock(self.vantages[object].place);
        let effects =
            self.vantages[object].step(vantage::Event::Sampled(origin.clone(), ticket, sample), now);
        // A failure may be doubted first, and a clock that jumps makes a vantage give up what is
        // still under way.
        let doubted = matches!(evidence, Evidence::Fail(_)) && self.setup.terms.references;
        if !(alive && (doubted || self.setup.faults.clocks > 0)) {
            crate::laws::what_is_handed_is_counted_once(origin, &evidence, alive, &effects)?;
        }
        self.carries_out(object, effects)
    }

    /// Steps a vantage and carries out what it wants done, as the platform would.
    pub(super) fn probe(&mut self, object: usize, event: vantage::Event) -> Result<(), String> {
        let now = self.clock(self.vantages[object].place);
        let effects = self.vantages[object].step(event, now);
        self.carries_out(object, effects)
    }

    pub(super) fn carries_out(&mut self, object: usize, mut effects: Vec<Probing>) -> Result<(), String> {
        let place = self.vantages[object].place;
        Mutant::probing(self.mutant, &mut effects);
        let config = &self.configs[self.vantages[object].version];
        ledger::observes(&mut self.vantages[object], config, &effects)?;
        for effect in effects {
            match effect {
                Probing::WakeAt(_) if self.mutant == Some(Mutant::AlarmForgotten) && self.now > MINUTE => {}
                Probing::WakeAt(at) => {
                    let mut at = self.moment(place, at);
                    if self.fault(|faults| &mut faults.alarm_late) {
                        at += self.rng.u64(..MINUTE);
                    }
                    self.vantages[object].alarm = Some(at);
                    self.at(at, Happens::Rings(object, at));
                }
                Probing::Persist(text) => {
                    let fails = self.fault(|faults| &mut faults.write_fails);
                    if !fails || self.rng.bool() {
                        let vantage = &mut self.vantages[object];
                        vantage.storage = Some(text);
                        vantage.saved = vantage.accounts.clone();
                    }
                    if fails {
                        self.vantages[object].forget();
                        return Ok(());
                    }
                }
                Probing::Keep(row) => {
                    let fails = self.fault(|faults| &mut faults.write_fails);
                    if !fails || self.rng.bool() {
                        self.history.keeps(&mut self.vantages[object], &row);
                    }
                    if fails {
                        self.vantages[object].forget();
                        return Ok(());
                    }
                }
                Probing::Probe(origin, ticket, _) => self.sends(object, origin, ticket)?,
                Probing::CheckReference(_, ticket) => {
                    self.vantages[object].under_way.push(None);
                    let cut = self.is_cut(place).is_some();
                    let referral = ReferenceResult { answered: !cut, colo: (!cut).then(|| "AMS".to_owned()) };
                    let takes = if cut { 3 * SECOND } else { 30 };
                    let life = self.vantages[object].life;
                    self.at(self.now + takes, Happens::ReferenceChecked(object, life, ticket, referral));
                }
                Probing::Report(report) => {
                    let config = &self.configs[self.vantages[object].version];
                    self.ledger.says(&mut self.vantages[object], config, &report)?;
                    self.posts(object, report);
                }
                Probing::Observed(..) | Probing::Connections(..) | Probing::Slipped(..) => {}
            }
        }
        let under_way = self.vantages[object].under_way.len();
        // A clock that jumps makes a vantage give up what is still under way.
        crate::laws::hold(under_way <= 5 || self.setup.faults.clocks > 0, || {
            format!("{under_way} requests under way at once")
        })
    }

    pub(super) fn sends(&mut self, object: usize, origin: OriginId, ticket: u64) -> Result<(), String> {
        let vantage = &mut self.vantages[object];
        let twice = vantage.under_way.contains(&Some(origin.clone()));
        crate::laws::hold(!twice || self.setup.faults.clocks > 0, || {
            format!("two probes of {origin} at once")
        })?;
        vantage.under_way.push(Some(origin.clone()));
        vantage.tickets.insert(origin.clone(), ticket);
        let (place, life, version) = (vantage.place, vantage.life, vantage.version);
        let last = self.started.insert((object, origin.clone()), self.now);
        let faults = self.setup.faults;
        let calm =
            faults.evicted + faults.write_fails + faults.alarm_late + faults.alarm_lost + faults.clocks == 0;
        let known = self.configs[version].origin(&origin).or_else(|| self.given[version].origin(&origin));
        let Some(tempo) = known.map(|origin| origin.pace) else {
            return Err(format!("{origin} is probed and not configured"));
        };
        if let Some(last) = last.filter(|_| calm && self.setup.deployments.is_empty()) {
            let slowest = tempo.interval.max(tempo.down_interval).get();
            let (gap, most) = (self.now - last, slowest * 11 / 10 * 2 + tempo.timeout.get() + SECOND);
            crate::laws::hold(gap <= most, || {
                format!("{origin} was not probed for {gap} ms, {most} are allowed")
            })?;
            let settles = tempo.interval.min(tempo.fast_interval).min(tempo.down_interval).get() / 2;
            crate::laws::hold(gap >= settles, || {
                format!("{origin} was probed again after {gap} ms, in the slot of the probe before")
            })?;
            let steps = self.steps.entry((object, origin.clone())).or_default();
            steps.note(self.now, gap, tempo.interval.get());
            crate::laws::no_step_is_kept(steps, tempo.interval.get())?;
        }
        let (setup, settled) = (&self.setup, &mut self.settled);
        let conduct = if self.now < setup.length {
            origins::conduct(setup, &origin, self.now)
        } else {
            *settled.entry(origin.clone()).or_insert_with(|| origins::in_the_end(setup, &origin))
        };
        let seen =
            origins::Seen { place, cut: self.is_cut(place), timeout: tempo.timeout, at: self.clock(place) };
        let (takes, sample) = origins::answer(conduct, &seen, self.now, &mut self.rng);
        self.at(self.now + takes, Happens::Answered(object, life, origin, ticket, Box::new(sample)));
        Ok(())
    }

    pub(super) fn is_cut(&self, place: usize) -> Option<bool> {
        let cuts = self.setup.cuts.iter().filter(|_| !self.mended);
        cuts.clone()
            .find(|(cut, from, until, _)| *cut == place && (*from..*until).contains(&self.now))
            .map(|cut| cut.3)
    }

    /// Sends a report on its way.
    pub(super) fn posts(&mut self, object: usize, report: Report) {
        self.tallies.reports += 1;
        let place = self.vantages[object].place;
        if self.is_cut(place).is_some() || self.fault(|faults| &mut faults.report_lost) {
            return;
        }
        let life = self.vantages[object].life;
        let mut takes = self.rng.u64(5..120);
        if self.fault(|faults| &mut faults.report_late) {
            takes += self.rng.u64(SECOND..2 * MINUTE);
        }
        if self.fault(|faults| &mut faults.report_doubled) {
            let again = self.now + takes + self.rng.u64(..10 * SECOND);
            self.at(again, Happens::Reported(object, life, Box::new(report.clone())));
        }
        self.at(self.now + takes, Happens::Reported(object, life, Box::new(report)));
    }

    pub(super) fn arms(&mut self, name: &str) {
        let known = self.vantages.iter().position(|vantage| vantage.name == name);
        let object = known.unwrap_or_else(|| {
            let place = self.vantages.len();
            let vantage = name.split('/').nth(1).unwrap_or_default();
            let place =
                ["apac", "enam", "weur", "oc"].iter().position(|one| *one == vantage).unwrap_or(place);
            self.vantages.push(VantageObject::new(name, self.version, place));
            self.vantages.len() - 1
        });
        self.vantages[object].alarm = Some(self.now);
        self.at(self.now, Happens::Rings(object, self.now));
    }

    /// Somebody saw origins do otherwise: whoever lives looks at once.
    pub(super) fn hurries(&mut self, name: &str, origins: Vec<OriginId>) -> Result<(), String> {
        self.arms(name);
        let alive = |vantage: &VantageObject| vantage.name == name && vantage.memory.is_some();
        if let Some(object) = self.vantages.iter().position(alive) {
            for origin in origins {
                self.probe(object, vantage::Event::OriginSuspected(origin))?;
            }
        }
        Ok(())
    }
}
