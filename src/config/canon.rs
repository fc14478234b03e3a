//! The meaning of a configuration as one stable text, and its fingerprint: comments and layout do
//! not change it, every meaningful change does.
//!
//! Running objects compare these fingerprints across releases, so nothing here follows the `Debug`
//! form of a type. A line is a key, the length of the value and the value: no value can look like
//! the next line.

use super::pool::DEFAULT_MAX_HOLD;
use super::{
    Access, Cdn, Channel, Config, Connect, Document, Expect, Link, Origin, OriginUrl, Pace, Page, Pattern,
    Place, Plan, Pool, Presentation, Probe, ProbeValue, Quorum, Route, Rule, StatusRange, Thresholds, Tier,
    Vantage,
};
use crate::units::{Fingerprint, Millis};

/// Fingerprint of everything a file means.
pub(super) fn hash(config: &Config) -> Fingerprint {
    let mut lines = Lines(String::new());
    lines.put(
        "plan",
        match config.plan {
            Plan::Free => "free",
            Plan::Paid => "paid",
        },
    );
    lines.put("arbiter_location", config.arbiter_location.as_str());
    for reference in &config.references {
        lines.put("reference", &reference.to_string());
    }
    config.vantages.iter().for_each(|vantage| lines.vantage(vantage));
    config.pools.iter().for_each(|pool| lines.pool(pool));
    config.routes.iter().for_each(|route| lines.route(route));
    if let Some(name) = &config.heartbeat_secret {
        lines.put("heartbeat_secret", name);
    }
    config.notify.iter().for_each(|channel| lines.channel(channel));
    if let Some(url) = &config.public_url {
        lines.put("public_url", &url.to_string());
    }
    lines.page(&config.page);
    lines.access(&config.access);
    if config.incidents.on_warnings {
        lines.put("open_on", "warn");
    }
    if let Some(Cdn { zone, token, api }) = &config.cdn {
        lines.put("purge_zone", zone);
        lines.put("purge_token", token);
        lines.put("purge_api", &api.to_string());
    }
    if !config.history.is_usual() {
        lines.millis("minutes", config.history.minutes);
        lines.millis("hours", config.history.hours);
        lines.millis("days", config.history.days);
    }
    Fingerprint::of(&lines.0)
}

/// Fingerprint of what decides an origin's votes: its address, pace, connections,
/// thresholds, probe and expectations.
pub(super) fn definition(origin: &Origin) -> Fingerprint {
    let mut lines = Lines(String::new());
    lines.definition(origin);
    Fingerprint::of(&lines.0)
}

/// Fingerprint of what decides a heartbeat's verdict.
pub(super) fn heartbeat(period: Millis, grace: Millis) -> Fingerprint {
    let mut lines = Lines(String::new());
    lines.heartbeat(period, grace);
    Fingerprint::of(&lines.0)
}

/// The text so far.
struct Lines(String);

impl Lines {
    fn put(&mut self, key: &str, value: &str) {
        let length = value.len().to_string();
        for part in [key, " ", &length, " ", value, "\n"] {
            self.0.push_str(part);
        }
    }

    fn number(&mut self, key: &str, value: u64) {
        self.put(key, &value.to_string());
    }

    fn millis(&mut self, key: &str, value: Millis) {
        self.number(key, value.get());
    }

    fn vantage(&mut self, vantage: &Vantage) {
        self.put("vantage", vantage.name.as_str());
        match &vantage.place {
            Place::Hint(hint) => self.put("hint", hint.as_str()),
            Place::Service(binding) => self.put("service", binding),
        }
        self.about(&vantage.about);
    }

