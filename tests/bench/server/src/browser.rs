//! A person with a browser: cookies, redirects by hand, the two forms of npm `oidc-provider`'s development pages.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use http::header;
use sentinel_bench_server::http::{Ask, Connection};
use url::{Url, form_urlencoded};

/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// More redirects and forms than any login has.
const STEPS: usize = 20;

#[derive(Default)]
pub(crate) struct Browser {
    cookies: BTreeMap<String, String>,
}

/// What came of a request.
enum Step {
    To(Url),
    Page(String),
}

impl Browser {
    /// Logs in as `name` and gives the first URL from `stop` on that the browser is sent to.
    pub(crate) async fn log_in(&mut self, url: &str, name: &str, stop: &str) -> Result<Url> {
        let mut at = Url::parse(url)?;
        let mut form = None;
        for _ in 0..STEPS {
            match self.step(&at, form.take()).await? {
                Step::To(next) if next.as_str().starts_with(stop) => return Ok(next),
                Step::To(next) => at = next,
                Step::Page(page) => {
                    let action =
                        between(&page, "action=\"", "\"").with_context(|| format!("no form at {at}: {page}"))?;
                    let prompt = between(&page, "name=\"prompt\" value=\"", "\"").context("a form without a prompt")?;
                    form = Some(form_of(&[("prompt", prompt), ("login", name), ("password", "any")]));
                    at = at.join(action)?;
                }
            }
        }
        bail!("redirects without end, at last to {at}")
    }

    /// Follows one link, and keeps the cookies that come.
    pub(crate) async fn open(&mut self, url: &Url) -> Result<()> {
        self.step(url, None).await.map(drop)
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    async fn step(&mut self, url: &Url, form: Option<String>) -> Result<Step> {
        let host = url.host_str().with_context(|| format!("{url} has no host"))?;
        let authority = format!("{}:{}", host.replace("localhost", "127.0.0.1"), url.port().unwrap_or(80));
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let ask = match form {
            None => Ask::get(path),
            Some(form) => Ask::post(path, "application/x-www-form-urlencoded", form),
        };
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let ask = ask.with("cookie", &cookies.join("; "))?;
        let (answer, body) = Connection::open(&authority).await?.send(&ask).await?;
        for line in answer.headers.get_all(header::SET_COOKIE) {
            if let Some((name, value)) = line.to_str()?.split(';').next().and_then(|cookie| cookie.split_once('=')) {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        self.cookies.retain(|_, value| !value.is_empty());
        Ok(match answer.headers.get(header::LOCATION) {
            Some(location) => Step::To(url.join(location.to_str()?)?),
            None => Step::Page(String::from_utf8_lossy(&body).into_owned()),
        })
    }
}

pub(crate) fn form_of(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

pub(crate) fn parameter(url: &Url, name: &str) -> Result<String> {
    let found = url.query_pairs().find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned()).with_context(|| format!("no {name} in {url}"))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    Some(rest.split_once(end)?.0)
}
