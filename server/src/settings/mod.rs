//! Settings: one [`table`], read from flags, the environment and a file, into [`Settings`].

mod error;
mod providers;
mod reference;
mod source;
pub mod table;
mod traces;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

pub use error::SettingsError;
pub use providers::Provider;
pub use reference::reference;
use secrecy::SecretString;
pub use source::{Origin, Sources};
use source::{Value, Values, parts};
use table::{Kind, Setting};
pub use traces::{Sampler, Traces};
use url::Url;

/// Everything that was set, checked.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "each is a setting of the table, where it is described")]
pub struct Settings {
    pub base_url: Option<Url>,
    pub service_host: String,
    pub service_port: u16,
    pub management_host: String,
    pub management_port: u16,
    /// Whether the management port was set: a default that is taken gives way.
    pub management_port_is_set: bool,
    pub data_dir: PathBuf,
    pub database_url: Option<SecretString>,
    pub database_connections: u32,
    pub master_key_file: Option<PathBuf>,
    pub admin_emails: Vec<String>,
    pub admin_home: Option<String>,
    pub owner_pin_file: Option<PathBuf>,
    pub owner_username: String,
    pub local_workspace: String,
    pub local_token_life: Duration,
    pub local_session_life: Duration,
    pub newcomers: String,
    pub default_workspace: String,
    pub default_workspace_role: String,
    pub directory_file: Option<PathBuf>,
    pub access_token_life: Duration,
    pub tenant_access_token_life: Duration,
    pub authz_token_life: Duration,
    pub m2m_token_life: Duration,
    pub admin_token_life: Duration,
    pub refresh_token_life: Duration,
    pub session_life: Duration,
    pub sso_life: Duration,
    pub sso_dns_servers: Vec<SocketAddr>,
    pub sso_metadata_every: Duration,
    pub sso_metadata_overlap: Duration,
    pub invitation_life: Duration,
    pub password_link_life: Duration,
    pub password_hashes_at_once: usize,
    pub password_hashes_waiting: usize,
    pub password_memory_kib: u32,
    pub password_iterations: u32,
    pub password_lanes: u32,
    pub refresh_grace: Duration,
    pub signing_algorithm: String,
    pub policy_stores: i64,
    pub policy_models_mib_per_store: i64,
    pub policy_tuples_per_store: i64,
    pub policy_tuples_in_memory: i64,
    pub policy_memory_mib: usize,
    pub policy_changes: Duration,
    pub policy_list_results: usize,
    pub policy_list_deadline: Duration,
    pub policy_log_decisions: bool,
    pub policy_log_reasons: bool,
    pub policy_log_context: bool,
    pub bundle_lifetime: Duration,
    pub bundle_memory_mib: usize,
    /// Requests a minute and address; `None`: no limits at all.
    pub rate_limit_rpm: Option<u32>,
    pub trusted_proxies: Vec<Network>,
    pub trusted_proxy_count: usize,
    /// Host names in lower case; empty: those of `base_url`.
    pub allowed_hosts: Vec<String>,
    pub request_timeout: Duration,
    pub body_timeout: Duration,
    pub max_concurrent_requests: usize,
    pub max_concurrent_requests_per_client: usize,
    pub shutdown: Duration,
    pub log_json: bool,
    pub log_level: String,
    pub allow_loopback_providers: bool,
    pub allow_private_providers: bool,
    pub allow_loopback_webhooks: bool,
    pub providers: Vec<Provider>,
    /// Where spans are sent; `None`: none are made.
    pub traces: Option<Traces>,
    shown: Vec<Shown>,
}

/// A setting as `sentinel config show` has it: no secret.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct Shown {
    /// The setting.
    pub name: String,
    /// What holds; `***` for a secret, nothing where it is not set.
    pub value: Option<String>,
    /// Where that stands.
    pub origin: String,
}

/// A range of addresses: `10.0.0.0/8`, `::1/128`, or a single one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Whether an address lies in it. An IPv4 address written as an IPv6 one counts as what it is.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - self.bits.min(32)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - self.bits.min(128)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            _ => false,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok().filter(|bits| *bits <= most))?;
        Some(Self { address, bits })
    }
}

