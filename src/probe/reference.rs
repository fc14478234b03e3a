//! The question to a reference, and what its reply says about the vantage's own connection.

use crate::config::{Method, OriginUrl, ProbeValue};
use crate::exchange::{Reply, Request};
use crate::units::Name;

pub use crate::defaults::probe::REFERENCE_TIMEOUT;

/// What a reference said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceResult {
    /// Whether it answered: the network between it and the vantage is whole.
    pub answered: bool,
    /// The data centre that it named, in capitals, as `AMS`.
    pub colo: Option<String>,
}

/// The request that asks a reference from `vantage`.
#[must_use]
pub fn refer(reference: &OriginUrl, vantage: &Name) -> Request {
    let root = if reference.prefix.is_empty() { "/" } else { "" };
    Request {
        method: Method::Get,
        url: format!("{reference}{root}"),
        headers: vec![("user-agent".into(), ProbeValue::Text(super::agent(vantage)))],
        body: None,
        timeout: REFERENCE_TIMEOUT,
        redirects: 0,
        followed: 0,
        wanted: Vec::new(),
    }
}

/// Reads the reply: any answer below 500 came from the reference, so the network is whole. 5xx may
/// be the platform's own word for a connection that failed.
#[must_use]
pub fn referred_to(reply: &Reply) -> ReferenceResult {
    let answered = reply.head.as_ref().is_some_and(|head| head.status < 500);
    let text = std::str::from_utf8(&reply.body).unwrap_or_default();
    let colo = text.lines().find_map(|line| line.strip_prefix("colo=")).map(str::trim);
    // Data centres are named after airports: three letters.
    let airport = |colo: &&str| colo.len() == 3 && colo.bytes().all(|c| c.is_ascii_uppercase());
    ReferenceResult { answered, colo: colo.filter(airport).filter(|_| answered).map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{End, Head};
    use crate::units::Millis;

    fn reply(status: Option<u16>, body: &str) -> Reply {
        Reply {
            end: if status.is_some() { End::Complete } else { End::TimedOut },
            elapsed: Millis::new(5),
            head: status.map(|status| Head { status, headers: Vec::new() }),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn any_answer_of_the_reference_itself_clears_the_vantage() {
        for (status, answered) in
            [(None, false), (Some(200), true), (Some(301), true), (Some(404), true), (Some(530), false)]
        {
            assert_eq!(referred_to(&reply(status, "")).answered, answered, "{status:?}");
        }
    }

    #[test]
    fn the_data_centre_is_read_from_a_trace_and_nothing_else_is() {
        let trace = "fl=1\nh=www.cloudflare.com\ncolo=AMS\nhttp=http/2\n";
        assert_eq!(referred_to(&reply(Some(200), trace)).colo.as_deref(), Some("AMS"));
        for hostile in ["colo=", "colo=AMSTERDAM", "colo=<b>", "colo=ams", "xcolo=AMS"] {
            assert_eq!(referred_to(&reply(Some(200), hostile)).colo, None, "{hostile}");
        }
    }
}
