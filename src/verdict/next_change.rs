//! What would change a verdict next, in words: so that nobody has to ask why it is red, or when it
//! will be green.

use super::standing::Damping;
use super::{RawVerdict, Rules, Status, Verdict, needed};

/// What would change the verdict next; nothing is said twice that its reason says already.
#[must_use]
pub fn next_change(rules: &Rules, verdict: &Verdict, judgement: &RawVerdict, damping: Damping) -> String {
    let RawVerdict { live, failing, .. } = *judgement;
    let more = |count: u32, verb: &str| {
        let (noun, s) = if count == 1 { ("", "s") } else { ("s", "") };
        format!("{count} more vantage{noun} {verb}{s}")
    };
    let quorum = needed(rules.quorum, live);
    let s = if quorum == 1 { "s" } else { "" };
    // A count may be more than are live: then the silent ones would have to come back first.
    let of = live.max(quorum);
    let fail = format!("fail when {quorum} of {of} vantages fail{s}");
    let next = match (judgement.status, held(verdict, damping)) {
        (Status::Unknown, _) => {
            return format!("decided when {}", more(rules.min_votes.saturating_sub(live), "decide"));
        }
        (_, Some(held)) => held,
        (Status::Fail, None) => {
            let enough = failing.saturating_sub(quorum).saturating_add(1);
            let es = if enough == 1 { "es" } else { "" };
            format!("no longer fail when {enough} of them pass{es}")
        }
        (Status::Warn, None) if failing > 0 => {
            let more = more(quorum.saturating_sub(failing), "fail");
            format!("fail when {more} ({quorum} of {of} needed); pass when those that fail pass")
        }
        (Status::Warn, None) => format!("pass when the warning is gone; {fail}"),
        (Status::Pass, None) => fail,
    };
    format!("{next}; unknown at {} without fresh evidence", judgement.valid_until)
}

/// Until when the verdict is held although what is judged is better by now, and why for so long;
/// nothing if it is not held.
#[must_use]
pub fn held(verdict: &Verdict, damping: Damping) -> Option<String> {
    let until = verdict.held_until(damping)?;
    let hold = verdict.hold(damping);
    let to = verdict.held(hold, until).as_str();
    let flaps = match verdict.flapping() {
        Some(falls) => format!(", it flaps: {falls} falls"),
        None => String::new(),
    };
    Some(format!("{to} at {until} if nothing fails until then (held for {hold}{flaps})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Quorum;
    use crate::fixtures::at;
    use crate::units::{Fingerprint, Millis};

    const DAMPING: Damping = Damping {
        hold_down: Millis::from_secs(10),
        interval: Millis::from_secs(1),
        max_hold: Millis::from_secs(300),
    };

    /// A judgement: its status, live votes and failing ones.
    type Judged = (Status, u32, u32);

    /// What is said of the last of several judgements a second apart.
    fn said(judgements: &[Judged]) -> String {
        let rules = Rules { quorum: Quorum::Majority, min_votes: 2, vote_ttl: Millis::from_secs(45) };
        let mut verdict = Verdict::unknown(Fingerprint::of("d"), at(0));
        let mut next_change = String::new();
        for (second, (status, live, failing)) in (0_u64..).zip(judgements) {
            let now = at(second * 1_000);
            let judgement = RawVerdict {
                status: *status,
                reason: String::new(),
                valid_until: at(45_000),
                oldest: Some(now),
                live: *live,
                failing: *failing,
                until: None,
            };
            verdict.follow(&judgement, DAMPING, now);
            next_change = self::next_change(&rules, &verdict, &judgement, DAMPING);
        }
        next_change
    }

    #[test]
    fn it_says_what_would_change_the_verdict_and_when() {
        use Status::{Fail, Pass, Unknown, Warn};
        let until = at(45_000);
        let table: [(&[Judged], &str); 10] = [
            (&[(Unknown, 0, 0)], "decided when 2 more vantages decide"),
            (&[(Unknown, 1, 0)], "decided when 1 more vantage decides"),
            (&[(Pass, 1, 0)], "fail when 1 of 1 vantages fails"),
            (&[(Pass, 3, 0)], "fail when 2 of 3 vantages fail"),
            (
                &[(Warn, 3, 1)],
                "fail when 1 more vantage fails (2 of 3 needed); pass when those that fail pass",
            ),
            (&[(Warn, 3, 0)], "pass when the warning is gone; fail when 2 of 3 vantages fail"),
            (&[(Fail, 3, 2)], "no longer fail when 1 of them passes"),
            (&[(Fail, 3, 3)], "no longer fail when 2 of them pass"),
            (
                &[(Fail, 3, 3), (Pass, 3, 0)],
                &format!("pass at {} if nothing fails until then (held for 10s)", at(11_000)),
            ),
            (
                &[(Fail, 3, 3), (Warn, 3, 1), (Pass, 3, 0)],
                &format!("warn at {} if nothing fails until then (held for 10s)", at(11_000)),
            ),
        ];
        for (judgements, expected) in table {
            let fresh = format!("; unknown at {until} without fresh evidence");
            let unknown = judgements.last().is_some_and(|(status, _, _)| *status == Unknown);
            assert_eq!(said(judgements), format!("{expected}{}", if unknown { "" } else { &fresh }));
        }
    }

    #[test]
    fn it_names_flapping() {
        use Status::{Fail, Pass};
        let script: Vec<_> = [(Fail, 3, 3), (Pass, 3, 0)].repeat(4);
        assert!(said(&script).contains("(held for 20s, it flaps: 3 falls)"), "{}", said(&script));
    }
}
