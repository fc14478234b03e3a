//! Words of questions about the past.

use super::bad;
use crate::answer::Answer;
use crate::history::Step;

/// The length of a step.
pub(super) fn step(text: &str) -> Result<Step, Answer> {
    Step::ALL.into_iter().find(|step| step.as_str() == text).ok_or_else(|| {
        bad(
            "bad-step",
            "Bad step",
            "The parameter step is 5m (kept for 48 hours), 1h (for 35 days) or 1d (for 400 days).",
        )
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