/// Loopback and private networks (RFC 1918, RFC 4193): where a proxy stands whose address nobody named.
const NEAR: [&str; 6] = ["127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

impl Settings {
    /// Reads and checks all of them.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn load(sources: &Sources) -> Result<Self, SettingsError> {
        let values = source::read(sources)?;
        let known = source::known(&values.providers);
        let read = Read { values: &values, known: &known };
        let proxies = read.list("TRUSTED_PROXIES")?;
        let behind_proxy = read.switch("BEHIND_PROXY")?.unwrap_or(false) || !proxies.is_empty();
        let proxies: Vec<_> = if proxies.is_empty() { NEAR.map(str::to_owned).to_vec() } else { proxies };
        let trusted_proxies = proxies
            .iter()
            .map(|text| Network::parse(text).ok_or_else(|| read.wrong("TRUSTED_PROXIES", "networks like 10.0.0.0/8")))
            .collect::<Result<Vec<_>, _>>()?;
        let dns_servers = read.list("SSO_DNS_SERVERS")?;
        let dns_servers = dns_servers
            .iter()
            .map(|text| {
                text.parse().map_err(|_| read.wrong("SSO_DNS_SERVERS", "addresses with ports like 10.0.0.2:53"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let rate_limit_rpm = read.number("RATE_LIMIT_RPM")?;
        let minutes = |name| Ok(Duration::from_secs(60 * read.number::<u64>(name)?));
        let hours = |name| Ok(Duration::from_secs(3600 * read.number::<u64>(name)?));
        let days = |name| Ok(Duration::from_secs(86_400 * read.number::<u64>(name)?));
        let seconds = |name| Ok(Duration::from_secs(read.number::<u64>(name)?));
        let lower = |texts: Vec<String>| texts.into_iter().map(|text| text.to_ascii_lowercase()).collect();
        Ok(Self {
            base_url: read.base_url()?,
            service_host: read.text("SERVICE_HOST")?.unwrap_or_default(),
            service_port: read.number("SERVICE_PORT")?,
            management_host: read.text("MANAGEMENT_HOST")?.unwrap_or_default(),
            management_port: read.number("MANAGEMENT_PORT")?,
            management_port_is_set: values.given.contains_key("MANAGEMENT_PORT"),
            data_dir: read.text("DATA_DIR")?.unwrap_or_default().into(),
            database_url: read.database_url()?,
            database_connections: read.number("DATABASE_CONNECTIONS")?,
            master_key_file: read.text("MASTER_KEY_FILE")?.map(PathBuf::from),
            admin_emails: lower(read.list("ADMIN_EMAILS")?),
            admin_home: read.text("ADMIN_HOME")?,
            owner_pin_file: read.text("OWNER_PIN_FILE")?.map(PathBuf::from),
            owner_username: read.text("OWNER_USERNAME")?.unwrap_or_default(),
            local_workspace: read.text("LOCAL_WORKSPACE")?.unwrap_or_default(),
            local_token_life: minutes("LOCAL_TOKEN_EXPIRE_MINUTES")?,
            local_session_life: days("LOCAL_SESSION_EXPIRE_DAYS")?,
            newcomers: read.text("NEWCOMERS")?.unwrap_or_default(),
            default_workspace: read.text("DEFAULT_WORKSPACE")?.unwrap_or_default(),
            default_workspace_role: read.text("DEFAULT_WORKSPACE_ROLE")?.unwrap_or_default(),
            directory_file: read.text("DIRECTORY_FILE")?.map(PathBuf::from),
            access_token_life: minutes("ACCESS_TOKEN_EXPIRE_MINUTES")?,
            tenant_access_token_life: minutes("TENANT_ACCESS_TOKEN_EXPIRE_MINUTES")?,
            authz_token_life: minutes("AUTHZ_TOKEN_EXPIRE_MINUTES")?,
            m2m_token_life: minutes("M2M_TOKEN_EXPIRE_MINUTES")?,
            admin_token_life: minutes("ADMIN_TOKEN_EXPIRE_MINUTES")?,
            refresh_token_life: days("REFRESH_TOKEN_EXPIRE_DAYS")?,
            session_life: days("SESSION_EXPIRE_DAYS")?,
            sso_life: hours("SSO_EXPIRE_HOURS")?,
            sso_dns_servers: dns_servers,
            sso_metadata_every: minutes("SSO_METADATA_MINUTES")?,
            sso_metadata_overlap: hours("SSO_METADATA_OVERLAP_HOURS")?,
            invitation_life: days("INVITATION_EXPIRE_DAYS")?,
            password_link_life: hours("PASSWORD_LINK_EXPIRE_HOURS")?,
            password_hashes_at_once: read.number("PASSWORD_HASHES_AT_ONCE")?,
            password_hashes_waiting: read.number("PASSWORD_HASHES_WAITING")?,
            password_memory_kib: read.number("PASSWORD_MEMORY_KIB")?,
            password_iterations: read.number("PASSWORD_ITERATIONS")?,
            password_lanes: read.number("PASSWORD_LANES")?,
            refresh_grace: seconds("REFRESH_GRACE_SECONDS")?,
            signing_algorithm: read.text("SIGNING_ALGORITHM")?.unwrap_or_default(),
            policy_stores: read.number("POLICY_STORES")?,
            policy_models_mib_per_store: read.number("POLICY_MODELS_MIB_PER_STORE")?,
            policy_tuples_per_store: read.number("POLICY_TUPLES_PER_STORE")?,
            policy_tuples_in_memory: read.number("POLICY_TUPLES_IN_MEMORY")?,
            policy_changes: days("POLICY_CHANGES_DAYS")?,
            policy_log_decisions: read.switch("POLICY_LOG_DECISIONS")?.unwrap_or(false),
            policy_log_reasons: read.switch("POLICY_LOG_REASONS")?.unwrap_or(false),
            policy_log_context: read.switch("POLICY_LOG_CONTEXT")?.unwrap_or(false),
            policy_memory_mib: read.number("POLICY_MEMORY_MIB")?,
            policy_list_results: read.number("POLICY_LIST_RESULTS")?,
            bundle_lifetime: seconds("BUNDLE_LIFETIME")?,
            bundle_memory_mib: read.number("BUNDLE_MEMORY_MIB")?,
            policy_list_deadline: seconds("POLICY_LIST_SECONDS")?,
            rate_limit_rpm: Some(rate_limit_rpm).filter(|rpm| *rpm > 0),
            trusted_proxies: if behind_proxy { trusted_proxies } else { Vec::new() },
            trusted_proxy_count: read.number("TRUSTED_PROXY_COUNT")?,
            allowed_hosts: lower(read.list("ALLOWED_HOSTS")?),
            request_timeout: seconds("REQUEST_TIMEOUT_SECONDS")?,
            body_timeout: seconds("BODY_TIMEOUT_SECONDS")?,
            max_concurrent_requests: read.number("MAX_CONCURRENT_REQUESTS")?,
            max_concurrent_requests_per_client: read.number("MAX_CONCURRENT_REQUESTS_PER_CLIENT")?,
            shutdown: seconds("SHUTDOWN_SECONDS")?,
            log_json: read.text("LOG_FORMAT")?.as_deref() == Some("json"),
            log_level: read.text("LOG_LEVEL")?.unwrap_or_default(),
            allow_loopback_providers: read.switch("ALLOW_LOOPBACK_PROVIDERS")?.unwrap_or(false),
            allow_private_providers: read.switch("ALLOW_PRIVATE_PROVIDERS")?.unwrap_or(false),
            allow_loopback_webhooks: read.switch("ALLOW_LOOPBACK_WEBHOOKS")?.unwrap_or(false),
            providers: providers::all(&read)?,
            traces: traces::read(&read)?,
            shown: read.shown(),
        })
    }

    /// Every setting, where it stands, and what holds; secrets masked.
    #[must_use]
    pub fn shown(&self) -> &[Shown] {
        &self.shown
    }
}

/// Values by the type that the table gives them.
struct Read<'a> {
    values: &'a Values,
    known: &'a BTreeMap<String, &'static Setting>,
}

impl Read<'_> {
    fn setting(&self, name: &str) -> Result<&'static Setting, SettingsError> {
        self.known.get(name).copied().ok_or_else(|| SettingsError(format!("{name} is not in the table of settings")))
    }

    fn given(&self, name: &str) -> Option<&Value> {
        self.values.given.get(name)
    }

    /// What is wrong with a setting; its value is shown by none of them, since it may be a secret in a wrong place.
    fn wrong(&self, name: &str, must: &str) -> SettingsError {
        let origin = self.given(name).map_or(Origin::Default, |value| value.origin.clone());
        SettingsError(format!("{name} ({origin}) must be {must}"))
    }

    /// One text, or the default, where that is not empty. Checked for what its kind says.
    fn text(&self, name: &str) -> Result<Option<String>, SettingsError> {
        let setting = self.setting(name)?;
        let Some(value) = self.given(name) else {
            return Ok(Some(setting.default.to_owned()).filter(|text| !text.is_empty()));
        };
        let text = match value.parts.as_slice() {
            [text] if !value.listed => text.trim().to_owned(),
            _ => return Err(self.wrong(name, "one value and not a list")),
        };
        let good = match setting.kind {
            Kind::Choice(words) => {
                let word = words.iter().find(|word| word.eq_ignore_ascii_case(&text));
                return word
                    .map(|word| Some((*word).to_owned()))
                    .ok_or_else(|| self.wrong(name, &format!("one of {}", words.join(", "))));
            }
            Kind::Url => Url::parse(&text).is_ok_and(|url| {
                matches!(url.scheme(), "https" | "http")
                    && url.has_host()
                    && url.username().is_empty()
                    && url.password().is_none()
                    && url.fragment().is_none()
            }),
            _ => true,
        };
        if !good {
            return Err(self.wrong(name, "a URL that begins with https:// or http:// and holds no password"));
        }
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(self.wrong(name, "a text without control characters, not empty"));
        }
        Ok(Some(text))
    }

    fn number<T: TryFrom<u64>>(&self, name: &str) -> Result<T, SettingsError> {
        let text = self.text(name)?.unwrap_or_default();
        let Kind::Number(least, most) = self.setting(name)?.kind else {
            return Err(SettingsError(format!("{name} is not a number")));
        };
        let number = text.parse::<u64>().ok().filter(|number| (least..=most).contains(number));
        let number = number.and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| self.wrong(name, &format!("a whole number from {least} to {most}")))
    }

    fn switch(&self, name: &str) -> Result<Option<bool>, SettingsError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(Some(true)),
            "false" | "0" | "no" | "off" => Ok(Some(false)),
            _ => Err(self.wrong(name, "true or false")),
        }
    }

    fn list(&self, name: &str) -> Result<Vec<String>, SettingsError> {
        self.setting(name)?;
        Ok(self.given(name).map(parts).unwrap_or_default())
    }

    fn secret(&self, name: &str) -> Result<Option<SecretString>, SettingsError> {
        Ok(self.text(name)?.map(SecretString::from))
    }

    fn base_url(&self) -> Result<Option<Url>, SettingsError> {
        let Some(text) = self.text("BASE_URL")? else { return Ok(None) };
        let url = Url::parse(text.trim_end_matches('/')).ok().filter(|url| url.query().is_none());
        url.map(Some).ok_or_else(|| self.wrong("BASE_URL", "a URL without a query"))
    }

    fn database_url(&self) -> Result<Option<SecretString>, SettingsError> {
        let Some(text) = self.text("DATABASE_URL")? else { return Ok(None) };
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(self.wrong(
                "DATABASE_URL",
                "postgres://user:password@host/database; without it the data lies in DATA_DIR",
            ));
        }
        Ok(Some(SecretString::from(text)))
    }

    fn shown(&self) -> Vec<Shown> {
        let one = |(name, setting): (&String, &&'static Setting)| {
            let given = self.given(name);
            let plain = || {
                given
                    .map(|value| value.parts.join(","))
                    .or_else(|| Some(setting.default.to_owned()).filter(|text| !text.is_empty()))
            };
            let value = if setting.secret { given.map(|_| "***".to_owned()) } else { plain() };
            let origin = given.map_or(Origin::Default, |value| value.origin.clone()).to_string();
            Shown { name: name.clone(), value, origin }
        };
        self.known.iter().map(one).collect()
    }
}

#[cfg(test)]
mod tests;
