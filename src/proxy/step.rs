//! The words between `proxy.mjs` and the core: a request as it is seen, and what is to be done with it next, as JSON.

use serde::Serialize;

use super::Lease;
use crate::answer::Answer;
use crate::json;
use crate::units::{Millis, Name};

/// A request, as `proxy.mjs` sees it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inbound<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// The absolute address, as sent.
    pub url: &'a str,
    /// Whether a body comes with it.
    pub has_body: bool,
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
    /// Chance, for a trace that begins here.
    pub chance: (u64, u64),
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
    /// Hand on the copy of this key with these fields appended, if there is one; else do the other.
    Copy(String, Vec<(&'static str, String)>, Box<Step>),
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
    pub patience: Millis,
    /// Fields to set, after those of [`super::fields::REMOVED`] are removed; said once for each request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<(&'static str, String)>,
    /// Further fields to remove.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
    /// Whether a copy of a good answer may be worth keeping.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub copies: bool,
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
        answer: ToldAnswer<'a>,
    },
    Copy {
        copy: ToldCopy<'a>,
        #[serde(rename = "else")]
        otherwise: Box<Self>,
    },
}

#[derive(Serialize)]
struct ToldAnswer<'a> {
    status: u16,
    headers: &'a Fields,
    body: &'a str,
}

#[derive(Serialize)]
struct ToldCopy<'a> {
    key: &'a str,
    append: &'a Fields,
}

impl<'a> Told<'a> {
    fn of(step: &'a Step) -> Self {
        match step {
            Step::Learn(learn, pool) => Self::Learn { learn: *learn, pool },
            Step::Send(send) => Self::Send { send },
            Step::Pass(pass) => Self::Pass { pass },
            Step::Answer(Answer { status, headers, body }) => {
                Self::Answer { answer: ToldAnswer { status: *status, headers, body } }
            }
            Step::Copy(key, append, otherwise) => {
                let otherwise = Box::new(Self::of(otherwise));
                Self::Copy { copy: ToldCopy { key, append }, otherwise }
            }
        }
    }
}
