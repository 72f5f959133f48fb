//! A verifier's configuration as JSON: one form for browsers, Node, Workers and services.
//!
//! ```
//! use sentinel_core::config::Config;
//! let config = Config::from_json(br#"{
//!     "issuer": "https://login.example.com",
//!     "audience": ["my-service"],
//!     "algorithms": ["RS256", "ES256"],
//!     "leeway": 5
//! }"#)?;
//! # let _ = config.verifier;
//! assert!(Config::from_json(br#"{"issuer": null, "audience": null, "algoritms": []}"#).is_err());
//! # Ok::<(), sentinel_core::Error>(())
//! ```
//!
//! | member | meaning |
//! |---|---|
//! | `issuer`, `audience` | a string, a list of which one must match, or `null`: not checked. Required |
//! | `algorithms` | the allow-list by name. Required |
//! | `type` | the header's `typ`, e.g. `at+jwt` |
//! | `tokenUse` | the private claim `type`, e.g. `access` |
//! | `leeway` | seconds, 0 to 300; default 0 |
//! | `required` | claims that must be present; default `["exp"]` |
//! | `maxAge` | most seconds since `iat` |
//! | `maxTokenBytes` | longest token; default 16384, at most 1048576 |
//! | `profile`, `roleOrder`, `rules`, `allowedWorkspaces` | see [`Policy`] |
//! | `relations` | what tokens claim as tuples; with the feature `relations` |
//!
//! An unknown member is refused: a misspelt restriction must not be no restriction.

#[cfg(feature = "policy")]
use crate::Policy;
use crate::jose::json::{self, Value};
#[cfg(feature = "relations")]
use crate::policy::ClaimedRelations;
use crate::{Algorithm, Algorithms, Error, ErrorCode, Expected, Limits, Verifier};
use alloc::borrow::Cow;
use alloc::vec::Vec;

/// Longest configuration in bytes: room for thousands of route rules.
const MAX_BYTES: usize = 1024 * 1024;

/// Highest `maxTokenBytes`: no HTTP server takes a header of more than 1 MiB.
const MAX_TOKEN_BYTES: u32 = 1024 * 1024;

/// What [`verifier`] reads.
const MEMBERS: [&str; 9] =
    ["issuer", "audience", "algorithms", "type", "tokenUse", "required", "leeway", "maxAge", "maxTokenBytes"];

/// What tells which claims are relations.
#[cfg(feature = "relations")]
const RELATIONS: &str = "relations";

/// What a verifier demands of a token and what its claims then mean.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which tokens are accepted.
    pub verifier: Verifier,
    /// Who is meant, and who may do what.
    #[cfg(feature = "policy")]
    pub policy: Policy,
    /// Which claims are relations.
    #[cfg(feature = "relations")]
    pub relations: ClaimedRelations,
}

const fn invalid(detail: &'static str) -> Error {
    Error::with(ErrorCode::ConfigurationInvalid, detail)
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// [`ErrorCode::ConfigurationInvalid`] with what is wrong.
    pub fn from_json(document: &[u8]) -> Result<Self, Error> {
        if document.len() > MAX_BYTES {
            return Err(invalid("the configuration is longer than 1 MiB"));
        }
        let limits = Limits { json_members: 1024, ..Limits::DEFAULT };
        let document = json::parse(document, &limits)?;
        let mut members = document.members().ok_or(invalid("the configuration must be a JSON object"))?;
        if !members.all(|(name, _)| is_known(&name)) {
            return Err(invalid("the configuration has an unknown member"));
        }
        Ok(Self {
            verifier: verifier(document)?,
            #[cfg(feature = "policy")]
            policy: policy(document)?,
            #[cfg(feature = "relations")]
            relations: relations(document)?,
        })
    }
}

/// Most verifiers only verify: reading a policy that is not there would cost a cold start a millisecond.
#[cfg(feature = "policy")]
fn policy(config: Value<'_>) -> Result<Policy, Error> {
    if Policy::MEMBERS.iter().any(|name| config.member(name).is_some()) {
        return Policy::from_json(config);
    }
    Policy::new(crate::RoleOrder::SENTINEL, Vec::new())
}

#[cfg(feature = "relations")]
fn relations(config: Value<'_>) -> Result<ClaimedRelations, Error> {
    let Some(list) = config.member(RELATIONS) else { return Ok(ClaimedRelations::default()) };
    let issuers = config.member("issuer").and_then(expected).unwrap_or(Expected::any());
    ClaimedRelations::from_json(list, &issuers)
}

fn is_known(name: &str) -> bool {
    #[cfg(feature = "policy")]
    if Policy::MEMBERS.contains(&name) {
        return true;
    }
    #[cfg(feature = "relations")]
    if name == RELATIONS {
        return true;
    }
    MEMBERS.contains(&name)
}

