//! Answers that the platform makes when it does not reach an origin, and what each proves.
//!
//! Cloudflare answers a subrequest with a status of its own (520 to 526, 530) in the place of an
//! error. What it says of a request that must not be sent twice:
//! <https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/>.
//! An origin may send the same numbers itself, so they are believed only with the fields that the
//! platform sets on its own pages.

/// The fields of an answer by which the platform's own are known, as received.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signs<'a> {
    /// `Server`.
    pub server: Option<&'a str>,
    /// `CF-Ray`.
    pub ray: Option<&'a str>,
    /// `CF-Cache-Status`: only what came from an origin, or a cache of it, has one.
    pub cache_status: Option<&'a str>,
}

/// What an answer of the platform's proves of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Nothing of it has left.
    NothingLeft,
    /// It may have been executed.
    PerhapsExecuted,
}

/// Each status that the platform makes, and what it proves.
pub const TABLE: [(u16, Proof); 8] = [
    // The origin answered with what is no HTTP, or closed the connection: it had the request.
    (520, Proof::PerhapsExecuted),
    // It refused the connection.
    (521, Proof::NothingLeft),
    // No connection in 19 s, or one on which the request was not acknowledged in 90 s: the answer
    // does not say which.
    (522, Proof::PerhapsExecuted),
    // No route to it, or no such host.
    (523, Proof::NothingLeft),
    // It had the request, and no answer in time.
    (524, Proof::PerhapsExecuted),
    // No TLS, so no request.
    (525, Proof::NothingLeft),
    // Its certificate is not valid, so no request was sent.
    (526, Proof::NothingLeft),
    // Its name does not resolve, or the platform refuses to go there.
    (530, Proof::NothingLeft),
];

/// Whether an answer is the platform's word that nothing of the request has left. In doubt it is
/// not.
#[must_use]
pub fn unreached(status: u16, signs: &Signs<'_>) -> bool {
    let own = signs.server.is_some_and(|server| server.trim().eq_ignore_ascii_case("cloudflare"))
        && signs.ray.is_some_and(|ray| !ray.trim().is_empty())
        && signs.cache_status.is_none();
    own && TABLE.contains(&(status, Proof::NothingLeft))
}
