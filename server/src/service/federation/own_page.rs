//! Where a browser goes after a login that no front end waits for.

use url::Url;

/// Longest path that a browser is sent to afterwards.
const RETURN_TO: usize = 2048;

/// A page of this server's own origin: a path, whatever a browser would make of it.
pub(super) fn own_page(base_url: &str, path: &str) -> Option<String> {
    let is_path = path.starts_with('/') && path.len() <= RETURN_TO && !path.contains('\\');
    if !is_path || path.chars().any(|one| one.is_control() || one.is_whitespace()) {
        return None;
    }
    let base = Url::parse(base_url).ok()?;
    let page = base.join(path).ok()?;
    (page.origin() == base.origin() && page.username().is_empty() && page.password().is_none()).then(|| page.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_goes_back_to_this_origin_alone() {
        let to = |path| own_page("https://auth.example.test/base", path);
        assert_eq!(to("/").as_deref(), Some("https://auth.example.test/"));
        assert_eq!(to("/app?x=1#y").as_deref(), Some("https://auth.example.test/app?x=1#y"));
        assert_eq!(to("/%2f/evil.test").as_deref(), Some("https://auth.example.test/%2f/evil.test"));
        for foreign in [
            "",
            "app",
            "//evil.test",
            "///evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "/\t/evil.test",
            "https://evil.test",
            "https:evil.test",
            "javascript:alert(1)",
            "/ /evil.test",
            "@evil.test",
            "/\n",
            "///@evil.test",
        ] {
            assert_eq!(to(foreign), None, "{foreign:?}");
        }
    }
}
