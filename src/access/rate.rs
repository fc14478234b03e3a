//! How often something may be done to one isolate before it is answered 429: the bound where the
//! platform binds none, and under whose name the platform counts.

use std::net::{IpAddr, Ipv6Addr};

use crate::units::Timestamp;

pub use crate::defaults::access::rate::{MOST, SPAN};

/// What was done in the latest minute.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rate {
    since: Timestamp,
    count: u32,
}

impl Rate {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { since: Timestamp::from_millis(0), count: 0 }
    }

    /// Counts one more; whether it is one too many.
    pub fn count(&mut self, now: Timestamp) -> bool {
        if now < self.since || now.since(self.since) >= SPAN {
            *self = Self { since: now, count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count > MOST
    }
}

/// Under what a client is counted, by the address that the platform names: an address, or the first
/// 64 bits of one of IPv6, of which everybody has very many. Whatever is no address is counted as
/// one.
#[must_use]
pub fn counted_as(address: &str) -> String {
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => address.to_string(),
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::from([a, b, c, d, 0, 0, 0, 0]))
        }
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + ms)
    }

    #[test]
    fn so_many_fit_into_a_minute_and_the_next_one_begins_anew() {
        let mut rate = Rate::new();
        for n in 1..=MOST + 5 {
            assert_eq!(rate.count(at(u64::from(n))), n > MOST, "{n}");
        }
        assert!(rate.count(at(SPAN.get())));
        assert!(!rate.count(at(SPAN.get() + 1)), "a minute after the first of them");
        assert!(!rate.count(at(0)), "a clock that was set back locks nobody out");
    }

    #[test]
    fn who_has_many_addresses_is_counted_as_one() {
        for (address, counted) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
            ("", ""),
            ("192.0.2.1, 192.0.2.2", ""),
            ("localhost", ""),
        ] {
            assert_eq!(counted_as(address), counted, "{address}");
        }
    }
}
