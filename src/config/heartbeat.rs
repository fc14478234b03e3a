//! Heartbeats: `[[pool.origin]]` with `kind = "heartbeat"`, jobs that report by themselves instead
//! of being probed.

use serde::{Deserialize, Serialize};

use super::canon;
use super::origin;
use super::presentation::{self, Presentation};
use super::raw::Table;
use super::request::secret_name;
use super::settings;
use super::value::duration;
use crate::defaults::config::heartbeat::{DEFAULT_GRACE, GRACE, LONGEST_REST, PERIOD, SHORTEST_REST};
use crate::units::{Fingerprint, Millis, OriginId};

/// The keys of a heartbeat that nothing else has.
pub(super) const OWN_KEYS: [&str; 3] = ["period", "grace", "get"];

/// The name of the setting that names the secret.
const SECRET: &str = "heartbeat_secret";

/// A job whose heartbeats are awaited. It has a verdict like an origin, but no address: it is not
/// probed and takes no traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Its full name.
    pub id: OriginId,
    /// The longest time between two heartbeats (10 s to 2 months).
    pub period: Millis,
    /// How much later than that it may be before it fails (5 s to 2 months). Default: a tenth of
    /// the period, at least a minute.
    pub grace: Millis,
    /// Whether GET and HEAD report, too. Default: only POST does, for previews of links send GET.
    pub get: bool,
    /// Fingerprint of what decides its verdict: period and grace.
    pub definition: Fingerprint,
    /// What people read of it; nothing for a monitor, which has it itself.
    #[serde(default, skip_serializing_if = "Presentation::is_empty")]
    pub about: Presentation,
}

impl Heartbeat {
    /// Silence for so long is a failure.
    #[must_use]
    pub const fn limit(&self) -> Millis {
        self.period.plus(self.grace)
    }

    /// After one heartbeat an isolate passes no further one on for so long: a twentieth of the
    /// period, at most half of the grace and a minute. So a job that keeps its period never fails
    /// by it.
    #[must_use]
    pub fn rest(&self) -> Millis {
        let half = Millis::new(self.grace.get() / 2);
        Millis::new(self.period.get() / 20).min(half).min(LONGEST_REST).max(SHORTEST_REST)
    }
}

/// Reads a `[[pool.origin]]` that is a heartbeat; `id` is its name, if that is good.
pub(super) fn member(table: &Table<'_>, id: Option<OriginId>) -> Option<Heartbeat> {
    let own = [&["name", "kind"], &OWN_KEYS[..], &presentation::ORIGIN_KEYS[..]].concat();
    only(table, &own, &[&origin::KEYS[..], &settings::KEYS[..]].concat());
    let about = presentation::presentation(table);
    let read = heartbeat(table, id);
    read.zip(about).map(|(heartbeat, about)| Heartbeat { about, ..heartbeat })
}

/// Refuses every key that is not its `own`; what belongs `elsewhere` is no slip.
pub(super) fn only(table: &Table<'_>, own: &[&str], elsewhere: &[&str]) {
    table.only(&[own, elsewhere].concat());
    for (key, field) in table.entries() {
        if elsewhere.contains(&key) && !own.contains(&key) {
            field.refuse(format_args!(
                "does not go with kind = \"heartbeat\", which is not probed and takes no traffic; delete it"
            ));
        }
    }
}

/// Reads what makes a heartbeat out of its table, whatever else stands there.
pub(super) fn heartbeat(table: &Table<'_>, id: Option<OriginId>) -> Option<Heartbeat> {
    let period = table.require("period", "\"24h\", the longest time between two heartbeats");
    let period = period.and_then(|field| duration(&field, PERIOD));
    let grace = match table.get("grace") {
        Some(field) => duration(&field, GRACE),
        None => period.map(|period| Millis::new(period.get() / 10).max(DEFAULT_GRACE)),
    };
    let get = table.get("get").map_or(Some(false), |field| field.flag());
    let (period, grace) = (period?, grace?);
    let definition = canon::heartbeat(period, grace);
    Some(Heartbeat { id: id?, period, grace, get: get?, definition, about: Presentation::default() })
}

/// The name of the secret that tokens are made with. `needed`, once there is a heartbeat.
#[expect(clippy::option_option, reason = "nothing is written, or what is written cannot be read")]
pub(super) fn secret(file: &Table<'_>, needed: bool) -> Option<Option<String>> {
    match file.get(SECRET) {
        Some(field) => secret_name(&field).map(Some),
        None if needed => {
            file.refuse_at(
                SECRET,
                format_args!(
                    "is missing; write {SECRET} = \"HEARTBEAT_KEY\", the name of the secret that the tokens of \
                     heartbeats are made with"
                ),
            );
            None
        }
        None => Some(None),
    }
}
