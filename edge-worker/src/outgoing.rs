//! Requests to where keys, revocations and bundles come from: `https`, bounded in time and size, no redirects to other origins.

use futures_util::StreamExt;
use worker::{AbortSignal, ByteStream, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response};

use crate::address::Address;

/// Milliseconds.
pub(crate) const TIMEOUT: u32 = 5_000;
const REDIRECTS: usize = 2;

/// `https`, or `http` to this machine, where no deployed Worker can reach anything; without credentials.
pub(crate) fn allowed(url: &str) -> Option<Address> {
    let url = Address::parse(url)?;
    let is_secure = url.is_https() || (url.is_http() && url.is_loopback());
    (is_secure && !url.has_credentials()).then_some(url)
}

/// As [`get`]; `None` where the answer is that nothing changed (RFC 9110 §15.4.5).
pub(crate) async fn get_unless(
    url: &Address,
    headers: &[(&str, &str)],
    limit: usize,
) -> Result<Option<(Headers, Vec<u8>)>, String> {
    let signal = AbortSignal::from(web_sys::AbortSignal::timeout_with_u32(TIMEOUT));
    let mut response = follow(url.clone(), headers, &signal).await?;
    match response.status_code() {
        304 if headers.iter().any(|(name, _)| *name == "if-none-match") => Ok(None),
        200 => {
            let body = bounded(&mut response, limit).await?;
            Ok(Some((response.headers().clone(), body)))
        }
        status => Err(format!("status {status}")),
    }
}

/// What is answered to a question, where that is a 200 of at most `limit` bytes. No redirect is followed.
pub(crate) async fn post(url: &Address, headers: &[(&str, &str)], body: &str, limit: usize) -> Result<Vec<u8>, String> {
    let signal = AbortSignal::from(web_sys::AbortSignal::timeout_with_u32(TIMEOUT));
    let sent = Headers::new();
    for (name, value) in headers {
        sent.set(name, value).map_err(|error| error.to_string())?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::Post)
        .with_headers(sent)
        .with_redirect(RequestRedirect::Manual)
        .with_body(Some(body.into()));
    let request = Request::new_with_init(url.as_str(), &init).map_err(|error| error.to_string())?;
    let mut response = Fetch::Request(request).send_with_signal(&signal).await.map_err(|error| error.to_string())?;
    match response.status_code() {
        200 => bounded(&mut response, limit).await,
        status => Err(format!("status {status}")),
    }
}

/// The answer's headers and body, where it is a 200 of at most `limit` bytes.
pub(crate) async fn get(url: &Address, headers: &[(&str, &str)], limit: usize) -> Result<(Headers, Vec<u8>), String> {
    let signal = AbortSignal::from(web_sys::AbortSignal::timeout_with_u32(TIMEOUT));
    let mut response = follow(url.clone(), headers, &signal).await?;
    if response.status_code() != 200 {
        return Err(format!("status {}", response.status_code()));
    }
    let body = bounded(&mut response, limit).await?;
    Ok((response.headers().clone(), body))
}

async fn follow(mut url: Address, headers: &[(&str, &str)], signal: &AbortSignal) -> Result<Response, String> {
    for _ in 0..=REDIRECTS {
        let sent = Headers::new();
        for (name, value) in headers {
            sent.set(name, value).map_err(|error| error.to_string())?;
        }
        let mut init = RequestInit::new();
        init.with_method(Method::Get).with_headers(sent).with_redirect(RequestRedirect::Manual);
        let request = Request::new_with_init(url.as_str(), &init).map_err(|error| error.to_string())?;
        let response = Fetch::Request(request).send_with_signal(signal).await.map_err(|error| error.to_string())?;
        if !(300..400).contains(&response.status_code()) || response.status_code() == 304 {
            return Ok(response);
        }
        let to = response.headers().get("location").ok().flatten().and_then(|to| url.join(&to));
        url = to
            .filter(|to| to.origin() == url.origin() && !to.has_credentials())
            .ok_or("redirected to another origin")?;
    }
    Err("redirected too often".to_owned())
}

/// The body, read piece by piece so that an endless one costs no more than the limit.
pub(crate) async fn bounded(response: &mut Response, limit: usize) -> Result<Vec<u8>, String> {
    all_of(&mut response.stream().map_err(|error| error.to_string())?, limit).await
}

/// All of a stream, where that is no more than the limit.
pub(crate) async fn all_of(stream: &mut ByteStream, limit: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|error| error.to_string())?;
        if piece.len() > limit - body.len() {
            return Err("longer than the limit".to_owned());
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// Reads on for so many bytes at most, for nothing but that whoever still sends them hears the answer.
pub(crate) async fn skip(stream: &mut ByteStream, mut bytes: usize) {
    while let Some(Ok(piece)) = stream.next().await
        && piece.len() < bytes
    {
        bytes -= piece.len();
    }
}
