//! What writes → the change that is asked for, or why it is none; and what became of it.
//!
//! A form cannot write: it sends no `Authorization`, and a session only reads.

use serde::Serialize;

use super::{Answer, Ask, Done, Posted, Target, changes, incidents, private, problem, purge, table};
use crate::access::{Caller, rate};
use crate::answer;
use crate::config::Config;
use crate::defaults::serve::write::{LONGEST_FIELD, MOST_STARTED, MOST_WRITTEN};
use crate::json::{self, Shown};
use crate::snapshot::Snapshot;
use crate::units::Timestamp;
use crate::writes::{
    Announcement, Draft, ENTRIES, Edit, Entry, Level, MOST_NOTES, Note, NoteDraft, Outcome, Write,
};

/// The most that is read of the body of this request, in bytes.
#[must_use]
pub fn most_written(ask: &Ask<'_>) -> usize {
    match table::find(ask) {
        Ok(Target::Change(Done::Start) | Target::Purge) => MOST_STARTED,
        Ok(_) | Err(_) => MOST_WRITTEN,
    }
}

/// What a request asks to be changed.
///
/// # Errors
/// The answer to what is none: 400, 403, 413, 415 or 422.
pub fn write(ask: &Ask<'_>, posted: &Posted, config: &Config, now: Timestamp) -> Result<Write, Answer> {
    let refuse =
        |status, slug, title, detail: &str| Err(private(answer::problem(status, slug, title, detail)));
    let Some(Caller::Known(identity)) = ask.caller else { return Err(private(problem::not_found())) };
    if posted.is_foreign() {
        let detail = "A page of another site sent this. Writes are for programs, and for pages of this site.";
        return refuse(403, "foreign-page", "Foreign page", detail);
    }
    let fields = [&posted.if_match, &posted.key];
    if fields.into_iter().flatten().any(|field| field.len() > LONGEST_FIELD || field.is_empty()) {
        let detail = format!("Idempotency-Key and If-Match have 1 to {LONGEST_FIELD} bytes.");
        return refuse(400, "bad-field", "Bad field", &detail);
    }
    if let Some(unread) = posted.unread(most_written(ask)) {
        return Err(private(unread));
    }
    let body = posted.body.as_deref().unwrap_or_default();
    let done = changes::done(ask);
    let bodyless = matches!(done, Some(Done::Apply(_))) && body.is_empty();
    let edit = if ask.method == "DELETE" {
        Edit::Delete
    } else {
        if !bodyless && !posted.is("application/json") {
            return refuse(415, "not-json", "Not JSON", "Send Content-Type: application/json.");
        }
        let read = match (done, table::find(ask)) {
            (Some(done), _) => changes::edit(done, body, config),
            (None, Ok(Target::Note { incident })) => note(incident, body),
            (None, Ok(Target::Purge)) => purge::edit(body, config),
            (None, Ok(_) | Err(_)) => announcement(body, now),
        };
        read.map_err(|(slug, title, why)| private(answer::problem(422, slug, title, &why)))?
    };
    Ok(Write { who: identity.name.clone(), edit, if_match: posted.if_match.clone(), key: posted.key.clone() })
}

/// What is wrong with a body: the slug and the title of the problem, and what to write.
pub(super) type Unfit = (&'static str, &'static str, String);

fn announcement(body: &str, now: Timestamp) -> Result<Edit, Unfit> {
    let unfit = |why: String| ("not-an-announcement", "Not an announcement", why);
    let usage = "Send {\"title\": \"…\"} with, if you like, \"text\", \"level\" (info or warn) and \"until\" (RFC 3339).";
    let draft: Draft = json::read(body).ok_or_else(|| unfit(usage.to_owned()))?;
    draft.check(now).map_err(unfit)?;
    Ok(Edit::Put(draft))
}

fn note(incident: String, body: &str) -> Result<Edit, Unfit> {
    let unfit = |why: String| ("not-a-note", "Not a note", why);
    let draft: NoteDraft = json::read(body).ok_or_else(|| unfit("Send {\"text\": \"…\"}.".to_owned()))?;
    draft.check().map_err(unfit)?;
    Ok(Edit::Note { incident, text: draft.text })
}

/// A note as programs read it.
#[derive(Serialize)]
struct Noted<'a> {
    at: Shown<Timestamp>,
    who: &'a str,
    text: &'a str,
}

fn noted(note: &Note) -> Answer {
    let headers = vec![("content-type", "application/json".to_owned())];
    let noted = Noted { at: Shown(note.at), who: note.who.as_str(), text: &note.text };
    Answer { status: 201, headers, body: json::write(&noted) }
}

/// An announcement as programs read it.
#[derive(Serialize)]
struct Announced<'a> {
    title: &'a str,
    text: &'a str,
    level: Level,
    since: Shown<Timestamp>,
    until: Option<Shown<Timestamp>>,
}

