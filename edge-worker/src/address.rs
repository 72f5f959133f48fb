//! URLs as the platform reads them: what is checked here is what it fetches, and its parser takes no room in this module.

/// A URL that was parsed, and what is asked of it.
#[derive(Clone)]
pub(crate) struct Address {
    href: String,
    origin: String,
    scheme: String,
    hostname: String,
    path: String,
    has_credentials: bool,
}

impl Address {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        web_sys::Url::new(text).ok().map(|url| Self::of(&url))
    }

    /// What a reference means here (RFC 3986 §5).
    pub(crate) fn join(&self, reference: &str) -> Option<Self> {
        web_sys::Url::new_with_base(reference, &self.href).ok().map(|url| Self::of(&url))
    }

    fn of(url: &web_sys::Url) -> Self {
        Self {
            href: url.href(),
            origin: url.origin(),
            scheme: url.protocol(),
            hostname: url.hostname(),
            path: url.pathname(),
            has_credentials: !url.username().is_empty() || !url.password().is_empty(),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.href
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn has_credentials(&self) -> bool {
        self.has_credentials
    }

    /// Whether there is a `?` or `#`, be there something behind it or not.
    pub(crate) fn has_more(&self) -> bool {
        self.href.contains(['?', '#'])
    }

    pub(crate) fn has_fragment(&self) -> bool {
        self.href.contains('#')
    }

    pub(crate) fn is_https(&self) -> bool {
        self.scheme == "https:"
    }

    pub(crate) fn is_http(&self) -> bool {
        self.scheme == "http:"
    }

    /// Whether it is of this machine, where no deployed Worker can reach anything.
    pub(crate) fn is_loopback(&self) -> bool {
        matches!(self.hostname.as_str(), "localhost" | "127.0.0.1" | "[::1]")
    }

    /// This URL, which has no query, with one.
    pub(crate) fn with_query(&self, members: &[(&str, &str)]) -> Self {
        let mut url = self.clone();
        for (number, (name, value)) in members.iter().enumerate() {
            url.href.push(if number == 0 { '?' } else { '&' });
            url.href.push_str(name);
            url.href.push('=');
            url.href.push_str(&escaped(value));
        }
        url
    }
}

/// A text as a part of a query.
pub(crate) fn escaped(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}
