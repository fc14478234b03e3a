//! Who is told of what the Arbiter found: holds what stands against each channel's outbox, and
//! hands out what is to be stored and sent.

use super::{Arbiter, Effect, NEVER, Row, Table};
use crate::change;
use crate::compare::Verdict;
use crate::config::{Channel, Config, Pool, Subject, Topic};
use crate::defaults::arbiter::{REASONS, SENT_AT_ONCE, WAY_BACK};
use crate::notify::{
    AlertState, Answer, Detail, Facts, Label, Outbox, PoolState, SubjectKind, WATCH_DELAY, of_pool,
};
use crate::snapshot::{ChannelView, OriginView, Transition};
use crate::units::{Millis, Timestamp};
use crate::verdict::Status;
use crate::vote::Opinion;

/// The outboxes, each in the place of its channel in the configuration.
#[derive(Clone, Debug, Default)]
pub(super) struct Notifier {
    boxes: Vec<Outbox>,
    /// Places of the pools that may have changed since they were last looked at.
    touched: Vec<usize>,
    /// Numbers of the changes of the service of which the same holds.
    changes: Vec<u64>,
    /// An outbox changed since it was stored.
    dirty: bool,
    /// Rows of channels that are no more, to be cleared away.
    gone: Vec<Row>,
    /// Before this time nothing is to be done by time alone.
    pub(super) next: Timestamp,
}

impl Notifier {
    /// Before anything was told. Every pool is to be looked at.
    pub(super) fn new(config: &Config) -> Self {
        let touched = if config.notify.is_empty() { 0 } else { config.pools.len() };
        Self {
            boxes: config.notify.iter().map(|channel| Outbox::new(channel.name.clone())).collect(),
            touched: (0..touched).collect(),
            changes: Vec::new(),
            dirty: false,
            gone: Vec::new(),
            next: if config.notify.is_empty() { NEVER } else { Timestamp::from_millis(0) },
        }
    }

    /// Takes one stored row in; `known` says whether a channel is still told of a subject.
    pub(super) fn restore(
        &mut self,
        row: &Row,
        channels: &[Channel],
        known: &dyn Fn(&Channel, &str) -> bool,
        now: Timestamp,
    ) {
        let (name, subject) = row.key.split_once('/').unwrap_or((&row.key, ""));
        let own = self.boxes.iter_mut().zip(channels).find(|(_, channel)| channel.name.as_str() == name);
        self.dirty = true;
        match own {
            Some((own, channel)) => {
                let unwatched = !subject.is_empty() && !known(channel, subject);
                own.restore(channel, subject, &row.text, unwatched.then_some(now));
            }
            // A channel that comes back under this name is another one.
            None => self.gone.push(Row { text: String::new(), ..row.clone() }),
        }
    }

    fn is_untouched(&self) -> bool {
        self.touched.is_empty() && self.changes.is_empty()
    }

    /// Notes that a pool may have changed.
    pub(super) fn touch(&mut self, place: usize) {
        if !self.boxes.is_empty() {
            self.touched.push(place);
        }
    }

    /// The same of a change of the service.
    pub(super) fn touch_change(&mut self, number: u64) {
        if !self.boxes.is_empty() {
            self.changes.push(number);
        }
    }

    /// After a clock stepped back, everything is as long ago as it was.
    pub(super) fn set_back(&mut self, by: Millis) {
        if by > Millis::ZERO {
            self.boxes.iter_mut().for_each(|outbox| outbox.set_back(by));
            self.dirty = true;
            self.next = self.next.minus(by);
        }
    }
}

/// What an Arbiter knows at a moment.
struct Known<'a> {
    arbiter: &'a Arbiter,
    now: Timestamp,
}

impl Facts for Known<'_> {
    fn detail(&self, subject: &str) -> Detail {
        self.arbiter.detail(subject, self.now)
    }

    fn label(&self, subject: &str) -> Label {
        self.arbiter.label(subject)
    }
}

