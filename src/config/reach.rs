//! Whether the edge can reach an address: what a file says that is checked on a laptop and runs
//! elsewhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::OriginUrl;

/// How the edge stands to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// A name that the public DNS may have.
    Name,
    /// A public address without a name: the platform may refuse to ask it (error 1003).
    Bare,
    /// Nothing that is reached from outside, for this reason.
    Never(&'static str),
}

/// The ends of names that the public DNS never has, and why (RFC 6762, RFC 8375, and ICANN's
/// reservation of `internal`).
const LOCAL_NAMES: [(&str, &str); 3] = [
    (".local", "is a name of a local network (.local), which the edge cannot reach"),
    (".internal", "is a name of a private network (.internal), which the edge cannot reach"),
    (".home.arpa", "is a name of a home network (.home.arpa), which the edge cannot reach"),
];

/// An address that only its own network routes.
const PRIVATE: &str = "is a private address, which the edge cannot reach";

/// An address that only its own link knows.
const LINK_LOCAL: &str = "is a link-local address, which the edge cannot reach";

impl OriginUrl {
    /// How the edge stands to this address.
    #[must_use]
    pub fn reach(&self) -> Reach {
        if self.is_loopback() {
            return Reach::Never("is this machine, which the edge cannot reach");
        }
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        match host.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
            Ok(IpAddr::V4(ip)) => v4(ip),
            Ok(IpAddr::V6(ip)) => v6(ip),
            Err(_) => name(host),
        }
    }
}

fn v4(ip: Ipv4Addr) -> Reach {
    // 100.64.0.0/10 is what a provider has before its own translation (RFC 6598).
    let [first, second, ..] = ip.octets();
    let shared = first == 100 && (64..128).contains(&second);
    if ip.is_private() || shared {
        Reach::Never(PRIVATE)
    } else if ip.is_link_local() {
        Reach::Never(LINK_LOCAL)
    } else {
        Reach::Bare
    }
}

fn v6(ip: Ipv6Addr) -> Reach {
    if ip.is_unique_local() {
        Reach::Never(PRIVATE)
    } else if ip.is_unicast_link_local() {
        Reach::Never(LINK_LOCAL)
    } else {
        Reach::Bare
    }
}

fn name(host: &str) -> Reach {
    if !host.contains('.') {
        return Reach::Never("is a name without a dot, which only its own network knows");
    }
    let local = LOCAL_NAMES.iter().find(|(end, _)| host.ends_with(end));
    local.map_or(Reach::Name, |(_, why)| Reach::Never(why))
}
