//! The objects of a world: what the platform keeps for them, and the engines in their memory.
//!
//! Storage is the truth and memory goes at any time, as on the platform. Every call to an engine is
//! made here.

use std::collections::BTreeMap;

use vedette::arbiter::{Arbiter, Row, Table};
use vedette::config::{Config, Daily};
use vedette::schedule;
use vedette::units::{Fingerprint, Name, OriginId, Timestamp};
use vedette::vantage::{self, Duty, Prober};
use vedette::vote::Opinion;

use crate::laws::Account;
use crate::setup::Ms;

/// What a vantage has seen of an origin under one definition.
pub type Accounts = BTreeMap<OriginId, (Fingerprint, Account)>;

/// A vantage object.
pub struct VantageObject {
    /// Its name on the platform.
    pub name: String,
    pub vantage: Name,
    pub label: String,
    /// Which of the world's places it is in.
    pub place: usize,
    /// The deployment that it runs.
    pub version: usize,
    pub storage: Option<String>,
    /// Its ring, by place.
    pub ring: BTreeMap<i32, String>,
    pub alarm: Option<Ms>,
    pub memory: Option<Prober>,
    /// Counts its lives: what was under way in an earlier one is lost.
    pub life: u64,
    /// When it was last evicted.
    pub born: Ms,
    /// The evidence that it has counted, and as much of it as is stored.
    pub accounts: Accounts,
    pub saved: Accounts,
    /// What it has told of each origin, and how many passes and failures it has counted since it
    /// first did.
    pub told: BTreeMap<OriginId, (Fingerprint, Opinion, u32, u32)>,
    /// Probes under way in this life, and references.
    pub under_way: Vec<Option<OriginId>>,
    /// Failures handed to it that it has not counted.
    pub uncounted: BTreeMap<OriginId, u32>,
    /// The ticket of the latest probe of each origin.
    pub tickets: BTreeMap<OriginId, u64>,
    /// No alarm of it rings any more: a mutant.
    pub dead: bool,
    /// It does not look into its ring: a mutant.
    pub forgets_ring: bool,
}

impl VantageObject {
    pub fn new(name: &str, version: usize, place: usize) -> Self {
        let (vantage, _, label) = schedule::parse_object_name(name).unwrap();
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            vantage,
            place,
            version,
            storage: None,
            ring: BTreeMap::new(),
            alarm: None,
            memory: None,
            life: 0,
            born: 0,
            accounts: Accounts::new(),
            saved: Accounts::new(),
            told: BTreeMap::new(),
            under_way: Vec::new(),
            uncounted: BTreeMap::new(),
            tickets: BTreeMap::new(),
            dead: false,
            forgets_ring: false,
        }
    }

    /// Throws its memory away, and what was under way in it.
    pub fn forget(&mut self) {
        self.memory = None;
        self.life += 1;
        self.under_way.clear();
        self.uncounted.clear();
    }

    /// Brings its memory to life; whether the configuration still names it.
    pub fn load(&mut self, config: &Config, daily: Option<Daily>, now: Timestamp) -> bool {
        if self.memory.is_some() {
            return true;
        }
        let Some(known) = config.vantage(self.vantage.as_str()) else { return false };
        let shards = schedule::shards(config, &known.name);
        let Some(shard) = shards.iter().find(|shard| shard.label() == self.label) else { return false };
        let duty = Duty { config, vantage: &self.vantage, shard, daily };
        let prober = Prober::new(&duty, self.storage.as_deref(), now);
        let ring = |place| self.ring.get(&place).cloned();
        self.memory = Some(if self.forgets_ring { prober } else { prober.with_ring(&duty, ring, now) });
        self.accounts = shard
            .origins
            .iter()
            .map(|origin| {
                let kept =
                    self.saved.get(&origin.id).filter(|(definition, _)| *definition == origin.definition);
                let account = kept.map(|(_, account)| account.clone()).unwrap_or_default();
                (origin.id.clone(), (origin.definition, account))
            })
            .collect();
        true
    }

    /// Whether a configuration names it.
    pub fn is_named(&self, config: &Config) -> bool {
        let shards = schedule::shards(config, &self.vantage);
        shards.iter().any(|shard| shard.label() == self.label)
    }

    pub fn step(&mut self, event: vantage::Event, now: Timestamp) -> Vec<vantage::Effect> {
        self.memory.as_mut().map(|prober| prober.step(event, now)).unwrap_or_default()
    }
}

/// The Arbiter object.
#[derive(Default)]
pub struct ArbiterObject {
    pub version: usize,
    rows: BTreeMap<(u8, String), Row>,
    events: Vec<Row>,
    pub alarm: Option<Ms>,
    pub memory: Option<Arbiter>,
    /// When its memory began.
    pub began: Ms,
    /// Counts its lives: what was under way in an earlier one is lost.
    pub life: u64,
}

impl ArbiterObject {
    /// Brings its memory to life; whether it was not.
    pub fn load(&mut self, config: &Config, now: Timestamp) -> bool {
        if self.memory.is_some() {
            return false;
        }
        self.memory = Some(Arbiter::new(config.clone(), &self.rows(usize::MAX), now));
        true
    }

    /// What is stored, with the latest `events`.
    pub fn rows(&self, events: usize) -> Vec<Row> {
        let latest = self.events.iter().skip(self.events.len().saturating_sub(events));
        self.rows.values().chain(latest).cloned().collect()
    }

    /// Stores rows, all or none.
    pub fn write(&mut self, rows: &[Row]) {
        for row in rows {
            match row.table {
                Table::Events => self.events.push(row.clone()),
                Table::Shards if row.text.is_empty() => drop(self.rows.remove(&(0, row.key.clone()))),
                Table::Shards => drop(self.rows.insert((0, row.key.clone()), row.clone())),
                Table::Pools => drop(self.rows.insert((1, row.key.clone()), row.clone())),
                Table::Meta if row.text.is_empty() => drop(self.rows.remove(&(2, row.key.clone()))),
                Table::Meta => drop(self.rows.insert((2, row.key.clone()), row.clone())),
                Table::Outbox if row.text.is_empty() => drop(self.rows.remove(&(3, row.key.clone()))),
                Table::Outbox => drop(self.rows.insert((3, row.key.clone()), row.clone())),
            }
        }
        let over = self.events.len().saturating_sub(vedette::arbiter::EVENTS_KEPT);
        self.events.drain(..over);
    }
}
