//! Traces: OpenTelemetry's own names, as its specification of environment variables has them.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::{Read, SettingsError};

/// Where spans are sent, and which are made.
#[derive(Clone, Debug)]
pub struct Traces {
    /// The whole URL.
    pub endpoint: Url,
    /// Header fields for the collector.
    pub headers: Vec<(String, SecretString)>,
    /// How long one batch may take.
    pub timeout: Duration,
    /// `service.name`.
    pub service_name: String,
    /// Further attributes of the resource.
    pub attributes: Vec<(String, String)>,
    /// Which requests are traced.
    pub sampler: Sampler,
}

/// Which requests are traced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampler {
    /// Whether a caller that has decided is followed.
    pub parent_based: bool,
    /// The part of the others: 0 none, 1 all.
    pub ratio: f64,
}

pub(super) fn read(read: &Read<'_>) -> Result<Option<Traces>, SettingsError> {
    let (base, whole) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    let sampler = sampler(read)?;
    let headers = pairs(read, "OTEL_EXPORTER_OTLP_HEADERS", read.secret("OTEL_EXPORTER_OTLP_HEADERS")?)?;
    let attributes = read.text("OTEL_RESOURCE_ATTRIBUTES")?.map(SecretString::from);
    let attributes = pairs(read, "OTEL_RESOURCE_ATTRIBUTES", attributes)?;
    // Refused where it names another one.
    read.text("OTEL_EXPORTER_OTLP_PROTOCOL")?;
    let endpoint = match (read.text(whole)?, read.text(base)?) {
        (Some(url), _) => url,
        (None, Some(url)) => format!("{}/v1/traces", url.trim_end_matches('/')),
        (None, None) => return Ok(None),
    };
    if read.switch("OTEL_SDK_DISABLED")?.unwrap_or(false) {
        return Ok(None);
    }
    Ok(Some(Traces {
        endpoint: Url::parse(&endpoint).map_err(|_| read.wrong(base, "a URL"))?,
        headers: headers.into_iter().map(|(name, value)| (name, value.into())).collect(),
        timeout: Duration::from_millis(read.number("OTEL_EXPORTER_OTLP_TIMEOUT")?),
        service_name: read.text("OTEL_SERVICE_NAME")?.unwrap_or_default(),
        attributes,
        sampler,
    }))
}

fn sampler(read: &Read<'_>) -> Result<Sampler, SettingsError> {
    let argument = "OTEL_TRACES_SAMPLER_ARG";
    let ratio = read.text(argument)?.and_then(|text| text.parse().ok()).filter(|ratio| (0.0..=1.0).contains(ratio));
    let ratio = ratio.ok_or_else(|| read.wrong(argument, "a number from 0 to 1"))?;
    let name = read.text("OTEL_TRACES_SAMPLER")?.unwrap_or_default();
    let (parent_based, name) = name.strip_prefix("parentbased_").map_or((false, name.as_str()), |rest| (true, rest));
    let ratio = match name {
        "always_on" => 1.0,
        "always_off" => 0.0,
        _ => ratio,
    };
    Ok(Sampler { parent_based, ratio })
}

/// `name=value,name=value`, as W3C Baggage writes it. The value of a header may be a secret: it is in no error.
fn pairs(read: &Read<'_>, name: &str, text: Option<SecretString>) -> Result<Vec<(String, String)>, SettingsError> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        Some((name.trim().to_owned(), value.into_owned())).filter(|(name, _)| !name.is_empty())
    };
    let pairs = text.expose_secret().split(',').map(str::trim).filter(|part| !part.is_empty()).map(pair);
    pairs.collect::<Option<_>>().ok_or_else(|| read.wrong(name, "name=value,name=value"))
}