    fn pool(&mut self, pool: &Pool) {
        self.put("pool", pool.name.as_str());
        match pool.quorum {
            Quorum::Any => self.put("quorum", "any"),
            Quorum::Majority => self.put("quorum", "majority"),
            Quorum::All => self.put("quorum", "all"),
            Quorum::Count(count) => self.number("quorum", count.into()),
            Quorum::Share(share) => self.put("quorum", &share.to_string()),
        }
        // Fingerprints from before this setting stay what they were.
        if pool.monitor {
            self.number("monitor", 1);
        }
        if pool.hidden {
            self.number("hidden", 1);
        }
        self.about(&pool.about);
        self.number("min_votes", pool.min_votes.into());
        self.millis("vote_ttl", pool.vote_ttl);
        self.millis("hold_down", pool.hold_down);
        // Fingerprints from before this setting stay what they were.
        if pool.max_hold != DEFAULT_MAX_HOLD {
            self.millis("max_hold", pool.max_hold);
        }
        self.millis("failback_delay", pool.failback_delay);
        if let Some(share) = pool.panic {
            self.put("panic", &share.to_string());
        }
        self.number("expose_urls", pool.expose_urls.into());
        if let Some(warn) = pool.cert_warn {
            self.millis("cert_warn", warn);
        }
        for origin in &pool.origins {
            self.put("origin", origin.id.origin.as_str());
            self.number("priority", origin.priority.into());
            self.number("weight", origin.weight.into());
            origin.vantages.iter().for_each(|name| self.put("from", name.as_str()));
            self.definition(origin);
            // No vote goes by these.
            origin.expect.timings.iter().for_each(|name| self.put("timing", name));
            self.about(&origin.about);
        }
        for heartbeat in &pool.heartbeats {
            self.put("heartbeat", heartbeat.id.origin.as_str());
            self.heartbeat(heartbeat.period, heartbeat.grace);
            // Fingerprints from before this setting stay what they were.
            if heartbeat.get {
                self.number("get", 1);
            }
            self.about(&heartbeat.about);
        }
    }

