//! The words between `proxy.mjs` and the core: a request as it is seen, and what is to be done with
//! it next, as JSON.

use serde::{Serialize, Serializer};

use super::{Body, HELD, Lease};
use crate::answer::Answer;
use crate::json;
use crate::units::{Millis, Name, Timestamp};

/// A request, as `proxy.mjs` sees it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inbound<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// The absolute address, as sent.
    pub url: &'a str,
    /// What comes after its header fields.
    pub body: Body,
    /// `Host`, as received.
    pub host: Option<&'a str>,
    /// Names of its fields that have an underscore, separated by spaces.
    pub underscored: Option<&'a str>,
    /// `Connection`, as received.
    pub connection: Option<&'a str>,
    /// `Via`, as received.
    pub via: Option<&'a str>,
    /// `CDN-Loop`, as received.
    pub cdn_loop: Option<&'a str>,
    /// `traceparent`, as received.
    pub traceparent: Option<&'a str>,
    /// `Accept-Encoding`, as received.
    pub accept_encoding: Option<&'a str>,
    /// The client's address, as the platform says it.
    pub client: Option<&'a str>,
}

/// What is to be done with a request next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Find out what is known of this pool, and come back: nothing that is at hand holds any more.
    Learn(u32, Name),
    /// Send it.
    Send(Box<Send>),
    /// Hand the answer on, with these fields appended.
    Pass(Vec<(&'static str, String)>),
    /// Answer this.
    Answer(Answer),
    /// Hand on a copy, if there is one; else do something else.
    Copy(Box<StandIn>),
}

/// A copy that stands in for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandIn {
    /// Its key.
    pub key: String,
    /// Fields to append to it.
    pub append: Vec<(&'static str, String)>,
    /// One that was kept without knowing of this purge was cleared, and is none.
    pub cleared: Option<Timestamp>,
    /// What is to be done without one.
    pub otherwise: Step,
}

/// Header fields: names and values, in their order.
type Fields = [(&'static str, String)];

/// Where a request is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Send {
    /// Its number.
    pub id: u32,
    /// The address.
    pub url: String,
    /// How long to wait for the response headers.
    pub timeout: Millis,
    /// Fields to set, after those of [`super::fields::REMOVED`] are removed; said once for each
    /// request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<(&'static str, String)>,
    /// Further fields to remove.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
    /// Whether a copy of a good answer may be worth keeping.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub copies: bool,
    /// The place of its route, and what an answer has to be turned back from.
    pub route: usize,
    /// The hosts of the pool.
    pub hosts: Vec<String>,
    /// Whether a prefix was left out of the path.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub strip: bool,
    /// Whether the origin is to be asked for a connection first, and a body of up to [`HELD`] bytes
    /// to be held: the request must not be sent twice, and another origin is left if it does not
    /// leave.
    #[serde(rename = "held", skip_serializing_if = "std::ops::Not::not", serialize_with = "held")]
    pub careful: bool,
    /// What holds for the next requests, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
}

impl Step {
    /// The step as `proxy.mjs` reads it.
    #[must_use]
    pub fn write(&self) -> String {
        json::write(&Told::of(self))
    }
}

/// A step in the words of `proxy.mjs`.
#[derive(Serialize)]
#[serde(untagged)]
enum Told<'a> {
    Learn {
        learn: u32,
        pool: &'a Name,
    },
    Send {
        send: &'a Send,
    },
    Pass {
        pass: &'a Fields,
    },
    Answer {
        answer: &'a Answer,
    },
    Copy {
        copy: ToldCopy<'a>,
        #[serde(rename = "else")]
        otherwise: Box<Self>,
    },
}

#[derive(Serialize)]
struct ToldCopy<'a> {
    key: &'a str,
    append: &'a Fields,
    #[serde(skip_serializing_if = "Option::is_none")]
    cleared: Option<Timestamp>,
}

impl<'a> Told<'a> {
    fn of(step: &'a Step) -> Self {
        match step {
            Step::Learn(learn, pool) => Self::Learn { learn: *learn, pool },
            Step::Send(send) => Self::Send { send },
            Step::Pass(pass) => Self::Pass { pass },
            Step::Answer(answer) => Self::Answer { answer },
            Step::Copy(stand_in) => {
                let StandIn { key, append, cleared, otherwise } = stand_in.as_ref();
                let otherwise = Box::new(Self::of(otherwise));
                Self::Copy { copy: ToldCopy { key, append, cleared: *cleared }, otherwise }
            }
        }
    }
}

/// How long a body may be that is held, in bytes.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands in a reference")]
fn held<S: Serializer>(_careful: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(HELD)
}
