//! How a person opens what is closed in a browser, which sends no `Authorization` by itself: a form
//! that takes a token once, and a cookie that reads for half a day.

use maud::{DOCTYPE, html};

use super::{Answer, Ask, page, private, problem};
use crate::access::{self, Caller, session, token};
use crate::answer;
use crate::config::Config;
use crate::defaults::edge::BODY_TIMEOUT;
use crate::path::parts;
use crate::secret::{Secret, Unusable};
use crate::units::Timestamp;

pub use crate::defaults::serve::MOST_POSTED;

/// Nothing is loaded but the style, and what is posted goes nowhere else.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What is posted, and by which page.
#[derive(Clone, Debug, Default)]
pub struct Posted {
    /// The whole address of the request.
    pub url: String,
    /// `Origin`.
    pub origin: Option<String>,
    /// `Sec-Fetch-Site`.
    pub site: Option<String>,
    /// `Content-Type`.
    pub kind: Option<String>,
    /// `If-Match`.
    pub if_match: Option<String>,
    /// `Idempotency-Key`.
    pub key: Option<String>,
    /// The body; nothing if it is longer than is read, or no text.
    pub body: Option<String>,
    /// Whether it did not come to its end in time ([`BODY_TIMEOUT`]).
    pub late: bool,
}

impl Posted {
    /// Whether a page of another site had it posted. Browsers name the site, older ones only the
    /// page's origin; programs name neither, and carry no cookie of anybody.
    pub(super) fn is_foreign(&self) -> bool {
        match (self.site.as_deref(), self.origin.as_deref()) {
            (Some(site), _) => !matches!(site, "same-origin" | "none"),
            (None, Some(origin)) => {
                let own = parts(&self.url).map(|own| format!("{}://{}", own.scheme(), own.authority));
                !own.is_some_and(|own| own.eq_ignore_ascii_case(origin))
            }
            (None, None) => false,
        }
    }

    /// 408 for a body that did not come to its end in time, 413 for one that is too long or no
    /// text.
    pub(super) fn unread(&self, most: usize) -> Option<Answer> {
        let seconds = BODY_TIMEOUT.as_secs();
        let late = format!("The body did not come to its end in {seconds}s. Send it in one piece.");
        let long = format!("At most {most} bytes of text are read here.");
        match &self.body {
            _ if self.late => Some(answer::problem(408, "too-slow", "Too slow", &late)),
            None => Some(answer::problem(413, "too-large", "Too large", &long)),
            Some(_) => None,
        }
    }

    /// Whether the body is of a media type.
    pub(super) fn is(&self, wanted: &str) -> bool {
        let kind = self.kind.as_deref().unwrap_or_default().split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case(wanted)
    }

    /// The token of the form. No character of a token is escaped in a form; a space that was copied
    /// with it is a `+`.
    fn token(&self) -> &str {
        let body = self.body.as_deref().unwrap_or_default();
        let value = body.split('&').find_map(|pair| pair.strip_prefix("token=")).unwrap_or_default();
        let bare = value.trim_matches('+');
        if bare.len() > token::LONGEST { "" } else { bare }
    }
}

/// The form, where anybody can sign in.
/// `base` is the way to the root from where it is shown.
pub(super) fn page(config: &Config, base: &str, status: u16, note: Option<&str>) -> Answer {
    if !config.access.knows_tokens() {
        return problem::not_found();
    }
    let name = page::name(config);
    let body = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Sign in · " (name) }
                link rel="stylesheet" href={ (base) "style.css?" (env!("CARGO_PKG_VERSION")) };
            }
            body {
                header { p.brand { bdi { (name) } } }
                main {
                    h1 { "Sign in" }
                    @if let Some(note) = note { p.notice role="alert" { (note) } }
                    form.sign method="post" action={ (base) "sign-in" } {
                        label for="token" { "Token" }
                        input #token name="token" type="password" autocomplete="current-password" required
                            maxlength=(token::LONGEST) spellcheck="false" autocapitalize="none";
                        button type="submit" { "Show everything" }
                    }
                    p.soft { "It holds for twelve hours in this browser, reads and changes nothing." }
                    form.sign method="post" action={ (base) "sign-out" } { button type="submit" { "Sign out" } }
                }
            }
        }
    };
    let fields = [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", POLICY),
        // With `no-referrer` browsers name no origin when the form is posted.
        ("referrer-policy", "same-origin"),
    ];
    let headers = fields.map(|(name, value)| (name, value.to_owned())).to_vec();
    Answer { status, headers, body: body.into_string() }
}

/// The answer to whoever signs in or out, and who that is; `secret` gives what the secret of a name
/// holds.
#[must_use]
pub fn signed_in(
    ask: &Ask<'_>,
    posted: &Posted,
    config: &Config,
    now: Timestamp,
    secret: &dyn Fn(&str) -> Result<Secret, Unusable>,
) -> (Answer, Caller) {
    if posted.is_foreign() {
        let detail = "A page of another site had this posted. Open the page of this site and sign in there.";
        return (private(answer::problem(403, "foreign-page", "Foreign page", detail)), Caller::Nobody);
    }
    if ask.target.split('?').next() == Some("/sign-out") {
        return (private(on_to(session::ended(&posted.url))), Caller::Nobody);
    }
    if !posted.is("application/x-www-form-urlencoded") {
        let detail = "The form posts application/x-www-form-urlencoded.";
        return (private(answer::problem(415, "not-a-form", "Not a form", detail)), Caller::Nobody);
    }
    if let Some(unread) = posted.unread(MOST_POSTED) {
        return (private(unread), Caller::Nobody);
    }
    let shown = posted.token();
    let caller = access::by_token(shown, &config.access, secret);
    let answer = match &caller {
        Caller::Known(identity) => {
            on_to(session::begun(&identity.name, &token::hash(shown), &posted.url, now))
        }
        Caller::Unverifiable(why) => {
            page(config, "", 503, Some(&format!("No token can be verified: {why}.")))
        }
        Caller::Nobody | Caller::Stranger | Caller::Misfit(_) | Caller::Flooding => {
            page(config, "", 401, Some("The token is none of this deployment."))
        }
    };
    (private(answer), caller)
}

/// On to the page.
fn on_to(cookie: String) -> Answer {
    let headers = vec![("location", "./".to_owned()), ("set-cookie", cookie)];
    Answer { status: 303, headers, body: String::new() }
}
