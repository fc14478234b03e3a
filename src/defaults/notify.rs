//! Of `src/notify`: when messages are sent, and how long they are.

use crate::units::Millis;

/// The monitor's own trouble is told when it has lasted this long: a deployment or a restart is no
/// trouble.
pub const WATCH_DELAY: Millis = Millis::from_secs(60);

/// A warning with no failing origin behind it is told when it has lasted this long: the first votes
/// after a start, and the first of an outage, come one by one.
pub const WARN_DELAY: Millis = Millis::from_secs(30);

/// How long a receiver may take: half of what the specification recommends at most, so that three
/// of them fit a slot of alarms.
pub const TIMEOUT: Millis = Millis::from_secs(10);

/// Until the second attempt to send a message.
pub const FIRST: Millis = Millis::from_secs(5);

/// Between two attempts to send a message at most.
pub const LONGEST: Millis = Millis::from_secs(600);

/// The longest that a receiver may put an attempt off.
pub const PUT_OFF: Millis = Millis::from_secs(3_600);

/// News is gathered until none has come for this long: an outage of many pools comes in pieces.
pub const GATHER: Millis = Millis::from_secs(3);

/// News waits for further news at most this long, and two messages are at least so far apart.
pub const APART: Millis = Millis::from_secs(30);

/// An attempt that nothing was heard of for this long is lost with whoever made it.
pub const LOST: Millis = TIMEOUT.times(2);

/// News told with reason and all; the rest is named.
pub const IN_FULL: usize = 50;

/// Lines of a text: what a person reads on a telephone.
pub const LINES: usize = 10;

/// Where a list of names is cut off, in bytes: Slack takes 3,000 characters for a section.
pub const NAMES: usize = 2_000;

/// The longest text of a line in characters. Slack takes 3,000 for a section, and escaping makes
/// five of one.
pub const LINE: usize = 500;
