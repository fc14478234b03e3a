//! Followers in the stateless worker: a request that waits for a pool's next signal, a stream of
//! them, and a stream of what changes of all pools. Each has one WebSocket to the Arbiter, which
//! hibernates; what it answers comes by the usual read path.

use std::cell::RefCell;
use std::rc::Rc;

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use js_sys::{Promise, Reflect};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::future_to_promise;
use web_sys::Request;
use worker::Env;

use super::call::Call;
use super::caught::{self, Context};
use super::line::{Line, Word};
use super::respond::Reply;
use super::{clock, deployed, layers, log, reader, respond};
use crate::config::Config;
use crate::defaults::edge::GRACE;
use crate::follow::{self, Follower, FollowerLimit, Listener, Mark, News, Next, Place, Reading, Sight, Wait};
use crate::serve::{self, Ask, View};
use crate::snapshot::{Followed, Part};
use crate::units::{Millis, Timestamp};

thread_local! {
    static PERMITS: RefCell<FollowerLimit> = const { RefCell::new(FollowerLimit::new()) };
}

/// A permit that is taken. Dropping it leaves it.
struct Permit(u64);

impl Drop for Permit {
    fn drop(&mut self) {
        PERMITS.with_borrow_mut(|permits| permits.leave(self.0));
    }
}

/// Says that the client has left. Whoever waits for a word may have left before it.
fn leave(say: &UnboundedSender<Word>) {
    let _ = say.unbounded_send(Word::Left);
}

/// What a follower waited for.
enum Outcome {
    /// There is news.
    News(reader::Reading),
    /// These events are to be sent.
    Events(String),
    /// It is to give a sign of life.
    Beat,
    /// Its time is over, or its client has left.
    Over,
    /// There is no place for it.
    AtCapacity,
}

/// What the client asked, as the platform has it and as it is read.
#[derive(Clone, Copy)]
pub(super) struct ClientRequest<'a> {
    pub(super) request: &'a Request,
    pub(super) ask: &'a Ask<'a>,
}

/// What a follower is to get.
#[derive(Clone, Copy)]
enum Wants<'a> {
    /// One answer of this pool, after this wait.
    Answer(&'a str, Wait),
    /// Events of this pool, but for the one that it has.
    Events(&'a str, Option<Mark>),
    /// Events of all pools, after this place, of what is hidden as well or not.
    EventsOfAll(Option<Place>, bool),
}

impl Wants<'_> {
    /// What it follows; nothing if the configuration does not name it.
    fn followed(self, config: &Config) -> Option<Followed> {
        match self {
            Self::Answer(pool, _) | Self::Events(pool, _) => {
                config.pool(pool).map(|pool| Followed::One(pool.name.clone()))
            }
            Self::EventsOfAll(..) => Some(Followed::All),
        }
    }
}

/// What a client of all pools has heard, and what it may hear.
struct Listening {
    listener: Listener,
    all: bool,
}

/// A follower, and what it holds of the platform.
struct Following {
    config: &'static Config,
    followed: Followed,
    part: Part,
    limit: Millis,
    follower: Follower,
    /// Of who follows all pools.
    listening: Option<Listening>,
    /// What a line or the client says; there is always a sender left, here.
    words: UnboundedReceiver<Word>,
    say: UnboundedSender<Word>,
    line: Option<Line>,
    permit: Option<Permit>,
}

impl Following {
    /// A follower without a permit; nothing without a configuration.
    fn new(wants: Wants<'_>, env: &Env) -> Option<Self> {
        let config = deployed::config().ok()?;
        let subject = wants.followed(config)?;
        let (part, limit) = reader::followed_part(&subject, config, env);
        let now = clock::now();
        let follower = match wants {
            Wants::Answer(_, wait) => Follower::waiting(wait, limit, now),
            Wants::Events(_, known) => Follower::streaming(known, limit, now),
            Wants::EventsOfAll(..) => Follower::streaming_all(limit, now),
        };
        let listening = match wants {
            Wants::EventsOfAll(place, all) => {
                Some(Listening { listener: Listener::new(place, limit, now), all })
            }
            Wants::Answer(..) | Wants::Events(..) => None,
        };
        let (say, words) = unbounded();
        Some(Self {
            config,
            followed: subject,
            part,
            limit,
            follower,
            listening,
            words,
            say,
            line: None,
            permit: None,
        })
    }

