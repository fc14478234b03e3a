//! What somebody wants cleared → what is to be done, and what is answered.

use super::Answer;
use super::write::Unfit;
use crate::answer;
use crate::config::Config;
use crate::json;
pub(super) use crate::purge::Told;
use crate::purge::{AtCdn, Draft, Purged, usage};
use crate::writes::Edit;

/// What a body asks to be cleared.
///
/// # Errors
/// What is wrong with it.
pub(super) fn edit(body: &str, config: &Config) -> Result<Edit, Unfit> {
    let unfit = |why: String| ("not-a-purge", "Not a purge", why);
    let draft: Draft = json::read(body).ok_or_else(|| unfit(usage()))?;
    let purge = draft.check(config).map_err(|wrong| unfit(wrong.join("; ")))?;
    Ok(Edit::Purge(Box::new(purge)))
}

/// What became of it. 502 if the CDN did not clear its copies, as far as is known.
pub(super) fn made(purged: &Purged) -> Answer {
    let again = "Our own copies count no longer, and it is in the audit log. To try again, send it with another \
                 Idempotency-Key";
    let failed = |detail: &str| answer::problem(502, "not-cleared", "Not cleared at the CDN", detail);
    match &purged.cdn {
        Some(AtCdn::Failed(why)) => {
            failed(&format!("Not all of the CDN's copies are cleared: {why}. {again}."))
        }
        Some(AtCdn::Asked) => failed(&format!("What the CDN answered is not known. {again}.")),
        Some(AtCdn::Cleared) | None => {
            let headers = vec![("content-type", "application/json".to_owned())];
            Answer { status: 200, headers, body: json::write(&purged.told()) }
        }
    }
}
