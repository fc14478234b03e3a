//! Receivers of messages: what they do with an attempt, and what they were told in the end, held
//! against what really happened.
//!
//! A receiver knows a message by its id, so one that comes again counts once. Chance here is its
//! own: the rest of a world does not hang on it.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use vedette::arbiter::{Row, Table};
use vedette::config::{Channel, Config, Topic};
use vedette::json;
use vedette::notify::{Delivery, Outcome};
use vedette::snapshot::{PoolView, Snapshot, Transition};
use vedette::units::{Millis, Name};
use vedette::verdict::Status;

use crate::laws::{self, hold};
use crate::setup::{Ms, SECOND};

/// What a receiver does with an attempt: after how long whoever sent it hears what.
pub struct Reception {
    pub after: Ms,
    pub outcome: Outcome,
}

/// The receivers of a world, and what they know.
pub struct Receivers {
    rng: Rng,
    /// Messages by channel: their ids, and what they tell, in the order in which they first came.
    told: BTreeMap<String, (BTreeSet<String>, Vec<Told>)>,
    /// Changes of pools that are stored, in their order.
    changes: BTreeMap<String, Vec<(Ms, Status)>>,
}

/// One piece of news as it was received.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Told {
    pub kind: String,
    pub topic: String,
    pub subject: String,
    pub since: String,
    #[serde(default = "once")]
    pub times: u64,
    /// The origins that it names.
    #[serde(default)]
    pub failing: Vec<String>,
}

const fn once() -> u64 {
    1
}

/// A message, as far as it is looked at.
#[derive(serde::Deserialize)]
struct Body {
    data: Data,
}

#[derive(serde::Deserialize)]
struct Data {
    news: Vec<Told>,
}

impl Receivers {
    pub fn new(seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed ^ 0x07e11), told: BTreeMap::new(), changes: BTreeMap::new() }
    }

    /// An attempt comes; `chance` in a thousand that it goes wrong, in one way or another.
    pub fn receive(&mut self, delivery: &Delivery, chance: u32) -> Reception {
        let failed = |why: &str, seconds: Option<u64>| Outcome::Failed {
            why: why.to_owned(),
            retry_after: seconds.map(Millis::from_secs),
        };
        let goes_wrong = self.rng.u32(..1_000) < chance;
        let (accepts, after, outcome) = match self.rng.u32(..4) {
            _ if !goes_wrong => (true, 50, Outcome::Taken),
            0 => (false, 20, failed("status 500", None)),
            1 => (false, 20, failed("status 429", Some(self.rng.u64(1..120)))),
            2 => (false, 10 * SECOND, failed("no answer within 10s", None)),
            _ => (true, 10 * SECOND, failed("no answer within 10s", None)),
        };
        if accepts {
            self.accept(delivery);
        }
        Reception { after, outcome }
    }

    fn accept(&mut self, delivery: &Delivery) {
        let (ids, told) = self.told.entry(delivery.channel.to_string()).or_default();
        if !ids.insert(delivery.id.clone()) {
            return;
        }
        let body: Body = serde_json::from_str(&delivery.body).unwrap();
        told.extend(body.data.news);
    }

    /// Rows have landed, at this time of the Arbiter.
    pub fn stored(&mut self, rows: &[Row]) {
        for row in rows.iter().filter(|row| row.table == Table::Events) {
            let Transition { at, subject, to, .. } = json::read(&row.text).unwrap();
            self.changes.entry(subject).or_default().push((at.as_millis(), to));
        }
    }

    /// A message may only be on its way once it is stored.
    pub fn is_stored(rows: &[Row], delivery: &Delivery) -> laws::Verdict {
        let stored = rows.iter().any(|row| row.table == Table::Outbox && row.text.contains(&delivery.id));
        hold(stored, || format!("{} is sent and not stored", delivery.id))
    }

    /// At the end of a world: nothing was told without a cause, each recovery once, every failure
    /// that lasted; and the last word on each pool is what stands. What was told of a pool is not
    /// taken back when it leaves the file: `stays` says whether it never does.
    pub fn is_true(
        &self,
        config: &Config,
        snapshot: &Snapshot,
        exact: bool,
        stays: impl Fn(&Name) -> bool,
    ) -> laws::Verdict {
        for channel in &config.notify {
            let none = (BTreeSet::new(), Vec::new());
            let (_, told) = self.told.get(channel.name.as_str()).unwrap_or(&none);
            for pool in snapshot.pools.iter().filter(|pool| stays(&pool.name)) {
                let subject = format!("pool/{}", pool.name);
                let told: Vec<&Told> = told.iter().filter(|told| told.subject == subject).collect();
                let story = || format!("{} was told of {subject}: {told:?}", channel.name);
                let stands = stands(&told).map_err(|why| format!("{why}; {}", story()))?;
                let settled = |since| snapshot.taken_at.since(since).get() > 5 * 60 * SECOND;
                let settled = settled(pool.since) && pool.origins.iter().all(|origin| settled(origin.since));
                let dead = dead(channel, pool);
                let wanted = match pool.status {
                    Status::Fail => Some("fail"),
                    Status::Warn if channel.hears(Topic::Warn) || !dead.is_empty() => Some("warn"),
                    Status::Unknown => Some("watch"),
                    Status::Pass | Status::Warn => None,
                };
                hold(!settled || stands.map(|told| told.topic.as_str()) == wanted, || {
                    format!("{subject} is {:?}; {}", pool.status, story())
                })?;
                let named =
                    |name: &str| stands.is_some_and(|told| told.failing.iter().any(|one| one == name));
                hold(!settled || dead.iter().all(|name| named(name)), || {
                    format!("{dead:?} are dead; {}", story())
                })?;
                if exact {
                    let changes = self.changes.get(pool.name.as_str()).map_or(&[][..], Vec::as_slice);
                    tells_what_happened(changes, &told, channel.after.get(), snapshot.taken_at.as_millis())
                        .map_err(|why| format!("{why} of {changes:?}; {}", story()))?;
                }
            }
        }
        Ok(())
    }
}

