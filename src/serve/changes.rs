//! What is asked of changes of the service → a question or an edit with its bounds, and what is
//! answered.

use super::incidents::{chosen_of, fields_of, limit_of};
use super::recorded::{KEEP_CHANGES, Kind, Question, Recorded, answer, bad};
use super::write::Unfit;
use super::{Ask, Target, View, parameters, table};
use crate::access::Caller;
use crate::answer::{self, Answer};
use crate::change::{self, Bounds, CloseDraft, Draft, FIELDS, MOST_LISTED, MOST_OPEN, Query, Refusal};
use crate::config::Config;
use crate::defaults::serve::changes::USUAL;
use crate::json;
use crate::writes::Edit;

/// What somebody does to a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// `POST /v1/changes`.
    Start,
    /// `POST /v1/changes/{id}/applied`.
    Apply(String),
    /// `POST /v1/changes/{id}/closed`.
    Close(String),
}

/// A page about changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangesPage {
    /// The change that it is about; all of them if none.
    pub(super) id: Option<String>,
}

/// The target of such a page.
///
/// # Errors
/// 400 for a parameter that is not known.
pub(super) fn page(id: Option<&str>, query: &str) -> Result<Target, Answer> {
    parameters::only(query, &["now"])?;
    Ok(Target::View(View::Changes(ChangesPage { id: id.map(str::to_owned) })))
}

impl ChangesPage {
    /// 404 for an id that is none.
    pub(super) fn refused(&self) -> Option<Answer> {
        self.id.as_ref().filter(|id| change::number_of(id).is_none()).map(|_| no_change())
    }

    /// What it is made of.
    pub(super) fn asks(&self) -> Vec<Recorded> {
        let (kind, pool) = self.id.as_ref().map_or((Kind::Changes, ""), |id| (Kind::Change, id.as_str()));
        let query = if self.id.is_some() { String::new() } else { format!("limit={MOST_LISTED}") };
        vec![Recorded { kind, pool: pool.to_owned(), origin: None, query, all: true }]
    }
}

/// Whether a target tells of changes: of owners, and of ways back. That is for people of the
/// service, whoever may read the rest.
pub(super) fn is_for_people(target: &Target) -> bool {
    matches!(target, Target::Recorded(asked) if matches!(asked.kind, Kind::Changes | Kind::Change))
        || matches!(target, Target::View(View::Changes(_)))
}

/// Whether somebody may be told of changes: whoever proves to be one of them.
pub(super) fn is_one_of_them(ask: &Ask<'_>) -> bool {
    matches!(ask.caller, Some(Caller::Known(_)))
}

/// The question for a list.
///
/// # Errors
/// 400 with the bound.
pub(super) fn list(asked: &Recorded) -> Result<Question, Answer> {
    parameters::only(&asked.query, &["open", "fields", "limit", "cursor"])?;
    fields_of(&asked.query, &FIELDS)?;
    let open = match asked.parameter("open") {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(bad("bad-open", "Bad open", "The parameter open is true or false.")),
    };
    let limit = asked.parameter("limit").map_or(Ok(USUAL), |text| limit_of(text, MOST_LISTED))?;
    let before = asked.parameter("cursor").map(|text| {
        let digits = !text.is_empty() && text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number: Option<u64> = if digits { text.parse().ok() } else { None };
        number.ok_or_else(|| {
            bad("bad-cursor", "Bad cursor", "The cursor is none. Write the next of the last answer, or none.")
        })
    });
    Ok(Question::Changes(Query { open, before: before.transpose()?, limit }))
}

/// The question for one.
///
/// # Errors
/// 400 for a parameter, or 404.
pub(super) fn one(asked: &Recorded) -> Result<Question, Answer> {
    parameters::only(&asked.query, &["format"])?;
    let markdown = match asked.parameter("format") {
        None | Some("json") => false,
        Some("markdown") => true,
        Some(_) => {
            let detail = "The parameter format has a value that is not known here; json and markdown are.";
            return Err(bad("unknown-format", "Unknown format", detail));
        }
    };
    change::number_of(&asked.pool)
        .map(|_| Question::Change(asked.pool.clone(), markdown))
        .ok_or_else(no_change)
}

