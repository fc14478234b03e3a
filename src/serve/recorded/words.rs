//! Words of questions about the past.

use super::bad;
use crate::answer::Answer;
use crate::config::Retention;
use crate::history::Step;
use crate::units::Millis;

/// The answer to whoever asks for steps of what is kept no longer.
pub(super) fn not_kept(step: Step, retention: &Retention) -> Answer {
    bad(
        "bad-window",
        "Bad window",
        &format!(
            "Steps of {} are kept for {}, and the window begins or is longer than that. Write a later from, or a longer step: {}.",
            step.as_str(),
            lasting(step.kept(retention)),
            steps(retention, "")
        ),
    )
}

/// For how long something is kept, in hours or days.
fn lasting(kept: Millis) -> String {
    let hours = kept.as_secs() / 3_600;
    match hours {
        0..=71 if Millis::from_secs(hours.saturating_mul(3_600)) != kept => kept.to_string(),
        1 => "1 hour".to_owned(),
        2..=71 => format!("{hours} hours"),
        _ => format!("{} days", hours / 24),
    }
}

/// Every step and for how long it is kept: `5m (48 hours), 1h (35 days) or 1d (400 days)`.
fn steps(retention: &Retention, kept: &str) -> String {
    let [fine, hour, day] =
        Step::ALL.map(|step| format!("{} ({kept}{})", step.as_str(), lasting(step.kept(retention))));
    format!("{fine}, {hour} or {day}")
}

/// The length of a step.
pub(super) fn step(text: &str, retention: &Retention) -> Result<Step, Answer> {
    Step::ALL.into_iter().find(|step| step.as_str() == text).ok_or_else(|| {
        bad("bad-step", "Bad step", &format!("The parameter step is {}.", steps(retention, "kept for ")))
    })
}

/// A number from 0 to 1 in ten-thousandths.
pub(super) fn quantile(text: &str) -> Option<u32> {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !(digits(whole) && digits(places))
        || places.len() > 4
        || whole.len() > 1
        || text.len() < 2 && whole.is_empty()
    {
        return None;
    }
    let share = format!("{whole:0>1}{places:0<4}").parse().ok()?;
    (share <= 10_000).then_some(share)
}
