//! The one HTTP client: every URL that is fetched goes through it, so that no
//! setting, token or tenant can turn this service into a way to others.
//!
//! `https` only (`http` on loopback, or for one's own network, by setting), addresses judged after
//! resolution (what is judged is what is connected to: DNS rebinding gains
//! nothing), redirects within the origin only, one time limit over the whole
//! exchange, one size limit over the body, no proxy from the environment, no
//! decompression. RFC 9700 §4.11 and OWASP's SSRF guidance are the sources.

use std::error::Error as _;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::LOCATION;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Request, Response, Url};

const REDIRECTS: usize = 2;

/// What an outgoing request may reach and cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchPolicy {
    /// One limit over resolution, connection, redirects and body.
    pub timeout: Duration,
    /// Longest body in bytes.
    pub max_bytes: usize,
    /// Whether private networks (RFC 1918, RFC 4193, RFC 6598) may be reached:
    /// only for a URL that the operator chose. Link-local addresses, where
    /// clouds keep their metadata services, never may.
    pub private_networks: bool,
    /// Whether loopback may be reached, there also by plain `http`: for development and tests.
    pub loopback: bool,
    /// Whether plain `http` may be used beyond loopback, too: only for a URL that the operator chose, and only for
    /// what nobody may trust for having come or gone that way.
    pub plain_http: bool,
}

impl Default for FetchPolicy {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            max_bytes: 512 * 1024,
            private_networks: false,
            loopback: false,
            plain_http: false,
        }
    }
}

/// Why nothing could be fetched. Never holds a URL: it may carry secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchError {
    /// Not a URL, not `https`, or with credentials in it.
    UrlRefused,
    /// The host is, or resolves to, an address that may not be reached.
    AddressRefused,
    /// A redirect to another origin, or too many, or of a request that follows none.
    RedirectRefused,
    /// The answer's status was not 200.
    Status(u16),
    /// The body is longer than the limit.
    TooLarge,
    /// The exchange took longer than the limit.
    TimedOut,
    /// Resolution, connection, TLS or HTTP failed.
    Connection,
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UrlRefused => "the URL is not an https URL without credentials",
            Self::AddressRefused => "the host's address may not be reached by this policy",
            Self::RedirectRefused => "redirected to another origin, or too often",
            Self::Status(status) => return write!(f, "answered with status {status}"),
            Self::TooLarge => "the answer is longer than the limit",
            Self::TimedOut => "the answer took longer than the limit",
            Self::Connection => "resolution, connection, TLS or HTTP failed",
        })
    }
}

impl std::error::Error for FetchError {}