impl Arbiter {
    /// Takes one stored row in.
    pub(super) fn restore_outbox(&mut self, row: &Row) {
        let (config, watch) = (&self.config, &self.watch);
        // Whether the configuration still has a subject, and the channel is told of it.
        let known = |channel: &Channel, subject: &str| match subject.split_once('/') {
            Some(("vantage", name)) => watch.iter().any(|(key, _)| name == key.to_string()),
            // It is known until it is closed, which tells it to be over.
            Some(("change", id)) => change::number_of(id).is_some(),
            Some((_, pool)) => config.pool(pool).is_some_and(|pool| channel.covers(&pool.name)),
            None => false,
        };
        self.notifier.restore(row, &config.notify, &known, self.began);
    }

    /// Takes in what became of a message.
    pub(super) fn answered(&mut self, answer: Answer, now: Timestamp) {
        let outbox = self.notifier.boxes.iter_mut().find(|outbox| *outbox.channel() == answer.channel);
        self.notifier.dirty |= outbox.is_some_and(|outbox| outbox.answered(&answer.id, answer.outcome, now));
    }

    /// Looks at everything that may be news (at the vantages if `looks`), gives up what waited too
    /// long, and makes and sends messages. What changed is stored with `rows`; what was given up is
    /// an event.
    pub(super) fn tell(
        &mut self,
        looks: bool,
        rows: &mut Vec<Row>,
        now: Timestamp,
    ) -> (Vec<Transition>, Vec<Effect>) {
        let (mut transitions, mut deliveries) = (Vec::new(), Vec::new());
        rows.append(&mut self.notifier.gone);
        let idle = !looks && self.notifier.is_untouched() && !self.notifier.dirty && now < self.notifier.next;
        if self.config.notify.is_empty() || idle {
            return (transitions, deliveries);
        }
        let mut notifier = std::mem::take(&mut self.notifier);
        let touched = std::mem::take(&mut notifier.touched);
        let changes = std::mem::take(&mut notifier.changes);
        (notifier.dirty, notifier.next) = (false, NEVER);
        let base = self.config.own_base(None);
        // Whoever has to wait is sent when another one has ended.
        let mut under_way = notifier.boxes.iter().filter(|outbox| outbox.is_sending(now)).count();
        for (outbox, channel) in notifier.boxes.iter_mut().zip(&self.config.notify) {
            for pool in touched.iter().filter_map(|place| self.config.pools.get(*place)) {
                if channel.covers(&pool.name) {
                    self.look_at_pool(outbox, channel, pool, now);
                }
            }
            for number in &changes {
                self.look_at_change(outbox, channel, *number, now);
            }
            if looks && channel.hears(Topic::Watch) {
                self.look_at_watch(outbox, channel, now);
            }
            if let Some(reason) = outbox.give_up(channel, now) {
                let (from, to) = (Status::Unknown, Status::Unknown);
                transitions.push(Transition {
                    at: now,
                    subject: format!("notify/{}", channel.name),
                    from,
                    to,
                    reason,
                });
            }
            outbox.make(channel, &Known { arbiter: self, now }, base.as_deref(), now);
            rows.extend(outbox.rows().into_iter().map(|(subject, text)| {
                let key = [channel.name.as_str(), &subject].join("/");
                Row { table: Table::Outbox, key: key.trim_end_matches('/').to_owned(), text }
            }));
            // Not before it is stored that it waits: whoever is made anew from the row sends it at
            // once.
            if outbox.is_due(now) && under_way >= SENT_AT_ONCE {
                continue;
            }
            let delivery = outbox.send(now);
            under_way = under_way.saturating_add(usize::from(delivery.is_some()));
            deliveries.extend(delivery.map(Effect::Deliver));
            notifier.next = outbox.next(channel, now).map_or(notifier.next, |next| notifier.next.min(next));
        }
        self.notifier = notifier;
        (transitions, deliveries)
    }

