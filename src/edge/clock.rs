//! The one place that reads a clock and sets timers.

use std::time::Duration;

use js_sys::{Date, Object, Reflect};
use wasm_bindgen::JsValue;
use worker::{Delay, ScheduledTime};

use crate::units::{Millis, Timestamp};

/// The most milliseconds that a timer can count: `setTimeout` takes a signed number of 32 bits.
const LONGEST_DELAY: u64 = 0x7fff_ffff;

/// The time of the last input or output; it stands still in between.
pub(super) fn now() -> Timestamp {
    from_number(Date::now())
}

/// A point in time that JavaScript counted.
pub(super) fn from_number(number: f64) -> Timestamp {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "milliseconds since 1970 fit for 285,000 years"
    )]
    Timestamp::from_millis(number.max(0.0) as u64)
}

/// A point in time as JavaScript counts it: milliseconds since the epoch.
pub(super) fn as_number(at: Timestamp) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a timestamp stays below the year 9999")]
    let number = at.as_millis() as f64;
    number
}

/// When an alarm is to ring. (A plain number would be taken for a length.)
pub(super) fn alarm(at: Timestamp) -> ScheduledTime {
    ScheduledTime::new(Date::new(&as_number(at).into()))
}

/// A timer, which counts from when it is first waited for; dropping it clears it. At most what the
/// platform can count, some 24 days.
pub(super) fn delay(length: Millis) -> Delay {
    Delay::from(Duration::from_millis(length.get().min(LONGEST_DELAY)))
}

/// Sets a time of an object that `entry.mjs` holds.
pub(super) fn set_time(object: &Object, name: &str, at: Timestamp) {
    // A plain object of our own takes any property.
    let _ = Reflect::set(object, &name.into(), &JsValue::from_f64(as_number(at)));
}
