//! What is over its budget. The list only shrinks: cut one, and take it off.

use crate::budgets::{Exception, Of};

pub const EXCEPTIONS: &[Exception] = &[
    Exception { place: "edge/follow.rs::waited", of: Of::Tuples, had: 3 },
    Exception { place: "edge/follow.rs::stream", of: Of::Tuples, had: 2 },
    Exception { place: "edge/proxy.rs::told", of: Of::Tuples, had: 1 },
    Exception { place: "edge/reader.rs::reply", of: Of::Tuples, had: 1 },
    Exception { place: "edge/reader.rs::at_hand", of: Of::Tuples, had: 1 },
    Exception { place: "edge/reader.rs::learned", of: Of::Tuples, had: 1 },
    Exception { place: "edge/reader.rs::look", of: Of::Tuples, had: 1 },
    Exception { place: "edge/reader.rs::served", of: Of::Tuples, had: 1 },
    Exception { place: "edge/reader.rs::refreshed", of: Of::Tuples, had: 2 },
    Exception { place: "notify/message.rs::render", of: Of::Tuples, had: 1 },
    Exception { place: "proxy/attempt.rs::begin", of: Of::Tuples, had: 2 },
    Exception { place: "proxy/attempt.rs::resume", of: Of::Tuples, had: 3 },
    Exception { place: "proxy/attempt.rs::new", of: Of::Tuples, had: 2 },
    Exception { place: "proxy/lease.rs::of", of: Of::Tuples, had: 2 },
    Exception { place: "proxy/order.rs::order", of: Of::Tuples, had: 1 },
    Exception { place: "proxy/order.rs::last_resort", of: Of::Tuples, had: 1 },
    Exception { place: "proxy/passage.rs::stumbled", of: Of::Tuples, had: 1 },
    Exception { place: "proxy/passage.rs::lease", of: Of::Tuples, had: 1 },
    Exception { place: "serve/health.rs::document", of: Of::Tuples, had: 1 },
];
