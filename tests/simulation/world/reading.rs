//! What a world does for its readers, and what must be true of it in the end.

use super::*;
use crate::incidents;
use crate::setup::HOUR;

impl World {
    /// A reader takes a copy, and somebody is answered from one that may be older.
    pub(super) fn read(&mut self) -> Result<(), String> {
        let pause = if self.setup.length > 24 * HOUR { 30 * MINUTE } else { 6 * MINUTE };
        let pause = self.rng.u64(20 * SECOND..pause);
        self.at(self.now + pause, Happens::Read);
        self.doubts()?;
        // One of them each time.
        let (turn, all) = (usize::try_from(self.tallies.steps).unwrap_or(0), self.setup.changes.len().max(1));
        self.changes_stand_in_full(|place, _| place == turn % all)?;
        if !self.is_away() && self.mutant != Some(Mutant::NoCron) && self.evaluate(arbiter::Event::Woken)? {
            let now = self.arbiter_clock();
            let snapshot = self
                .arbiter
                .memory
                .as_ref()
                .map(|engine| engine.snapshot(&vedette::snapshot::Part::Whole, now));
            if let Some(snapshot) = snapshot {
                self.ledger.publishes(&snapshot)?;
                let config = Rc::clone(&self.configs[self.arbiter.version]);
                crate::laws::no_evidence_outlives_its_time(&config, &snapshot)?;
                self.silence_shows(&config, &snapshot)?;
                self.shows_jobs(&snapshot)?;
                // It travels, and is kept, as text.
                let copy = Snapshot::parse(&json::write(&snapshot), snapshot.config);
                crate::laws::hold(copy.as_ref() == Some(&snapshot), || {
                    format!("{snapshot:?} is read as {copy:?}")
                })?;
                self.copies.push(snapshot);
                let over = self.copies.len().saturating_sub(4);
                self.copies.drain(..over);
            }
        }
        if !self.copies.is_empty() {
            let copy = &self.copies[self.rng.usize(..self.copies.len())];
            let (place, pool) = (self.rng.usize(..self.clocks.len()), self.rng.usize(..8));
            let now = Mutant::reading(self.mutant, self.clock(place));
            self.tallies.answers += 1;
            let Some(config) =
                self.configs.iter().zip(&self.given).find(|(_, given)| given.hash == copy.config)
            else {
                return Ok(());
            };
            let late = 2 * SECOND + self.transit();
            let truth = (self.setup.faults.clocks == 0).then_some((&self.ledger, self.now, late));
            readers::ask((config.0, config.1), copy, pool, now, self.clock(place), truth)?;
        }
        Ok(())
    }

    /// Now and then live requests find some origin wanting, with or without a reason.
    fn doubts(&mut self) -> Result<(), String> {
        if self.rng.u32(..8) > 0 || self.is_away() || self.mutant == Some(Mutant::NoCron) {
            return Ok(());
        }
        let config = &self.configs[self.arbiter.version];
        let Some(origin) = config.origins().nth(self.rng.usize(..4)).map(|origin| origin.id.clone()) else {
            return Ok(());
        };
        self.evaluate(arbiter::Event::OriginSuspected(origin)).map(drop)
    }

    /// Once no vantage has seen an origin for the time to live of a vote, nothing is known of it.
    /// The time is the Arbiter's own clock's, whatever it is, counted from the last jump of a
    /// clock.
    pub(super) fn silence_shows(&self, config: &Config, snapshot: &Snapshot) -> Result<(), String> {
        for (view, pool) in snapshot.pools.iter().zip(&config.pools) {
            for (view, origin) in view.origins.iter().zip(&pool.origins) {
                let silent = self.ledger.since_evidence(&origin.id, self.now).min(self.now - self.jumped);
                let known = view.status_at(snapshot.taken_at) != Status::Unknown;
                // A clock that was set back is noticed with the next step, and what lies in the
                // future begins anew then.
                // A vantage notices it when it rings next: of what it could not tell, that time is
                // lost.
                let unseen = if self.setup.faults.clocks > 0 { origin.pace.pause().get() } else { 0 };
                crate::laws::silence_shows(known, silent, pool.vote_ttl.get() + self.transit() + unseen)
                    .map_err(|why| format!("{}: {why}", origin.id))?;
            }
        }
        Ok(())
    }

    /// After the last fault, and time enough: everything is as it is, and nothing is left over.
    pub(super) fn ends(&mut self) -> Result<(), String> {
        if !self.evaluate(arbiter::Event::Woken)? {
            return Ok(());
        }
        let now = self.arbiter_clock();
        self.changes_stand_in_full(|_, _| true)?;
        let Some(engine) = &self.arbiter.memory else { return Ok(()) };
        let snapshot = engine.snapshot(&vedette::snapshot::Part::Whole, now);
        origins::the_verdict_is_the_truth(&self.setup, &self.configs[self.version], &snapshot, now)?;
        for pool in snapshot.pools.iter().filter(|pool| pool.is_of_heartbeats()) {
            self.ends_of_jobs(&self.configs[self.version], pool, now)?;
        }
        let exact = self.setup.faults.clocks == 0 && self.setup.deployments.is_empty();
        let stays = |pool: &Name| self.configs.iter().all(|config| config.pool(pool.as_str()).is_some());
        self.receivers.is_true(&self.configs[self.version], &snapshot, exact, stays)?;
        let config = &self.configs[self.version];
        incidents::Told { rows: self.history.rows(), config, snapshot: &snapshot, now }
            .are_true(stays, exact)?;
        for vantage in &self.vantages {
            let named = vantage.is_named(&self.configs[self.version]);
            // Whoever lost its alarm before it could retire is woken by nobody: what it keeps is a
            // few bytes.
            let keeps = vantage.storage.is_some() && self.setup.faults.alarm_lost == 0;
            crate::laws::no_orphan(named, vantage.alarm.is_some(), keeps)
                .map_err(|why| format!("{} is {why}", vantage.name))?;
        }
        self.history.nothing_is_lost_or_counted_twice()?;
        // Two buckets go with a report: what a long cut held back is on its way for a while.
        let catches_up = self
            .setup
            .cuts
            .iter()
            .any(|(_, from, until, _)| until - from > HOUR && until + 24 * HOUR > self.setup.length);
        for vantage in &self.vantages {
            if vantage.is_named(&self.configs[self.version]) && !catches_up {
                self.history.everything_is_handed_on(vantage)?;
            }
        }
        if self.setup.deployments.is_empty() {
            self.history.unknown_is_what_nobody_saw(&self.configs[self.version], now)?;
        }
        Ok(())
    }
}
