//! Tickets in a socket's URL: single use, good for seconds, bound to this service. The server redeems them.

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use sentinel_core::{Error, ErrorCode};
use serde_json::{Value, json};

use crate::bundle::SERVICE_KEY;
use crate::fetch::{FetchPolicy, Fetcher};
use crate::refusal::{Refusal, Which};

/// Longest ticket that is asked about, in bytes.
const TICKET_BYTES: usize = 256;

/// Where tickets are redeemed: for clients that put one into a socket's URL, `wss://…/live?ticket=wst_…`, instead of saying their
/// token first.
#[derive(Clone, Debug)]
pub struct Tickets {
    url: String,
    key: HeaderValue,
    fetcher: Fetcher,
}

impl Tickets {
    /// Those of the server at this URL, with the key of the service that they are for.
    ///
    /// # Errors
    /// `configuration_invalid` for a URL that may not be fetched, or a key that cannot stand in a header.
    pub fn new(server: &str, key: &str, fetch: FetchPolicy) -> Result<Self, Error> {
        let invalid = |detail| Error::with(ErrorCode::ConfigurationInvalid, detail);
        let url = format!("{}/ws/tickets/redeem", server.trim_end_matches('/'));
        let fetcher = Fetcher::new(fetch)
            .map_err(|_| Error::with(ErrorCode::Unavailable, "the system's certificate store cannot be used"))?;
        fetcher.check(&url).map_err(|_| invalid("the server's URL is not one that may be fetched"))?;
        let mut key = HeaderValue::try_from(key).map_err(|_| invalid("the service key is no header's text"))?;
        key.set_sensitive(true);
        Ok(Self { url, key, fetcher })
    }

    /// The access token that a ticket stands for, to be verified like any other. The ticket is used up by it.
    pub(super) async fn redeem(&self, ticket: &str) -> Result<String, Refusal> {
        const UNAVAILABLE: Error = Error::with(ErrorCode::Unavailable, "the ticket cannot be redeemed now");
        let unavailable = || Refusal::Token(Which::Request, UNAVAILABLE);
        let request = http::Request::post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header(SERVICE_KEY, self.key.clone())
            .body(json!({ "ticket": ticket }).to_string().into_bytes());
        let response = self.fetcher.send(request.map_err(|_| unavailable())?).await.map_err(|_| unavailable())?;
        match response.status() {
            StatusCode::OK => {
                let answer: Value = serde_json::from_slice(response.body()).map_err(|_| unavailable())?;
                let token = answer.get("access_token").and_then(Value::as_str);
                token.map(str::to_owned).ok_or(Refusal::Unauthenticated)
            }
            // Unknown, used, expired, another service's, or taken back: all the same to whoever holds it.
            StatusCode::BAD_REQUEST => Err(Refusal::Unauthenticated),
            status => {
                tracing::warn!(status = status.as_u16(), "the server redeems no tickets");
                Err(unavailable())
            }
        }
    }
}

/// The one ticket of a query; of two, none is chosen.
pub(super) fn of(query: Option<&str>) -> Result<Option<&str>, Refusal> {
    let mut tickets = query.unwrap_or_default().split('&').filter_map(|pair| pair.strip_prefix("ticket="));
    match (tickets.next(), tickets.next()) {
        (None, _) => Ok(None),
        (Some(ticket), None) if is_ticket(ticket) => Ok(Some(ticket)),
        (Some(_), _) => Err(Refusal::Malformed("the URL holds no ticket, or more than one")),
    }
}

fn is_ticket(text: &str) -> bool {
    text.strip_prefix("wst_").is_some_and(|rest| !rest.is_empty())
        && text.len() <= TICKET_BYTES
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_ticket_or_none() {
        assert_eq!(of(None), Ok(None));
        assert_eq!(of(Some("room=7&xticket=wst_1")), Ok(None));
        assert_eq!(of(Some("room=7&ticket=wst_a-B_9")), Ok(Some("wst_a-B_9")));
        let long = format!("ticket=wst_{}", "x".repeat(TICKET_BYTES));
        for refused in [
            "ticket=",
            "ticket=wst_",
            "ticket=x",
            "ticket=wst_a&ticket=wst_b",
            "ticket=wst_a%20",
            "ticket=wst_\"",
            &long,
        ] {
            assert!(of(Some(refused)).is_err(), "{refused}");
        }
    }
}