    /// Takes a permit; false if there is none.
    fn take_permit(&mut self) -> bool {
        if self.permit.is_none() {
            let (most, until) = (follow::most(self.limit), self.follower.until().plus(GRACE));
            self.permit =
                PERMITS.with_borrow_mut(|permits| permits.take(most, until, clock::now())).map(Permit);
        }
        self.permit.is_some()
    }

    /// Opens a line to the Arbiter; false if it has too many, or there is no permit.
    async fn open(&mut self, env: &Env) -> bool {
        if !self.take_permit() {
            return false;
        }
        let opening = layers::line(&self.followed, self.say.clone(), env);
        let timeout = follow::TIMEOUT.min(self.follower.until().since(clock::now()));
        match select(std::pin::pin!(opening), clock::delay(timeout)).await {
            Either::Left((Ok(Ok(line)), _)) => {
                self.line = Some(line);
                self.follower.opened();
            }
            Either::Left((Ok(Err(429)), _)) => return false,
            Either::Left((Ok(Err(_)) | Err(_), _)) | Either::Right(((), _)) => {
                log::warn("line_not_opened", &[("pool", &self.followed.tag())]);
                self.follower.unopened(clock::now());
            }
        }
        true
    }

    /// What it is to be told of a look; nothing if there is no news.
    fn looked(&mut self, seen: reader::Reading, now: Timestamp) -> Option<Outcome> {
        let reading = Reading::of(&seen.snapshot, &self.followed, seen.fetched(), now);
        let news = self.follower.seen(&reading, now);
        let Some(Listening { listener, all }) = &mut self.listening else {
            return news.then_some(Outcome::News(seen));
        };
        let shown = seen.seen(*all);
        let sight = Sight { whole: &seen.snapshot, seen: shown, fetched: seen.fetched() };
        match listener.tell(&sight, now) {
            News::Behind => {
                self.follower.looks_again(seen.fetched(), now);
                None
            }
            News::Events(new) => {
                let text = serve::events(&new, shown, self.config, now);
                (!text.is_empty()).then_some(Outcome::Events(text))
            }
        }
    }

    async fn next(&mut self, call: Call<'_>) -> Outcome {
        loop {
            match self.follower.next(clock::now()) {
                Next::Look => {
                    let least = Some((self.followed.clone(), self.follower.least()));
                    let seen = reader::look(&self.part, self.limit, least, self.config, call).await;
                    if let Some(outcome) = self.looked(seen, clock::now()) {
                        return outcome;
                    }
                }
                Next::Open => {
                    if !self.open(call.env).await {
                        return Outcome::AtCapacity;
                    }
                }
                Next::Beat => {
                    if let Some(line) = &self.line {
                        line.send(follow::PING.0);
                    }
                    return Outcome::Beat;
                }
                Next::Rest(_) if !self.take_permit() => return Outcome::AtCapacity,
                Next::Rest(until) => {
                    let pause = clock::delay(until.since(clock::now()));
                    match select(std::pin::pin!(self.words.next()), pause).await {
                        Either::Left((Some(Word::Text(word)), _)) => {
                            self.follower.told(&word, clock::now());
                        }
                        Either::Left((Some(Word::Cut), _)) => {
                            self.line = None;
                            self.follower.lost(clock::now());
                        }
                        Either::Left((Some(Word::Left) | None, _)) => return Outcome::Over,
                        Either::Right(((), _)) => {}
                    }
                }
                Next::Over => return Outcome::Over,
            }
        }
    }
}