/// A fetched answer: status 200, within the limits.
#[derive(Debug)]
pub struct Fetched {
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// An answer that goes on.
#[derive(Debug)]
pub struct Stream(Response);

impl Stream {
    /// The next piece. `None` at its end, and where nothing comes within this time.
    pub async fn next_within(&mut self, silence: Duration) -> Option<Vec<u8>> {
        let piece = tokio::time::timeout(silence, self.0.chunk()).await.ok()?;
        piece.ok()?.map(|piece| piece.to_vec())
    }
}

/// The bounded HTTP client.
#[derive(Clone, Debug)]
pub struct Fetcher {
    client: Client,
    policy: FetchPolicy,
}

impl Fetcher {
    /// A client with this policy.
    ///
    /// # Errors
    /// Where the system's certificate store cannot be used.
    pub fn new(policy: FetchPolicy) -> Result<Self, FetchError> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls().ok_or(FetchError::Connection)?)
            .no_proxy()
            .dns_resolver(Arc::new(JudgedResolver(policy)))
            .redirect(Policy::none())
            .referer(false)
            .pool_max_idle_per_host(0)
            .user_agent(concat!("sentinel/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| FetchError::Connection)?;
        Ok(Self { client, policy })
    }

    /// Whether the policy lets this URL be asked for at all.
    ///
    /// # Errors
    /// [`FetchError::UrlRefused`] or, for an address literal, [`FetchError::AddressRefused`].
    pub fn check(&self, url: &str) -> Result<(), FetchError> {
        self.judge(url).map(drop)
    }

    /// Fetches one document. Redirects within the origin are followed.
    ///
    /// # Errors
    /// Where the policy refuses it, a limit is passed or the exchange fails.
    pub async fn get(&self, url: &str, accept: &'static str) -> Result<Fetched, FetchError> {
        let mut url = self.judge(url)?;
        let exchange = async {
            let mut redirects = 0;
            loop {
                let request = self.client.get(url.clone()).header(http::header::ACCEPT, accept);
                let mut response = request.send().await.map_err(|e| reason(&e))?;
                let status = response.status();
                if status == http::StatusCode::OK {
                    let body = self.body(&mut response).await?;
                    return Ok(Fetched { headers: std::mem::take(response.headers_mut()), body });
                }
                if !status.is_redirection() || !response.headers().contains_key(LOCATION) {
                    return Err(FetchError::Status(status.as_u16()));
                }
                redirects += 1;
                let next = within_origin(&url, response.headers()).filter(|_| redirects <= REDIRECTS);
                url = next.ok_or(FetchError::RedirectRefused)?;
            }
        };
        tokio::time::timeout(self.policy.timeout, exchange).await.map_err(|_| FetchError::TimedOut)?
    }

    /// Sends a request with its method, header fields and body, and gives the answer whatever its status is. It
    /// follows no redirect: what it carries (a code, a token, a client's secret) is for the one URL named.
    ///
    /// # Errors
    /// Where the policy refuses it, the answer is a redirect, a limit is passed or the exchange fails.
    pub async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, FetchError> {
        // Judged as a URL and not as what `http` makes of it: the two parsers must not disagree about the host.
        self.judge(&request.uri().to_string())?;
        let request = Request::try_from(request).map_err(|_| FetchError::UrlRefused)?;
        self.judge(request.url().as_str())?;
        let exchange = async {
            let mut response = self.client.execute(request).await.map_err(|e| reason(&e))?;
            if response.status().is_redirection() {
                return Err(FetchError::RedirectRefused);
            }
            let mut answer = http::Response::new(self.body(&mut response).await?);
            *answer.status_mut() = response.status();
            *answer.headers_mut() = std::mem::take(response.headers_mut());
            Ok(answer)
        };
        tokio::time::timeout(self.policy.timeout, exchange).await.map_err(|_| FetchError::TimedOut)?
    }

    /// Sends a request whose answer does not end by itself, and gives its body piece by piece. The policy's time limit is for
    /// the header alone. It follows no redirect.
    ///
    /// # Errors
    /// Where the policy refuses it, the status is not 200, or the exchange fails.
    pub async fn open(&self, request: http::Request<Vec<u8>>) -> Result<Stream, FetchError> {
        self.judge(&request.uri().to_string())?;
        let request = Request::try_from(request).map_err(|_| FetchError::UrlRefused)?;
        self.judge(request.url().as_str())?;
        let sent = tokio::time::timeout(self.policy.timeout, self.client.execute(request));
        let response = sent.await.map_err(|_| FetchError::TimedOut)?.map_err(|e| reason(&e))?;
        if response.status() != http::StatusCode::OK {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        Ok(Stream(response))
    }

    async fn body(&self, response: &mut Response) -> Result<Vec<u8>, FetchError> {
        let limit = self.policy.max_bytes;
        if response.content_length().is_some_and(|length| length > limit as u64) {
            return Err(FetchError::TooLarge);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| reason(&e))? {
            if chunk.len() > limit - body.len() {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn judge(&self, url: &str) -> Result<Url, FetchError> {
        let url = Url::parse(url).map_err(|_| FetchError::UrlRefused)?;
        let host = url.host_str().ok_or(FetchError::UrlRefused)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::UrlRefused);
        }
        // A literal never reaches the resolver.
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        let on_loopback = literal.map_or(host == "localhost", |address| address.is_loopback());
        match url.scheme() {
            "https" => {}
            "http" if self.policy.plain_http || (on_loopback && self.policy.loopback) => {}
            _ => return Err(FetchError::UrlRefused),
        }
        match literal {
            Some(address) if !self.policy.permits(address) => Err(FetchError::AddressRefused),
            _ => Ok(url),
        }
    }
}

/// TLS by ring with the system's certificate store, chosen here and not by a
/// process-wide default that another library may set.
fn tls() -> Option<rustls::ClientConfig> {
    use rustls_platform_verifier::BuilderVerifierExt;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().ok()?;
    Some(builder.with_platform_verifier().ok()?.with_no_client_auth())
}

/// Where a redirect leads, if that is in the same origin.
fn within_origin(from: &Url, headers: &HeaderMap) -> Option<Url> {
    let to = from.join(headers.get(LOCATION)?.to_str().ok()?).ok()?;
    let same = to.origin() == from.origin() && to.username().is_empty() && to.password().is_none();
    same.then_some(to)
}

/// The reason that our own resolver gave, else a general one.
fn reason(error: &reqwest::Error) -> FetchError {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(own) = inner.downcast_ref::<FetchError>() {
            return *own;
        }
        source = inner.source();
    }
    if error.is_timeout() { FetchError::TimedOut } else { FetchError::Connection }
}

/// Resolves, and hands on only what the policy permits.
struct JudgedResolver(FetchPolicy);

impl Resolve for JudgedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0;
        Box::pin(async move {
            // `localhost` may be asked for by plain http: whatever a hosts file
            // says, it is loopback or nothing.
            let local = name.as_str() == "localhost";
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let permitted: Vec<_> = found
                .filter(|address| policy.permits(address.ip()) && (!local || address.ip().is_loopback()))
                .collect();
            if permitted.is_empty() {
                return Err(FetchError::AddressRefused.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

impl FetchPolicy {
    fn permits(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(v4) => self.permits_v4(v4),
            IpAddr::V6(v6) => self.permits_v6(v6),
        }
    }

    /// The special-purpose registry of RFC 6890 as IANA keeps it.
    fn permits_v4(&self, address: Ipv4Addr) -> bool {
        let [a, b, c, _] = address.octets();
        match (a, b, c) {
            (127, ..) => self.loopback,
            (10, ..) | (192, 168, _) => self.private_networks,
            (172, 16..=31, _) | (100, 64..=127, _) => self.private_networks,
            (0 | 224..=255, ..) | (169, 254, _) | (198, 18 | 19, _) => false,
            (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113) => false,
            _ => true,
        }
    }

    fn permits_v6(&self, address: Ipv6Addr) -> bool {
        if address.is_loopback() {
            return self.loopback;
        }
        let [a, b, c, d, e, f, g, h] = address.segments();
        let v4 = |high: u16, low: u16| {
            let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
            self.permits_v4(Ipv4Addr::new(a, b, c, d))
        };
        match (a, b, c, d, e, f) {
            (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => v4(g, h), // IPv4-mapped, NAT64 (RFC 6052)
            (0x2002, high, low, ..) => v4(high, low),                         // 6to4 (RFC 3056)
            (0xfc00..=0xfdff, ..) => self.private_networks,
            // Of what is left only global unicast, without Teredo and documentation.
            (0x2001, 0 | 0xdb8, ..) | (0x3fff, ..) => false,
            _ => a & 0xe000 == 0x2000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetcher(loopback: bool, private_networks: bool) -> Fetcher {
        Fetcher::new(FetchPolicy { loopback, private_networks, ..FetchPolicy::default() }).unwrap()
    }

    #[test]
    fn only_https_and_http_on_loopback_by_setting() {
        let strict = fetcher(false, false);
        assert_eq!(strict.check("https://id.example/jwks"), Ok(()));
        for url in ["http://id.example/", "ftp://id.example/", "file:///etc/passwd", "", "https://", "/jwks"] {
            assert_eq!(strict.check(url), Err(FetchError::UrlRefused), "{url}");
        }
        for url in ["https://user@id.example/", "https://user:secret@id.example/"] {
            assert_eq!(strict.check(url), Err(FetchError::UrlRefused), "{url}");
        }
        for url in ["http://127.0.0.1:1/", "http://[::1]:1/", "http://localhost:1/"] {
            assert_eq!(strict.check(url), Err(FetchError::UrlRefused), "{url}");
            assert_eq!(fetcher(true, false).check(url), Ok(()), "{url}");
        }
        assert_eq!(fetcher(true, true).check("http://10.0.0.1/"), Err(FetchError::UrlRefused));
        let plain = FetchPolicy { plain_http: true, private_networks: true, ..FetchPolicy::default() };
        let plain = Fetcher::new(plain).unwrap();
        assert_eq!(plain.check("http://10.0.0.1/"), Ok(()));
        assert_eq!(plain.check("http://169.254.169.254/"), Err(FetchError::AddressRefused));
        assert_eq!(fetcher(true, true).check("http://localhost.example/"), Err(FetchError::UrlRefused));
    }

    #[test]
    fn addresses_are_judged_however_they_are_written() {
        let strict = fetcher(false, false);
        for url in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://10.1.2.3/",
            "https://172.31.0.1/",
            "https://192.168.0.1/",
            "https://100.64.0.1/",
            "https://[fd00::1]/",
            "https://169.254.169.254/",
            "https://[fe80::1]/",
            "https://0.0.0.0/",
            "https://[::]/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://[64:ff9b::a00:1]/",
            "https://[2002:a00:1::]/",
            "https://[ff02::1]/",
        ] {
            assert_eq!(strict.check(url), Err(FetchError::AddressRefused), "{url}");
        }
        for url in ["https://1.1.1.1/", "https://172.32.0.1/", "https://[2606:4700::1111]/"] {
            assert_eq!(strict.check(url), Ok(()), "{url}");
        }
        let inside = fetcher(false, true);
        assert_eq!(inside.check("https://10.1.2.3/"), Ok(()));
        assert_eq!(inside.check("https://169.254.169.254/"), Err(FetchError::AddressRefused));
    }

    #[tokio::test]
    async fn a_name_is_judged_by_what_it_resolves_to() {
        let answer = fetcher(false, false).get("https://localhost:1/", "*/*").await;
        assert_eq!(answer.unwrap_err(), FetchError::AddressRefused);
        let request = |url: &str| http::Request::post(url).body(b"secret".to_vec()).unwrap();
        let strict = fetcher(false, false);
        assert_eq!(strict.send(request("https://localhost:1/")).await.unwrap_err(), FetchError::AddressRefused);
        assert_eq!(strict.send(request("https://169.254.169.254/")).await.unwrap_err(), FetchError::AddressRefused);
        assert_eq!(strict.send(request("http://id.example/")).await.unwrap_err(), FetchError::UrlRefused);
        assert_eq!(strict.send(request("/relative")).await.unwrap_err(), FetchError::UrlRefused);
    }
}
