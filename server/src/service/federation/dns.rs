//! The DNS record that proves a domain.

use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;

use super::FederationConfig;
use crate::service::Error;

/// The label before the domain.
pub(super) const LABEL: &str = "_sentinel-challenge";
/// What stands before the token.
pub(super) const PREFIX: &str = "sentinel-domain=";
/// The longest that somebody waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most records that are looked at.
const RECORDS: usize = 100;

/// A resolver that remembers nothing: who has just written the record wants it seen.
pub(super) fn resolver(config: &FederationConfig) -> Result<TokioResolver, Error> {
    let mut builder = if config.dns.is_empty() {
        TokioResolver::builder_tokio().map_err(Error::unavailable)?
    } else {
        let server = |address: &std::net::SocketAddr| {
            let on = |mut connection: ConnectionConfig| {
                connection.port = address.port();
                connection
            };
            NameServerConfig::new(address.ip(), true, vec![on(ConnectionConfig::udp()), on(ConnectionConfig::tcp())])
        };
        let servers = config.dns.iter().map(server).collect();
        let config = ResolverConfig::from_name_servers(servers);
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
    };
    let options = builder.options_mut();
    options.cache_size = 0;
    options.timeout = Duration::from_secs(3);
    options.attempts = 2;
    builder.build().map_err(Error::unavailable)
}

/// Whether the domain's DNS shows this token. Whatever goes wrong, it does not.
pub(super) async fn shows(resolver: &TokioResolver, domain: &str, token: &str) -> bool {
    // With a dot at the end: the machine's own search list adds nothing to it.
    let asked = resolver.txt_lookup(format!("{LABEL}.{domain}."));
    let Ok(Ok(found)) = tokio::time::timeout(PATIENCE, asked).await else { return false };
    let expected = format!("{PREFIX}{token}");
    found.answers().iter().take(RECORDS).any(|record| match &record.data {
        // A record's text may come in pieces (RFC 7208 §3.3).
        RData::TXT(text) => text.txt_data.concat() == expected.as_bytes(),
        _ => false,
    })
}
