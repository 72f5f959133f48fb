//! A person with a browser: cookies, redirects by hand, the two forms of npm `oidc-provider`'s development pages.

use std::collections::HashMap;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, RequestBuilder, Response, Url};

#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) client: Client,
    pub(crate) jar: HashMap<String, String>,
}

pub(crate) fn client() -> Client {
    // Nothing here speaks TLS, but the client wants to know by whom it would.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

impl Browser {
    pub(crate) fn new() -> Self {
        Self { client: client(), jar: HashMap::new() }
    }

    pub(crate) async fn get(&mut self, url: &str) -> Response {
        self.send(self.client.get(url)).await
    }

    pub(crate) async fn send(&mut self, request: RequestBuilder) -> Response {
        let cookies: Vec<_> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let response = request.header(COOKIE, cookies.join("; ")).send().await.unwrap();
        for line in response.headers().get_all(SET_COOKIE) {
            let cookie = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = cookie.split_once('=').unwrap();
            self.jar.insert(name.to_owned(), value.to_owned());
        }
        self.jar.retain(|_, value| !value.is_empty());
        response
    }

    /// Logs in as `name` and gives the first URL from `stop` on that the browser is sent to.
    pub(crate) async fn log_in(&mut self, url: &str, name: &str, stop: &str) -> Url {
        let mut request = self.client.get(url);
        for _ in 0..4 {
            let (at, page) = match self.follow(request, stop).await {
                Ok(back) => return back,
                Err(page) => page,
            };
            let action = between(&page, "action=\"", "\"").unwrap_or_else(|| panic!("no form at {at}: {page}"));
            let prompt = between(&page, "name=\"prompt\" value=\"", "\"").expect("a prompt");
            let form = [("prompt", prompt), ("login", name), ("password", "any")];
            request = self.client.post(at.join(action).unwrap()).body(form_of(&form));
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        panic!("the provider asks without end");
    }

    async fn follow(&mut self, mut request: RequestBuilder, stop: &str) -> Result<Url, (Url, String)> {
        for _ in 0..10 {
            let response = self.send(request).await;
            let at = response.url().clone();
            let Some(location) = response.headers().get(LOCATION) else {
                return Err((at, response.text().await.unwrap()));
            };
            let next = at.join(location.to_str().unwrap()).unwrap();
            if next.as_str().starts_with(stop) {
                return Ok(next);
            }
            request = self.client.get(next);
        }
        panic!("redirects without end");
    }
}

pub(crate) fn form_of(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    Some(rest.split_once(end)?.0)
}
