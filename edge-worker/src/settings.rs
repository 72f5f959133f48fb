//! `SENTINEL_GATEWAY`: what makes the Worker a gateway before an origin. A member that is not known is refused.

use serde::Deserialize;
use serde_json::Value;

/// The gateway's settings.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Settings {
    /// Where allowed requests go: scheme, host, port, and nothing else.
    pub(crate) origin: String,
    /// How the origin is named in proofs (`aud`).
    pub(crate) service: String,
    /// How this gateway is named in proofs (`iss`).
    #[serde(default = "gateway")]
    pub(crate) name: String,
    /// Issuers beside the one of `SENTINEL_CONFIG`.
    #[serde(default)]
    pub(crate) issuers: Vec<Issuer>,
    /// Asks for two tokens: `SENTINEL_CONFIG` is then of the authorization token, this of the identity token.
    pub(crate) pair: Option<PairSettings>,
    /// The cookie that may hold the token where there is no `Authorization`.
    pub(crate) cookie: Option<String>,
    /// Where a page is sent that needs a login: a path of this host, or a whole URL. `return_to` is added.
    pub(crate) login: Option<String>,
    /// Whether the origin gets the tokens too. It needs them only to call others on the user's behalf.
    #[serde(default)]
    pub(crate) forward_tokens: bool,
    /// Where to hear what was taken back. Its service key is the secret `SENTINEL_SERVICE_KEY`.
    pub(crate) revocations: Option<RevocationSettings>,
    /// What answers rules with a relation. The service key is the secret `SENTINEL_SERVICE_KEY`.
    pub(crate) bundle: Option<BundleSettings>,
    /// What becomes of a relation that the bundle has no answer to.
    #[serde(default)]
    pub(crate) undecided: Undecided,
    /// Where the server is asked then: AuthZEN's evaluation, or OpenFGA's check of a store.
    pub(crate) ask: Option<String>,
    /// Which decisions are logged.
    #[serde(default)]
    pub(crate) log: Log,
}

/// Whose tokens count, and with which keys.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Issuer {
    /// As `SENTINEL_CONFIG`, without rules.
    pub(crate) config: Value,
    pub(crate) jwks: Option<Value>,
    pub(crate) jwks_url: Option<String>,
}

/// The identity token of a pair.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PairSettings {
    /// The service that authorization tokens must be for (`svc`).
    pub(crate) service: String,
    /// Who issues the identity tokens.
    pub(crate) identity: Issuer,
}

/// How closely revocations are followed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RevocationSettings {
    /// `GET /revocations` of the server.
    pub(crate) url: String,
    /// Seconds after which the server is asked again.
    #[serde(default = "five")]
    pub(crate) max_age: u32,
    /// Seconds for which what was heard last serves while the server does not answer. Then nobody is let in.
    #[serde(default = "sixty")]
    pub(crate) max_stale: u32,
}

/// Which bundle is held.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BundleSettings {
    /// `…/bundles/v1/workspaces/W`, with `/services/S` for a service's part; `{workspace}` for the token's own.
    pub(crate) url: String,
    /// For whom it must be (`aud`).
    pub(crate) audience: String,
    /// Who must publish it; the issuer of `SENTINEL_CONFIG` until said otherwise.
    pub(crate) issuer: Option<String>,
    /// Seconds after which it is asked for again, behind the requests.
    #[serde(default = "five")]
    pub(crate) max_age: u32,
    /// For so many seconds more no request waits for it (RFC 5861).
    #[serde(default = "thirty")]
    pub(crate) stale_while_revalidate: u32,
    /// Whether the Cache API keeps it for the next isolate.
    #[serde(default = "yes")]
    pub(crate) cache: bool,
}

/// What becomes of what the bundle has no answer to.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Undecided {
    /// It opens nothing.
    #[default]
    Deny,
    /// The server is asked.
    Ask,
}

/// Which decisions are logged.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Log {
    All,
    #[default]
    Denied,
    None,
}

fn gateway() -> String {
    "sentinel-gateway".to_owned()
}

fn five() -> u32 {
    5
}

fn thirty() -> u32 {
    30
}

fn yes() -> bool {
    true
}

fn sixty() -> u32 {
    60
}