/// Answers once there is news, or when the time is over: what is answered without waiting.
pub(super) async fn waited(
    target: &View,
    wait: Wait,
    asked: ClientRequest<'_>,
    call: Call<'_>,
    hits: u64,
) -> Reply {
    let View::Signal { pool, .. } = target else { return serve::unavailable().into() };
    let Some(mut following) = Following::new(Wants::Answer(pool, wait), call.env) else {
        return serve::unavailable().into();
    };
    // The client that leaves is said by the platform, and what waited for it is let go.
    let say = following.say.clone();
    let left = Closure::<dyn FnMut(JsValue)>::new(move |_| leave(&say));
    let signal = asked.request.signal();
    signal.set_onabort(Some(left.as_ref().unchecked_ref()));
    let seen = loop {
        match following.next(call).await {
            Outcome::News(seen) => break Some(seen),
            Outcome::Beat | Outcome::Events(_) => {}
            Outcome::Over => {
                let (part, limit, config) = (&following.part, following.limit, following.config);
                break Some(reader::look(part, limit, None, config, call).await);
            }
            Outcome::AtCapacity => break None,
        }
    };
    signal.set_onabort(None);
    let Some(seen) = seen else { return serve::at_capacity(asked.ask).into() };
    serve::after_news(target, asked.ask, &seen.basis(following.config, &seen.counted(hits), &[])).into()
}

/// The body of a stream of events, piece by piece.
#[wasm_bindgen]
pub struct Events(Rc<Stream>);

/// What the pieces are made of.
struct Stream {
    following: RefCell<Option<Following>>,
    say: UnboundedSender<Word>,
    env: Env,
    ctx: Context,
}

#[wasm_bindgen]
impl Events {
    /// Promises the next piece; nothing if it has come to its end.
    pub fn next(&self) -> Promise {
        let stream = Rc::clone(&self.0);
        future_to_promise(async move { Ok(stream.piece().await.map_or(JsValue::UNDEFINED, JsValue::from)) })
    }

    /// The client has left.
    pub fn leave(&self) {
        // A piece that is waited for ends, and what it holds is let go.
        leave(&self.0.say);
        self.0.following.take();
    }
}

impl Stream {
    async fn piece(&self) -> Option<String> {
        let mut following = self.following.take()?;
        let piece = match following.next(Call { env: &self.env, ctx: &self.ctx }).await {
            Outcome::News(seen) => serve::event(&seen.snapshot, following.followed.tag(), clock::now()),
            Outcome::Events(text) => text,
            Outcome::Beat => serve::KEEP_ALIVE.to_owned(),
            Outcome::Over | Outcome::AtCapacity => return None,
        };
        self.following.replace(Some(following));
        Some(piece)
    }
}

/// What a client that comes back says that it has.
fn last_event(asked: ClientRequest<'_>) -> Option<String> {
    asked.request.headers().get("last-event-id").ok().flatten()
}

/// A stream of the signals of a pool, to a client that has the one named in `Last-Event-ID`
/// already.
pub(super) async fn stream(pool: &str, asked: ClientRequest<'_>, call: Call<'_>) -> Result<JsValue, JsValue> {
    let known = last_event(asked).as_deref().and_then(Mark::parse);
    streamed(Wants::Events(pool, known), asked, call).await
}

/// A stream of what changes of all pools, to a client that has what is named in `Last-Event-ID`
/// already; what is hidden is in it if `all` is.
pub(super) async fn stream_of_all(
    all: bool,
    asked: ClientRequest<'_>,
    call: Call<'_>,
) -> Result<JsValue, JsValue> {
    let place = last_event(asked).as_deref().and_then(Place::parse);
    streamed(Wants::EventsOfAll(place, all), asked, call).await
}

/// What `entry.mjs` makes a response of, with the pieces of its body in `events`.
async fn streamed(wants: Wants<'_>, asked: ClientRequest<'_>, call: Call<'_>) -> Result<JsValue, JsValue> {
    let Some(mut following) = Following::new(wants, call.env) else {
        return Ok(respond::reply(&serve::unavailable().into(), false)?.into());
    };
    // Once the first byte is sent it is too late to decline.
    let opens = following.follower.next(clock::now()) == Next::Open;
    if !following.take_permit() || (opens && !following.open(call.env).await) {
        return Ok(respond::reply(&serve::at_capacity(asked.ask).into(), false)?.into());
    }
    let reply = respond::reply(&serve::stream(asked.ask).into(), false)?;
    let say = following.say.clone();
    let (env, ctx) = (call.env.clone(), caught::same(call.ctx));
    let events = Events(Rc::new(Stream { following: RefCell::new(Some(following)), say, env, ctx }));
    Reflect::set(&reply, &"events".into(), &events.into())?;
    Ok(reply.into())
}
