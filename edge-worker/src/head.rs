//! A request's line and headers, read across the boundary once.

/// What is decided on.
pub(crate) struct Head<'a> {
    pub(crate) method: &'a str,
    /// With its colon.
    pub(crate) scheme: &'a str,
    /// With its port, where it is not the scheme's own.
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    /// With its `?`; empty where there is none.
    pub(crate) query: &'a str,
    /// Names in lower case.
    headers: Vec<(&'a str, &'a str)>,
}

impl<'a> Head<'a> {
    /// Reads what [`crate::platform::head`] wrote. `None` where a line break is in some part of it: then no line means what it seems to.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let mut lines = text.split('\n');
        let count: usize = lines.next()?.parse().ok()?;
        let mut next = || lines.next();
        let (method, scheme, host, path, query) = (next()?, next()?, next()?, next()?, next()?);
        let mut headers = Vec::with_capacity(count / 2);
        while let Some(name) = next() {
            headers.push((name, next()?));
        }
        // The count is a line itself.
        (count == 6 + 2 * headers.len()).then_some(Self { method, scheme, host, path, query, headers })
    }

    /// A header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    pub(crate) fn headers(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        self.headers.iter().copied()
    }

    /// Path and query.
    pub(crate) fn target(&self) -> String {
        [self.path, self.query].concat()
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        [self.scheme, "//", self.host].concat()
    }

    /// Whether it only asks to see something.
    pub(crate) fn is_visit(&self) -> bool {
        matches!(self.method, "GET" | "HEAD")
    }
}