    fn look_at_pool(&self, outbox: &mut Outbox, channel: &Channel, pool: &Pool, now: Timestamp) {
        let Some(standing) = self.verdicts.pool(&pool.name) else { return };
        let verdicts = || {
            let of = |subject: Subject<'_>| self.verdicts.get(subject.id());
            pool.subjects().filter_map(move |subject| Some((subject.id(), &of(subject)?.verdict)))
        };
        let failing = || verdicts().filter(|(_, verdict)| verdict.status == Status::Fail);
        let state = PoolState {
            status: standing.status,
            since: standing.since,
            failing: failing().map(|(id, _)| id.origin.clone()).collect(),
            failing_since: failing().map(|(_, verdict)| verdict.since).min().unwrap_or(now),
            vote_ttl: pool.vote_ttl,
        };
        let found = of_pool(channel, state);
        outbox.see(channel, &format!("pool/{}", pool.name), found, now);
        if channel.hears(Topic::Flapping) {
            let flaps = verdicts().any(|(_, verdict)| verdict.flapping().is_some());
            let trouble = AlertState::firing(Topic::Flapping, now, Millis::ZERO);
            let found = if flaps { trouble } else { AlertState::Good };
            outbox.see(channel, &format!("flapping/{}", pool.name), found, now);
        }
    }

    /// Looks at a change of the service, if the channel is told of one of its pools.
    fn look_at_change(&self, outbox: &mut Outbox, channel: &Channel, number: u64, now: Timestamp) {
        let subject = format!("change/{}", change::id(number));
        let change = self.changes.get(number).filter(|_| channel.hears(Topic::Regressed));
        let covered = change.filter(|change| change.plan.origins.iter().any(|id| channel.covers(&id.pool)));
        let regressed = covered.filter(|change| change.verdict() == Some(Verdict::Regressed));
        let found = match regressed.and_then(|change| change.applied) {
            Some(applied) => AlertState::firing(Topic::Regressed, applied, Millis::ZERO),
            None => AlertState::Good,
        };
        outbox.see(channel, &subject, found, now);
    }

    /// What a message says of a change beside its title.
    fn detail_of_change(&self, id: &str) -> Detail {
        let Some(change) = change::number_of(id).and_then(|number| self.changes.get(number)) else {
            return Detail::default();
        };
        let said = change.sentence().unwrap_or_default();
        let mut back: String = change.plan.rollback.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = back.char_indices().nth(WAY_BACK) {
            back.truncate(end);
            back.push('…');
        }
        Detail {
            reason: format!("{said}. The way back: {back}"),
            next: format!("take {id} back or keep it, and close it"),
            ..Detail::default()
        }
    }

    fn look_at_watch(&self, outbox: &mut Outbox, channel: &Channel, now: Timestamp) {
        for (key, presence) in self.watch.iter() {
            let until = presence.silent_from();
            let silent = until.is_none_or(|until| now > until);
            // Nobody listened before this state was made: that is no silence of the vantage.
            let since = until.map_or(self.began, |until| until.max(self.began));
            let trouble =
                AlertState::Firing { topic: Topic::Watch, since, delay: WATCH_DELAY, failing: Vec::new() };
            let found = if silent { trouble } else { AlertState::Good };
            outbox.see(channel, &format!("vantage/{key}"), found, now);
        }
    }