/// The origins that a channel has to be told of by their names: they fail, and their pool serves.
fn dead<'a>(channel: &Channel, pool: &'a PoolView) -> Vec<&'a str> {
    if pool.status != Status::Warn || channel.hears(Topic::Warn) {
        return Vec::new();
    }
    let dead = pool.origins.iter().filter(|origin| origin.status == Status::Fail);
    dead.map(|origin| origin.name.as_str()).collect()
}

/// What a channel believes of a subject in the end; nothing if it was told of a recovery of what it
/// was not told.
fn stands<'a>(told: &[&'a Told]) -> Result<Option<&'a Told>, String> {
    let mut stands = None;
    for told in told {
        match told.kind.as_str() {
            "recovered" | "unwatched" => {
                stands.take().ok_or("a recovery of nothing")?;
            }
            "past" => {}
            _ => stands = Some(*told),
        }
    }
    Ok(stands)
}

/// Every failure that lasted is told, as itself or among what is past, and none that did not
/// happen.
fn tells_what_happened(changes: &[(Ms, Status)], told: &[&Told], after: Ms, end: Ms) -> laws::Verdict {
    let ends = changes.iter().map(|(at, _)| *at).skip(1).chain([end]);
    let runs: Vec<(Ms, Ms, Status)> =
        changes.iter().zip(ends).map(|((at, status), until)| (*at, until, *status)).collect();
    // From one pass to the next it is one incident, whatever it is called meanwhile.
    let lasting = |run: &(Ms, Ms, Status)| run.2 == Status::Fail && run.1 - run.0 >= after + 60 * SECOND;
    let least =
        runs.split(|run| run.2 == Status::Pass).filter(|runs| runs.iter().any(lasting)).count() as u64;
    // Before the first change everything is unknown, which may be told among what is past as well.
    let most = 1 + runs.iter().filter(|run| run.2 != Status::Pass && run.1 - run.0 >= after).count() as u64;
    let counted =
        told.iter().filter(|told| told.topic == "fail" && matches!(told.kind.as_str(), "fail" | "past"));
    let count: u64 = counted.map(|told| told.times).sum();
    hold((least..=most.max(least)).contains(&count), || {
        format!("{least} to {most} failures, told are {count}")
    })?;
    for told in told.iter().filter(|told| told.kind == "fail") {
        let cause = runs.iter().any(|run| {
            run.2 == Status::Fail && vedette::units::Timestamp::from_millis(run.0).to_string() == told.since
        });
        hold(cause, || format!("no cause of {told:?}"))?;
    }
    Ok(())
}