fn view(announcement: &Announcement) -> Announced<'_> {
    Announced {
        title: &announcement.title,
        text: &announcement.text,
        level: announcement.level,
        since: Shown(announcement.since),
        until: announcement.until.map(Shown),
    }
}

fn shown(announcement: &Announcement) -> Answer {
    let headers = vec![("content-type", "application/json".to_owned()), ("etag", announcement.tag())];
    Answer { status: 200, headers, body: json::write(&view(announcement)) }
}

/// The answer to whoever asks what is announced.
pub(super) fn announced(snapshot: &Snapshot, now: Timestamp) -> Answer {
    match snapshot.announcement.as_ref().filter(|announcement| announcement.stands(now)) {
        Some(announcement) => shown(announcement),
        None => answer::problem(404, "no-announcement", "No announcement", "Nothing is announced."),
    }
}

/// The answer to a change; `None` if the Arbiter did not take it.
#[must_use]
pub fn written(outcome: Option<&Outcome>, ask: &Ask<'_>) -> Answer {
    let problem = answer::problem;
    let answer = match outcome {
        Some(Outcome::Done(Some(announcement))) => shown(announcement),
        Some(Outcome::Done(None)) => Answer { status: 204, headers: Vec::new(), body: String::new() },
        Some(Outcome::Noted(note)) => noted(note),
        Some(Outcome::Change { id, told }) => changes::made(id, told, ask),
        Some(Outcome::Purged(purged)) => purge::made(purged),
        Some(Outcome::NoChange(refusal)) => changes::refused(refusal),
        Some(Outcome::NoIncident) => incidents::no_incident(),
        Some(Outcome::NotesFull) => {
            let detail = format!("An incident has at most {MOST_NOTES} notes.");
            problem(409, "too-many-notes", "Too many notes", &detail)
        }
        Some(Outcome::Nothing) => problem(404, "no-announcement", "No announcement", "Nothing is announced."),
        Some(Outcome::Changed) => problem(
            412,
            "changed-meanwhile",
            "Changed meanwhile",
            "What stands is another than If-Match says. Ask for it, and decide anew.",
        ),
        Some(Outcome::Unconditional) => problem(
            428,
            "condition-needed",
            "A condition is needed",
            "Something is announced already. Send its ETag as If-Match, so that nobody's words are lost unseen.",
        ),
        Some(Outcome::KeyTaken) => problem(
            422,
            "key-taken",
            "The key is taken",
            "This Idempotency-Key belongs to another change of the last day. Choose a new one for each change.",
        ),
        Some(Outcome::TooMany) => {
            let detail = format!("{ENTRIES} changes were made in the last 24 hours; no more are taken.");
            let mut answer = problem(429, "too-many-changes", "Too many changes", &detail);
            answer.headers.push(("retry-after", "3600".to_owned()));
            answer
        }
        None => not_stored(),
    };
    private(answer)
}

/// 503: the Arbiter did not take it.
fn not_stored() -> Answer {
    let detail = "The change could not be stored just now. Send it again with the same Idempotency-Key.";
    let mut answer = answer::problem(503, "not-stored", "Not stored", detail);
    answer.headers.push(("retry-after", "5".to_owned()));
    answer
}

/// 429 for whoever writes too often.
#[must_use]
pub fn too_often() -> Answer {
    let span = rate::SPAN.as_secs();
    let detail = "Too many changes are sent just now; none of this was taken. Send it again in a minute.";
    let mut answer = answer::problem(429, "too-often", "Too often", detail);
    answer.headers.push(("retry-after", span.to_string()));
    private(answer)
}

/// A change as it is told to writers.
#[derive(Serialize)]
struct Told<'a> {
    version: u64,
    at: Shown<Timestamp>,
    who: &'a str,
    what: &'a str,
    before: Option<Announced<'a>>,
    after: Option<Announced<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    noted: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purge: Option<purge::Told<'a>>,
}

/// The audit log; `None` if the Arbiter does not answer.
#[must_use]
pub fn audit(entries: Option<&[Entry]>) -> Answer {
    let Some(entries) = entries else { return private(not_stored()) };
    let told = entries.iter().map(|entry| Told {
        version: entry.version,
        at: Shown(entry.at),
        who: entry.who.as_str(),
        what: &entry.what,
        before: entry.before.as_ref().map(view),
        after: entry.after.as_ref().map(view),
        noted: entry.noted.as_deref(),
        change: entry.change.as_deref(),
        purge: entry
            .purge
            .as_ref()
            .map(|purge| purge::Told::of(entry.at, &entry.who, purge, entry.cdn.as_ref())),
    });
    let headers = vec![("content-type", "application/json".to_owned())];
    private(Answer { status: 200, headers, body: json::write(&told.collect::<Vec<_>>()) })
}