    /// What a message says of a subject beside its name.
    fn detail(&self, subject: &str, now: Timestamp) -> Detail {
        let Some((kind, name)) = subject.split_once('/') else { return Detail::default() };
        match kind {
            "vantage" => return self.detail_of_vantage(name),
            "change" => return self.detail_of_change(name),
            _ => {}
        }
        let Some(pool) = self.config.pool(name) else { return Detail::default() };
        let view = self.pool_view(pool, now);
        let mut detail = Detail::default();
        let mut amiss = 0_usize;
        for origin in view.origins.iter().filter(|origin| origin.status != Status::Pass) {
            amiss = amiss.saturating_add(1);
            if amiss == 1 {
                detail.next.clone_from(&origin.next);
            }
            if pool.monitor {
                detail.reason.push_str(&origin.reason);
            } else if amiss <= REASONS {
                if amiss > 1 {
                    detail.reason.push_str("; ");
                }
                for part in [origin.name.as_str(), " ", origin.status.as_str(), ": ", &origin.reason] {
                    detail.reason.push_str(part);
                }
            }
            for vote in &origin.votes {
                let fails = vote.opinion == Opinion::Fail && self.voting.doubts(&vote.vantage).is_none();
                if fails && !detail.seen_from.contains(&vote.vantage) {
                    detail.seen_from.push(vote.vantage.clone());
                }
            }
        }
        if amiss == 0 && pool.monitor {
            detail.reason.push_str(&view.choice);
        } else if amiss == 0 {
            detail.reason.push_str("every origin passes");
        } else if amiss > REASONS {
            detail.reason.push_str(&format!("; and {} more origins", amiss.saturating_sub(REASONS)));
        }
        if view.status == Status::Warn {
            let fails = |origin: &&OriginView| origin.status == Status::Fail;
            detail.failing = view.origins.iter().filter(fails).map(|origin| origin.name.clone()).collect();
            // In panic all count as usable, and one that fails may be chosen.
            detail.serves = view.chosen.clone().filter(|chosen| !detail.failing.contains(chosen));
        }
        detail.traffic = match &view.chosen {
            Some(chosen) => format!("{chosen} ({})", view.choice),
            None if !pool.takes_traffic() => String::new(),
            None => view.choice,
        };
        detail
    }

    fn detail_of_vantage(&self, name: &str) -> Detail {
        let found = self.watch.iter().find(|(key, _)| name == key.to_string());
        let heard = found.and_then(|(_, presence)| presence.heard);
        Detail {
            reason: match heard {
                Some(heard) => format!("it last reported at {heard}"),
                None => "it has not reported yet".to_owned(),
            },
            next: "a report of it ends this; it is woken again and again until then".to_owned(),
            ..Detail::default()
        }
    }

    /// What a message calls a subject.
    fn label(&self, subject: &str) -> Label {
        let pool = match subject.split_once('/') {
            Some(("vantage", name)) => return self.label_of_vantage(name),
            Some(("change", id)) => {
                let known = change::number_of(id).and_then(|number| self.changes.get(number));
                let title = known.map(|change| format!("{id} ({})", change.plan.title));
                return Label { title, ..Label::default() };
            }
            Some((_, name)) => self.config.pool(name),
            None => None,
        };
        let Some(pool) = pool else { return Label::default() };
        let kind = match (pool.monitor, pool.is_of_heartbeats()) {
            (false, _) => SubjectKind::Pool,
            (true, false) => SubjectKind::Monitor,
            (true, true) => SubjectKind::Job,
        };
        let titled = pool
            .subjects()
            .filter_map(|subject| Some((subject.id().origin.clone(), subject.about().title.clone()?)));
        Label { title: pool.about.title.clone(), kind, origins: titled.collect() }
    }

    fn label_of_vantage(&self, name: &str) -> Label {
        let (vantage, shard) = name.split_once('/').unwrap_or((name, ""));
        let title = self.config.vantage(vantage).and_then(|vantage| vantage.about.title.as_deref());
        Label { title: title.map(|title| format!("vantage {title} {shard}")), ..Label::default() }
    }

    /// How each channel does.
    pub(super) fn channel_views(&self) -> Vec<ChannelView> {
        let view = |outbox: &Outbox| {
            let (sending, waiting) = outbox.waiting();
            let (delivered, failing) = outbox.state();
            ChannelView {
                name: outbox.channel().clone(),
                delivered,
                failing: failing.map(|failing| failing.since),
                why: failing.map(|failing| failing.why.clone()),
                sending,
                waiting,
            }
        };
        self.notifier.boxes.iter().map(view).collect()
    }
}

#[cfg(test)]
mod tests;
