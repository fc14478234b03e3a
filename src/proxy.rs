//! A request on its way through a route: to which origin it goes, how often it is sent, and what is said on the way.
//!
//! A worker that stands on the route itself goes on from the signal: [`Table`] finds the route of a request, [`order()`] the origins
//! it is sent to, [`Attempt`] goes from one to the next, [`Traffic`] remembers what live requests saw, [`fields`] are the header fields
//! that are set on the way, [`back`] those that are turned back on the way home, and [`refused`] and [`apology`] what is answered in an origin's place.

mod attempt;
pub mod back;
pub mod copy;
pub mod fields;
mod lease;
mod order;
mod passage;
mod replies;
mod step;
mod table;
mod traffic;
mod unreached;

pub use attempt::{Asked, Attempt, Body, Effect, Event, Fault, HELD};
pub use lease::Lease;
pub use order::{Order, holds_until, last_resort, order};
pub use passage::{Known, Passage};
pub use replies::{Refusal, apology, refused};
pub use step::{Inbound, Send, Step};
pub use table::{Table, Way, matched, own_path};
pub use traffic::{Counts, Seen, Traffic};
pub use unreached::{Proof, Signs, TABLE, unreached};