    /// What people read. Fingerprints from before these settings stay what they were.
    fn about(&mut self, about: &Presentation) {
        let texts = [
            ("title", &about.title),
            ("group", &about.group),
            ("description", &about.description),
            ("link", &about.link),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                self.put(key, text);
            }
        }
        about.tags.iter().for_each(|tag| self.put("tag", tag));
    }

    fn access(&mut self, access: &Access) {
        let secrets = [("read_tokens", &access.read_tokens), ("admin_tokens", &access.admin_tokens)];
        for (key, name) in secrets {
            if let Some(name) = name {
                self.put(key, name);
            }
        }
        if let Some(jwt) = &access.jwt {
            self.put("jwt_issuer", &jwt.issuer.to_string());
            jwt.audience.iter().for_each(|audience| self.put("jwt_audience", audience));
            jwt.admins.iter().for_each(|admin| self.put("jwt_admin", admin));
        }
        for setting in &access.doors {
            self.put(setting.door.as_str(), if setting.tier == Tier::Public { "public" } else { "read" });
        }
    }

    fn page(&mut self, page: &Page) {
        let logo = page.logo.as_ref().map(|logo| logo.address().to_owned());
        let texts = [
            ("page", &page.title),
            ("logo", &logo),
            ("language", &page.language),
            ("time_zone", &page.time_zone),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                self.put(key, text);
            }
        }
        for Link { text, url } in &page.links {
            self.put("text", text);
            self.put("url", url);
        }
        page.groups.iter().for_each(|group| self.put("heading", group));
        page.order.iter().for_each(|name| self.put("placed", name.as_str()));
    }

    fn heartbeat(&mut self, period: Millis, grace: Millis) {
        self.millis("period", period);
        self.millis("grace", grace);
    }

    fn route(&mut self, route: &Route) {
        self.put("route", &route.host);
        self.put("path", &route.path);
        self.put("to", route.pool.as_str());
        self.put("steering", route.steering.as_str());
        // Fingerprints from before these settings stay what they were.
        let (said, usual) = (Self::way(route), Self::way(&Route::usual(route)));
        if said != usual {
            self.put("way", &said);
        }
    }

    /// What is done with the requests of a route.
    fn way(route: &Route) -> String {
        let mut lines = Self(String::new());
        lines.number("strip_prefix", route.strip_prefix.into());
        lines.millis("timeout", route.timeout);
        lines.millis("deadline", route.deadline);
        lines.number("attempts", route.attempts.into());
        route.retry.status.iter().for_each(|range| lines.range(*range));
        route.retry.methods.iter().for_each(|method| lines.put("method", method));
        lines.put("budget", &route.retry.budget.to_string());
        lines.millis("slow_start", route.slow_start);
        if let Some(stale) = route.stale_if_error {
            lines.millis("stale_if_error", stale);
        }
        if let Some(answer) = &route.answer {
            lines.number("answer", answer.status.into());
            lines.put("content_type", &answer.content_type);
            lines.put("body", &answer.body);
        }
        lines.number("try_failing", route.try_failing.into());
        lines.0
    }

    fn range(&mut self, range: StatusRange) {
        self.number("first", range.first.into());
        self.number("last", range.last.into());
    }

    fn channel(&mut self, channel: &Channel) {
        self.put("notify", channel.name.as_str());
        self.put("kind", channel.kind.as_str());
        self.probe_value(&channel.url);
        channel.secrets.iter().for_each(|secret| self.put("signed", secret));
        channel.on.iter().for_each(|topic| self.put("on", topic.as_str()));
        channel.pools.iter().for_each(|pool| self.put("of", pool.as_str()));
        self.millis("after", channel.after);
        if let Some(every) = channel.every {
            self.millis("every", every);
        }
        self.number("messages", channel.cap.messages.into());
        self.millis("within", channel.cap.within);
        self.millis("give_up", channel.give_up);
        // Fingerprints from before this setting stay what they were.
        if let Some(title) = &channel.title {
            self.put("title", title);
        }
    }

    fn definition(&mut self, origin: &Origin) {
        self.url(&origin.url);
        self.pace(origin.pace);
        self.thresholds(origin.thresholds);
        // Fingerprints from before this setting stay what they were.
        if origin.connect != Connect::Usual {
            self.put("connect", &origin.connect.to_string());
        }
        self.probe(&origin.probe);
        self.expect(&origin.expect);
    }

    fn url(&mut self, url: &OriginUrl) {
        self.number("https", url.https.into());
        self.put("host", &url.host);
        if let Some(port) = url.port {
            self.number("port", port.into());
        }
        self.put("prefix", &url.prefix);
    }

    fn pace(&mut self, pace: Pace) {
        self.millis("interval", pace.interval);
        self.millis("fast_interval", pace.fast_interval);
        self.millis("down_interval", pace.down_interval);
        self.millis("timeout", pace.timeout);
    }

    fn thresholds(&mut self, thresholds: Thresholds) {
        self.number("fall", thresholds.fall.into());
        self.number("rise", thresholds.rise.into());
        if let Some(window) = thresholds.window {
            self.number("failures", window.failures.into());
            self.number("of", window.of.into());
        }
    }

    fn probe(&mut self, probe: &Probe) {
        self.put("method", probe.method.as_str());
        self.put("target", &probe.path);
        self.number("redirects", probe.redirects.into());
        for (name, value) in &probe.headers {
            self.put("header", name);
            self.probe_value(value);
        }
        if let Some(body) = &probe.body {
            self.put("body", "");
            self.probe_value(body);
        }
    }

    fn probe_value(&mut self, value: &ProbeValue) {
        match value {
            ProbeValue::Text(text) => self.put("text", text),
            ProbeValue::Secret(secret) => self.put("secret", secret),
        }
    }

    fn expect(&mut self, expect: &Expect) {
        expect.status.iter().for_each(|range| self.range(*range));
        if let Some(text) = &expect.body_contains {
            self.put("body_contains", text);
        }
        for (pointer, value) in &expect.json {
            self.put("pointer", pointer);
            self.put("json", value);
        }
        for (name, text) in &expect.headers {
            self.put("expect_header", name);
            self.put("contains", text);
        }
        // Fingerprints from before these settings stay what they were.
        self.texts(expect);
        for (pointer, rule) in &expect.json_rules {
            self.rule(pointer, rule);
        }
        for (pointer, parts) in &expect.json_parts {
            self.put("parts", pointer);
            self.number("all", parts.all.into());
            for (inner, rule) in &parts.rules {
                self.rule(inner, rule);
            }
        }
        self.limits(expect);
    }

    fn texts(&mut self, expect: &Expect) {
        let texts = [
            ("body_is", expect.body_is.as_deref()),
            ("body_not_contains", expect.body_not_contains.as_deref()),
            ("body_matches", expect.body_matches.as_ref().map(Pattern::as_str)),
            ("db_metric", expect.db_metric.as_deref()),
            ("db_calls_header", expect.db_calls_header.as_deref()),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                self.put(key, text);
            }
        }
        if expect.document != Document::Auto {
            self.put("document", &expect.document.to_string());
        }
    }

    fn rule(&mut self, pointer: &str, rule: &Rule) {
        self.put("rule", pointer);
        rule.good.iter().for_each(|value| self.put("good", value));
        rule.warn.iter().for_each(|value| self.put("warns", value));
        self.number("lenient", rule.lenient.into());
    }

    fn limits(&mut self, expect: &Expect) {
        if let Some(limit) = expect.max_latency {
            self.millis("max_latency", limit);
        }
        if let Some(limit) = expect.fail_latency {
            self.millis("fail_latency", limit);
        }
        if let Some(limit) = expect.max_db_calls {
            self.number("max_db_calls", limit.into());
        }
        if let Some(limit) = expect.max_db_time {
            self.millis("max_db_time", limit);
        }
    }
}