/// The answer to a question, by what the Arbiter said.
pub(super) fn answered(body: Option<String>, asked: &Recorded) -> Answer {
    if asked.kind == Kind::Changes {
        return answer(body.map(|body| chosen_of(body, &asked.query, &FIELDS, "changes")), KEEP_CHANGES);
    }
    if body.as_ref().is_some_and(String::is_empty) {
        return no_change();
    }
    let mut answer = answer(body, KEEP_CHANGES);
    if answer.status == 200 && asked.parameter("format") == Some("markdown") {
        for (_, value) in answer.headers.iter_mut().filter(|(name, _)| *name == "content-type") {
            "text/markdown; charset=utf-8".clone_into(value);
        }
    }
    answer
}

/// What a body asks to be done.
///
/// # Errors
/// What is wrong with it.
pub(super) fn edit(done: Done, body: &str, config: &Config) -> Result<Edit, Unfit> {
    let unfit = |why: String| ("not-a-change", "Not a change", why);
    match done {
        Done::Apply(id) if body.trim().is_empty() || body.trim() == "{}" => Ok(Edit::Apply(id)),
        Done::Apply(_) => Err(unfit("Send no body, or {}: it is applied when this is taken.".to_owned())),
        Done::Close(id) => {
            let usage =
                "Send {\"fate\": \"kept\"} (or rolled_back, or abandoned) with, if you like, \"note\".";
            let draft: CloseDraft = json::read(body).ok_or_else(|| unfit(usage.to_owned()))?;
            draft.check().map_err(unfit)?;
            Ok(Edit::Close { id, draft })
        }
        Done::Start => {
            let draft: Draft = json::read(body).ok_or_else(|| {
                unfit(format!(
                    "Send {{\"title\": \"…\", \"owner\": \"…\", \"rollback\": \"…\", \"origins\": [\"pool/origin\"]}} with, if you like, \
                     \"pools\", \"expected\", \"expectations\" (at most {}), \"links\", \"before\", \"after\" and \"warm_up\" (\"30m\").",
                    Bounds::EXPECTATIONS
                ))
            })?;
            draft
                .plan(config)
                .map(|plan| Edit::Start(Box::new(plan)))
                .map_err(|wrong| unfit(wrong.join("; ")))
        }
    }
}

/// What a request does to a change, if it does something.
pub(super) fn done(ask: &Ask<'_>) -> Option<Done> {
    match table::find(ask) {
        Ok(Target::Change(done)) => Some(done),
        Ok(_) | Err(_) => None,
    }
}

/// The change as it reads now that something was done to it.
pub(super) fn made(id: &str, told: &str, ask: &Ask<'_>) -> Answer {
    let mut headers = vec![("content-type", "application/json".to_owned())];
    let started = done(ask) == Some(Done::Start);
    if started {
        // Relative to /v1/changes, wherever that is mounted (RFC 9110 section 10.2.2).
        headers.push(("location", format!("changes/{id}")));
    }
    Answer { status: if started { 201 } else { 200 }, headers, body: told.to_owned() }
}

/// 404 for a change that is not there.
pub(super) fn no_change() -> Answer {
    answer::problem(
        404,
        "unknown-change",
        "Unknown change",
        "There is no change of this id. /v1/changes lists those that are kept.",
    )
}

/// Why nothing is done to a change.
pub(super) fn refused(refusal: &Refusal) -> Answer {
    let conflict = |slug, title, detail: &str| answer::problem(409, slug, title, detail);
    match refusal {
        Refusal::Unknown => no_change(),
        Refusal::Applied(at) => conflict(
            "applied-already",
            "Applied already",
            &format!("It is applied since {at}. Close it and start another one to measure again."),
        ),
        Refusal::Closed => {
            conflict("change-closed", "The change is closed", "It is closed. Start another one.")
        }
        Refusal::TooMany => conflict(
            "too-many-open",
            "Too many are open",
            &format!(
                "{MOST_OPEN} changes are open. Close one that is over; /v1/changes?open=true lists them."
            ),
        ),
        Refusal::NothingBefore(why) => conflict(
            "nothing-before",
            "Nothing is known of before",
            &format!(
                "There is nothing to compare with: {why}. Start it once there are samples, or with a longer before."
            ),
        ),
    }
}
