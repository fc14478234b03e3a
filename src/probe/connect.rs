//! An answered probe → the connection to open beside it; what came of that → [`Connected`].
//!
//! A request goes over a connection that the platform has kept from an earlier one, so it proves
//! that connection and no other. The one that is opened here carries nothing: it shows whether
//! somebody accepts it. It comes after the answer, in what is left of the probe's time. So it
//! delays no request, nobody is asked who has not answered, and a slot has one connection at a
//! time.

use super::OUR_FAULTS;
use crate::config::Origin;
use crate::defaults::probe::{LATENESS, WATCHED};
use crate::exchange::Reply;
use crate::sample::{Connected, Evidence, Sample};
use crate::units::Millis;

/// A connection to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    /// Host and port: `shop.example.com:443`, `[::1]:8080`.
    pub address: String,
    /// It must be accepted within this time.
    pub within: Millis,
    /// So long after that it must not be closed; less, where less of the probe's time is left.
    pub watched: Millis,
}

/// What came of it, in facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialled {
    /// How far it came.
    pub end: DialEnd,
    /// From opening until that end.
    pub elapsed: Millis,
}

/// How far a connection came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialEnd {
    /// It was accepted, and nobody closed it as long as it was watched.
    Stood,
    /// It was accepted, and closed or reset while it was watched.
    Closed,
    /// The deadline passed before it was accepted.
    TimedOut,
    /// It was not accepted; the platform's own words.
    Broken(String),
}

/// The connection to open beside a probe that found `sample`: none where the probe failed, for that
/// says enough; and none where less than a quarter of its time is left.
#[must_use]
pub fn dial(origin: &Origin, sample: &Sample) -> Option<Dial> {
    if let Evidence::Fail(_) | Evidence::None(_) = sample.evidence() {
        return None;
    }
    let timeout = origin.pace.timeout;
    let within = timeout.minus(sample.latency);
    if within.times(4) < timeout {
        return None;
    }
    let url = &origin.url;
    let port = url.port.unwrap_or(if url.https { 443 } else { 80 });
    Some(Dial { address: format!("{}:{port}", url.host), within, watched: WATCHED })
}

/// What a connection says that was opened as `dial` wants it, beside a request with this `reply`.
#[must_use]
pub fn connected(dial: &Dial, dialled: &Dialled, reply: &Reply) -> Connected {
    let slack = LATENESS.max(Millis::new(dial.within.get() / 10));
    let failure = match &dialled.end {
        DialEnd::Stood => return Connected::Accepted,
        // Whoever notices a deadline so late was busy.
        DialEnd::TimedOut if dialled.elapsed > dial.within.plus(slack) => return Connected::NotTried,
        DialEnd::Broken(words) => {
            let words = words.to_ascii_lowercase();
            if OUR_FAULTS.iter().any(|fault| words.contains(fault)) {
                return Connected::NotTried;
            }
            Connected::Refused
        }
        DialEnd::TimedOut => Connected::NotInTime,
        DialEnd::Closed => Connected::Closed,
    };
    // The platform connects nobody to an address of its own, which is where this answer came from.
    let barred = reply.head.as_ref().and_then(|head| head.header("server")) == Some("cloudflare");
    if barred { Connected::Barred } else { failure }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{End, Head};
    use crate::fixtures::{at, sample, shop};
    use crate::sample::Outcome;

    /// An origin whose probe may take a second.
    fn origin(url: &str) -> Origin {
        let config = shop();
        let mut origin = config.origins().next().unwrap().clone();
        origin.pace.timeout = Millis::from_secs(1);
        origin.url = crate::config::Config::parse(&format!(
            "[[pool]]\nname = \"p\"\n[[pool.origin]]\nname = \"o\"\nurl = \"{url}\"\n"
        ))
        .unwrap()
        .origins()
        .next()
        .unwrap()
        .url
        .clone();
        origin
    }

    #[test]
    fn the_address_has_the_port_that_the_scheme_means() {
        let cases = [
            ("https://shop.example.com", "shop.example.com:443"),
            ("http://shop.example.com/prefix", "shop.example.com:80"),
            ("http://127.0.0.1:9101", "127.0.0.1:9101"),
            ("https://[2001:db8::1]", "[2001:db8::1]:443"),
        ];
        for (url, address) in cases {
            assert_eq!(dial(&origin(url), &sample(true, at(0))).unwrap().address, address);
        }
    }

    #[test]
    fn a_connection_is_opened_in_what_is_left_of_the_time_of_a_probe_that_was_answered() {
        let origin = origin("https://shop.example.com");
        let took = |ms| Sample { latency: Millis::new(ms), ..sample(true, at(0)) };
        assert_eq!(dial(&origin, &took(300)).unwrap().within, Millis::new(700));
        assert!(dial(&origin, &took(750)).is_some());
        assert_eq!(dial(&origin, &took(751)), None, "the rest is too short to tell anything");
        assert_eq!(dial(&origin, &took(5_000)), None);
        assert_eq!(dial(&origin, &sample(false, at(0))), None, "it failed already");
        let hung = Sample { outcome: Outcome::NoAnswerInTime, ..took(1_000) };
        assert_eq!(dial(&origin, &hung), None);
        assert_eq!(dial(&origin, &Sample::no_evidence(at(0), "a quota")), None);
    }

    /// What is said of an end after so many milliseconds, of 700.
    fn said(end: DialEnd, ms: u64, server: &str) -> Connected {
        let dial = Dial { address: String::new(), within: Millis::new(700), watched: WATCHED };
        let head = Head { status: 200, headers: vec![("server".into(), server.into())] };
        let reply = Reply { end: End::Complete, elapsed: Millis::ZERO, head: Some(head), body: Vec::new() };
        connected(&dial, &Dialled { end, elapsed: Millis::new(ms) }, &reply)
    }

    #[test]
    fn facts_become_words() {
        let refused = || DialEnd::Broken("proxy request failed, cannot connect".into());
        assert_eq!(said(DialEnd::Stood, 200, "nginx"), Connected::Accepted);
        assert_eq!(said(DialEnd::Closed, 5, "nginx"), Connected::Closed);
        assert_eq!(said(DialEnd::TimedOut, 700, "nginx"), Connected::NotInTime);
        assert_eq!(said(refused(), 2, "nginx"), Connected::Refused);
    }

    #[test]
    fn what_is_our_own_fault_says_nothing() {
        let ours = DialEnd::Broken("Too many subrequests.".into());
        assert_eq!(said(ours, 2, "nginx"), Connected::NotTried);
        assert_eq!(said(DialEnd::TimedOut, 951, "nginx"), Connected::NotTried, "it was noticed too late");
    }

    #[test]
    fn where_the_platform_answers_no_connection_says_anything_against_the_origin() {
        for end in [DialEnd::Closed, DialEnd::TimedOut, DialEnd::Broken("refused".into())] {
            assert_eq!(said(end, 2, "cloudflare"), Connected::Barred);
        }
        assert_eq!(said(DialEnd::Stood, 2, "cloudflare"), Connected::Accepted);
    }
}
