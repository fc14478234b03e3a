//! What a deployment is held to beyond what is valid: the edge must reach what the file names, and
//! what it sends should be read by nobody else.

use vedette::config::{Config, Origin, OriginUrl, ProbeValue, Reach};
use vedette::probe::is_credential;

/// Parameters of a query whose value is a credential.
const PARAMETERS: [&str; 6] = ["token", "access_token", "auth_token", "api_key", "apikey", "password"];

/// What the edge cannot reach, and what it must not be told to.
pub(super) fn refused(config: &Config) -> Vec<String> {
    let origins = config.origins().filter_map(|origin| {
        let Reach::Never(why) = origin.url.reach() else { return None };
        let url = &origin.url;
        Some(format!("{}: its url {url} {why}; write an address that is public", config.path(&origin.id)))
    });
    let references = config.references.iter().filter_map(|url| {
        let Reach::Never(why) = url.reach() else { return None };
        Some(format!("references: {url} {why}; write an address that is public"))
    });
    let channels = config.notify.iter().filter_map(|channel| {
        let why = channel.undeployable()?;
        Some(format!("notify.{}: its url {why}; write an https address that is public", channel.name))
    });
    let mut refused: Vec<String> = origins.chain(references).chain(channels).collect();
    if let Some((issuer, Reach::Never(why))) =
        config.access.jwt.as_ref().map(|jwt| (&jwt.issuer, jwt.issuer.reach()))
    {
        refused
            .push(format!("access.jwt_issuer: {issuer} {why}; write \"https://TEAM.cloudflareaccess.com\""));
    }
    let api = config.cdn.as_ref().map(|cdn| &cdn.api);
    if let Some((api, why)) = api.and_then(|api| Some((api, never(api)?))) {
        refused.push(format!("purge.api: {api} {why}; leave it out: Cloudflare's is meant then"));
    }
    if config.public_url.as_ref().is_some_and(OriginUrl::is_loopback) {
        refused.push(
            "public_url: is this machine; write where people find the page, or leave it out".to_owned(),
        );
    }
    refused
}

/// Why a token must not be sent there from the edge, if so.
fn never(api: &OriginUrl) -> Option<&'static str> {
    match api.reach() {
        Reach::Never(why) => Some(why),
        Reach::Name | Reach::Bare if api.https => None,
        Reach::Name | Reach::Bare => Some("is not https, so that anyone on the way reads the token"),
    }
}

/// What will run, and should be looked at again. No value is repeated: it is a credential.
pub(super) fn warnings(config: &Config) -> Vec<String> {
    config.origins().flat_map(|origin| of_origin(origin, &config.path(&origin.id))).collect()
}

fn of_origin(origin: &Origin, at: &str) -> Vec<String> {
    let probe = &origin.probe;
    let mut said = Vec::new();
    if origin.url.reach() == Reach::Bare {
        said.push(format!(
            "{at}: its url {} is an address without a name, which the edge may refuse to ask (error 1003); \
             give it a name in the DNS",
            origin.url
        ));
    }
    let is_secret = |value: &ProbeValue| matches!(value, ProbeValue::Secret(_));
    if !origin.url.https && probe.headers.values().chain(&probe.body).any(is_secret) {
        said.push(format!(
            "{at}: its probe sends a secret over plain http, which anyone on the way reads; write https"
        ));
    }
    let literal = |name: &&String| {
        let text = probe.headers.get(*name).is_some_and(|value| !is_secret(value));
        text && is_credential(name)
    };
    for name in probe.headers.keys().filter(literal) {
        said.push(format!(
            "{at}: its probe has the header {name} in plain text; write {{ secret = \"NAME\" }}, and store \
             the value with wrangler secret put"
        ));
    }
    let query = probe.path.split_once('?').map_or("", |(_, query)| query);
    let names = query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, _)| name);
    for name in names.filter(|name| PARAMETERS.contains(&name.to_ascii_lowercase().as_str())) {
        said.push(format!(
            "{at}: its probe.path has {name}= in plain text; send a header with {{ secret = \"NAME\" }} in its place"
        ));
    }
    said
}
