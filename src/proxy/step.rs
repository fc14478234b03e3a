//! The words between `proxy.mjs` and the core: a request as it is seen, and what is to be done with it next, as JSON.

use super::{Body, HELD, Lease, fields};
use crate::answer::Answer;
use crate::json::Object;
use crate::units::{Millis, Name};

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
    /// Hand on the copy of this key with these fields appended, if there is one; else do the other.
    Copy(String, Vec<(&'static str, String)>, Box<Step>),
}

/// Where a request is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Send {
    /// Its number.
    pub id: u32,
    /// The address.
    pub url: String,
    /// How long to wait for the response headers.
    pub patience: Millis,
    /// Fields to set, after those of [`fields::REMOVED`] are removed; said once for each request.
    pub set: Vec<(&'static str, String)>,
    /// Further fields to remove.
    pub remove: Vec<String>,
    /// Whether a copy of a good answer may be worth keeping.
    pub copies: bool,
    /// The place of its route, and what an answer has to be turned back from.
    pub route: usize,
    /// The hosts of the pool.
    pub hosts: Vec<String>,
    /// Whether a prefix was left out of the path.
    pub strip: bool,
    /// Whether the origin is to be asked for a connection first, and a body of up to [`HELD`] bytes to be held: the request must not be
    /// sent twice, and another origin is left if it does not leave.
    pub careful: bool,
    /// What holds for the next requests, too.
    pub lease: Option<Lease>,
}

impl Step {
    /// The step as `proxy.mjs` reads it.
    #[must_use]
    pub fn write(&self) -> String {
        let mut step = Object::new();
        match self {
            Self::Learn(id, pool) => step.put("learn", id).put("pool", pool),
            Self::Send(send) => {
                let mut said = Object::new();
                said.put("id", &send.id).put("url", &send.url).put("patience", &send.patience);
                if !send.set.is_empty() {
                    said.put_json("set", &fields::pairs(&send.set));
                }
                said.put_some("remove", (!send.remove.is_empty()).then_some(&send.remove));
                said.put_some("copies", send.copies.then_some(true));
                said.put("route", &send.route).put("hosts", &send.hosts);
                said.put_some("strip", send.strip.then_some(true));
                said.put_some("held", send.careful.then_some(HELD));
                if let Some(lease) = &send.lease {
                    said.put_json("lease", &lease.write(send.patience.get()));
                }
                step.put_json("send", &said.end())
            }
            Self::Pass(append) => step.put_json("pass", &fields::pairs(append)),
            Self::Answer(answer) => {
                let mut said = Object::new();
                said.put("status", &answer.status).put_json("headers", &fields::pairs(&answer.headers));
                said.put("body", &answer.body);
                step.put_json("answer", &said.end())
            }
            Self::Copy(key, append, otherwise) => {
                let mut said = Object::new();
                said.put("key", key).put_json("append", &fields::pairs(append));
                step.put_json("copy", &said.end()).put_json("else", &otherwise.write())
            }
        };
        step.end()
    }
}