fn verifier(config: Value<'_>) -> Result<Verifier, Error> {
    let issuer = config.member("issuer").and_then(expected);
    let audience = config.member("audience").and_then(expected);
    let algorithms =
        config.member("algorithms").ok_or(invalid("`algorithms` is missing: the list of allowed names"))?;
    let mut verifier = Verifier::new(
        issuer.ok_or(invalid("`issuer` must be there: a string, a list, or null for any"))?,
        audience.ok_or(invalid("`audience` must be there: a string, a list, or null for any"))?,
        allow_list(algorithms)?,
    );
    if let Some(value) = config.member("type") {
        verifier = verifier.typ(&value.as_str().ok_or(invalid("`type` must be a string"))?);
    }
    if let Some(value) = config.member("tokenUse") {
        verifier = verifier.token_use(&value.as_str().ok_or(invalid("`tokenUse` must be a string"))?);
    }
    if let Some(value) = config.member("required") {
        verifier = verifier.required(strings(value).ok_or(invalid("`required` must be a list of names"))?);
    }
    if let Some(value) = config.member("leeway") {
        verifier = verifier.leeway(seconds(value).ok_or(invalid("`leeway` must be 0 to 300"))?)?;
    }
    if let Some(value) = config.member("maxAge") {
        verifier = verifier.max_age(seconds(value).ok_or(invalid("`maxAge` must be whole seconds"))?);
    }
    if let Some(value) = config.member("maxTokenBytes") {
        let bytes = seconds(value)
            .filter(|bytes| (1..=MAX_TOKEN_BYTES).contains(bytes))
            .ok_or(invalid("`maxTokenBytes` must be 1 to 1048576"))?;
        verifier = verifier.limits(Limits { token_bytes: bytes as usize, ..Limits::DEFAULT });
    }
    Ok(verifier)
}

fn seconds(value: Value<'_>) -> Option<u32> {
    value.as_i64().and_then(|number| u32::try_from(number).ok())
}

/// A list of strings and nothing else.
fn strings(value: Value<'_>) -> Option<Vec<Cow<'_, str>>> {
    value.elements()?.map(Value::as_str).collect()
}

fn expected(value: Value<'_>) -> Option<Expected> {
    if value.is_null() {
        return Some(Expected::any());
    }
    match value.as_str() {
        Some(text) => Some(Expected::exactly(&text)),
        None => strings(value).filter(|list| !list.is_empty()).map(Expected::one_of),
    }
}

fn allow_list(value: Value<'_>) -> Result<Algorithms, Error> {
    let names = strings(value).ok_or(invalid("`algorithms` must be a list of names"))?;
    names.iter().try_fold(Algorithms::NONE, |list, name| {
        let algorithm = Algorithm::from_name(name).ok_or(invalid("`algorithms` has an unknown name"))?;
        Ok(list.with(algorithm))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    fn code(members: &str) -> Option<ErrorCode> {
        let text = format!(r#"{{"issuer":"a","audience":null,"algorithms":["RS256"]{members}}}"#);
        Config::from_json(text.as_bytes()).err().map(|error| error.code())
    }

    #[test]
    fn reads_every_setting() {
        assert_eq!(code(""), None);
        let every = r#","type":"at+jwt","tokenUse":"access","leeway":300,"required":[],"maxAge":60,"maxTokenBytes":1"#;
        assert_eq!(code(every), None);
    }

    #[test]
    fn refuses_what_it_does_not_understand() {
        for members in [
            r#","leeway":301"#,
            r#","leeway":-1"#,
            r#","leeway":"5""#,
            r#","leeway":1.5"#,
            r#","maxAge":-1"#,
            r#","maxTokenBytes":0"#,
            r#","maxTokenBytes":1048577"#,
            r#","required":"exp""#,
            r#","required":[1]"#,
            r#","type":null"#,
            r#","tokenUse":1"#,
            r#","Leeway":1"#,
            r#","leeway":1,"leeway":2"#,
            r#","":1"#,
        ] {
            assert_eq!(code(members), Some(ErrorCode::ConfigurationInvalid), "{members}");
        }
        for text in [
            "",
            "[]",
            "{}",
            r#"{"audience":null,"algorithms":[]}"#,
            r#"{"issuer":null,"algorithms":[]}"#,
            r#"{"issuer":null,"audience":null}"#,
            r#"{"issuer":[],"audience":null,"algorithms":[]}"#,
            r#"{"issuer":1,"audience":null,"algorithms":[]}"#,
            r#"{"issuer":["a",1],"audience":null,"algorithms":[]}"#,
            r#"{"issuer":null,"audience":null,"algorithms":["none"]}"#,
            r#"{"issuer":null,"audience":null,"algorithms":["rs256"]}"#,
            r#"{"issuer":null,"audience":null,"algorithms":"RS256"}"#,
        ] {
            let error = Config::from_json(text.as_bytes()).err().map(|error| error.code());
            assert_eq!(error, Some(ErrorCode::ConfigurationInvalid), "{text}");
        }
    }
}
