//! A person with a browser at npm `oidc-provider`'s development pages: cookies, redirects by hand, two forms.

use std::collections::HashMap;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, RequestBuilder, Url};

pub(crate) struct Browser {
    client: Client,
    jar: HashMap<String, String>,
}

fn client() -> Client {
    // Nothing here speaks TLS, but the client wants to know by whom it would.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

fn form(client: &Client, url: Url, fields: &[(&str, &str)]) -> RequestBuilder {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    client.post(url).header("content-type", "application/x-www-form-urlencoded").body(body)
}

/// Sends a form and reads the JSON that comes back.
pub(crate) async fn post(url: &str, fields: &[(&str, &str)]) -> serde_json::Value {
    let response = form(&client(), url.parse().unwrap(), fields).send().await.unwrap();
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

impl Browser {
    pub(crate) fn new() -> Self {
        Self { client: client(), jar: HashMap::new() }
    }

    /// Logs in as `name` and gives the URL that the provider then sends the browser to.
    pub(crate) async fn log_in(&mut self, url: &str, name: &str, stop: &str) -> Url {
        let mut request = self.client.get(url);
        for _ in 0..4 {
            let (at, page) = match self.follow(request, stop).await {
                Ok(back) => return back,
                Err(page) => page,
            };
            let action = between(&page, "action=\"", "\"").expect("a form");
            let prompt = between(&page, "name=\"prompt\" value=\"", "\"").expect("a prompt");
            let fields = [("prompt", prompt), ("login", name), ("password", "any")];
            request = form(&self.client, at.join(action).unwrap(), &fields);
        }
        panic!("the provider asks without end");
    }

    /// Follows redirects: to `stop`, or to a page.
    async fn follow(&mut self, mut request: RequestBuilder, stop: &str) -> Result<Url, (Url, String)> {
        for _ in 0..10 {
            let cookies: Vec<_> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let response = request.header(COOKIE, cookies.join("; ")).send().await.unwrap();
            for line in response.headers().get_all(SET_COOKIE) {
                let cookie = line.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = cookie.split_once('=').unwrap();
                self.jar.insert(name.to_owned(), value.to_owned());
            }
            self.jar.retain(|_, value| !value.is_empty());
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
        panic!("the provider redirects without end");
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    Some(rest.split_once(end)?.0)
}
