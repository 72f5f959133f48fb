//! What names, texts and pages may look like. Every limit is one of storage or of what people can read.

use std::str::FromStr;

use sentinel_storage::{Cursor, PageRequest, StorageError};

use super::Error;

/// Longest name in characters: what a list can show.
const NAME: usize = 200;
/// Longest description in characters.
const DESCRIPTION: usize = 2000;
/// Longest slug: a DNS label (RFC 1035 §2.3.4), so that it can become one.
const SLUG: usize = 63;
/// Longest e-mail address (RFC 5321 §4.5.3.1.3: a path of 256 octets with its brackets).
const EMAIL: usize = 254;
/// Longest picture address.
const URL: usize = 2048;
/// Most rows of one answer, and how many come where none says how many.
const PAGE: u32 = 1000;

/// A name that people see: not empty, no control characters.
pub(crate) fn name(text: &str) -> Result<&str, Error> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > NAME || text.chars().any(char::is_control) {
        return Err(Error::invalid(format!("name must have 1 to {NAME} characters and no control characters")));
    }
    Ok(text)
}

/// A description: may be empty, may have lines.
pub(crate) fn description(text: &str) -> Result<&str, Error> {
    let bad = |character: char| character.is_control() && !matches!(character, '\n' | '\r' | '\t');
    if text.chars().count() > DESCRIPTION || text.chars().any(bad) {
        return Err(Error::invalid(format!("description must have at most {DESCRIPTION} characters")));
    }
    Ok(text)
}

/// A slug: `^[a-z0-9][a-z0-9-]*[a-z0-9]$`.
pub(crate) fn slug(text: &str) -> Result<&str, Error> {
    let inner = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-';
    let good =
        (2..=SLUG).contains(&text.len()) && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-');
    if !good {
        return Err(Error::invalid(format!(
            "slug must have 2 to {SLUG} of a-z, 0-9 and -, and begin and end with a letter or digit"
        )));
    }
    Ok(text)
}

/// A service's name: what its tokens, actions and resources are named by.
pub(crate) fn service_name(text: &str) -> Result<&str, Error> {
    let inner = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.');
    let edge = |octet: Option<u8>| octet.is_some_and(|octet| octet.is_ascii_alphanumeric());
    let good = (2..=SLUG).contains(&text.len())
        && text.bytes().all(inner)
        && edge(text.bytes().next())
        && edge(text.bytes().next_back());
    if !good {
        return Err(Error::invalid(format!(
            "service_name must have 2 to {SLUG} of letters, digits, -, _ and ., and begin and end with a letter or digit"
        )));
    }
    Ok(text)
}

/// Origins as browsers send them (RFC 6454 §6.1): scheme, host, and the port where it is not the scheme's own.
pub(crate) fn origins(texts: &[String]) -> Result<Vec<String>, Error> {
    let bad = || {
        Error::invalid(
            "an origin is https://host or http://host, with :port where it is another, and nothing behind it",
        )
    };
    let one = |text: &String| {
        let url = url::Url::parse(text).map_err(|_| bad())?;
        let bare = matches!(url.scheme(), "https" | "http") && url.path() == "/" && url.query().is_none();
        let bare = bare && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
        if bare && text.len() <= URL { Ok(url.origin().ascii_serialization()) } else { Err(bad()) }
    };
    few(texts)?.iter().map(one).collect()
}

/// Redirect URIs: `https`; `http` on loopback (RFC 8252 §7.3), also by a name below `localhost`, which browsers ask
/// nobody for (RFC 6761 §6.3); an app's own scheme, which is a reversed domain name
/// (RFC 8252 §7.1). Compared as they are, so nothing is normalized here, and no wildcard means anything.
pub(crate) fn redirect_uris(texts: &[String]) -> Result<Vec<String>, Error> {
    if texts.is_empty() {
        return Err(Error::invalid("redirect_uris must name one at least"));
    }
    for text in few(texts)? {
        let url = url::Url::parse(text).ok().filter(|url| {
            let is_loopback =
                |host: &str| matches!(host, "localhost" | "127.0.0.1" | "[::1]") || host.ends_with(".localhost");
            let loopback = url.host_str().is_some_and(is_loopback);
            let scheme = match url.scheme() {
                "https" => url.has_host(),
                "http" => loopback,
                own => own.contains('.'),
            };
            scheme && url.username().is_empty() && url.password().is_none() && !text.contains(['#', '*', '\\'])
        });
        if url.is_none() || text.len() > URL || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(Error::invalid(
                "a redirect URI is an https URL, http on loopback, or an app's own scheme like com.example.app:/back; without fragment, wildcard and credentials",
            ));
        }
    }
    Ok(texts.to_vec())
}

/// Pages of front ends: redirect URIs that only a browser opens, so an app's own scheme is none.
pub(crate) fn pages(texts: &[String]) -> Result<Vec<String>, Error> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let pages = redirect_uris(texts)?;
    // Written as every reader reads it: what a browser would open is what was compared.
    let is_page = |text: &String| {
        url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.as_str() == text)
    };
    if !pages.iter().all(is_page) {
        return Err(Error::invalid(
            "a relay redirect URI is an https URL, or http on loopback, as browsers write it: host in lower case, with its path",
        ));
    }
    Ok(pages)
}

/// Client ids at identity providers: compared as they are.
pub(crate) fn client_ids(texts: &[String]) -> Result<Vec<String>, Error> {
    let bad =
        |text: &String| text.is_empty() || text.len() > URL || !text.bytes().all(|octet| octet.is_ascii_graphic());
    if few(texts)?.iter().any(bad) {
        return Err(Error::invalid("an audience is a client id at an identity provider, without spaces"));
    }
    Ok(texts.to_vec())
}

/// No registration needs more.
pub(crate) fn few<T>(all: &[T]) -> Result<&[T], Error> {
    if all.len() > 100 {
        return Err(Error::invalid("at most 100 redirect URIs, origins, audiences and workspaces"));
    }
    Ok(all)
}

/// An e-mail address, as far as it can be told without sending to it: one `@` with something on both sides.
pub(crate) fn email(text: &str) -> Result<&str, Error> {
    let text = text.trim();
    let parts = text.split_once('@').filter(|(local, domain)| {
        !local.is_empty()
            && domain.contains('.')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
            && !domain.contains('@')
    });
    if parts.is_none() || text.len() > EMAIL || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Error::invalid("email must be an e-mail address"));
    }
    Ok(text)
}

/// The address of a picture: `https`, since it ends up in other people's pages.
pub(crate) fn picture(text: &str) -> Result<&str, Error> {
    let https = url::Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.has_host());
    if !https || text.len() > URL {
        return Err(Error::invalid("avatar_url must be an https URL"));
    }
    Ok(text)
}

/// Some lists are ordered by a number, which the cursor of another list does not hold.
pub(crate) fn foreign_cursor(error: StorageError) -> Error {
    match error {
        StorageError::Invalid => Error::invalid("cursor must be one that an earlier answer of this list gave"),
        other => other.into(),
    }
}

/// What part of a list: `limit` rows after the row that the cursor names.
pub(crate) fn page(limit: Option<u32>, cursor: Option<&str>) -> Result<PageRequest, Error> {
    let limit = limit.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&limit) {
        return Err(Error::invalid(format!("limit must be 1 to {PAGE}")));
    }
    let after = cursor.map(Cursor::from_str).transpose();
    let after = after.map_err(|_| Error::invalid("cursor must be one that an earlier answer gave"))?;
    Ok(PageRequest { after, limit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        for good in ["ab", "a-b", "a1", "0-0", &"a".repeat(63)] {
            assert!(slug(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "-a", "a-", "A1", "a_b", "ä1", "a b", &"a".repeat(64)] {
            assert!(slug(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn origins_and_redirect_uris() {
        let one = |text: &str| [text.to_owned()];
        assert_eq!(origins(&one("https://A.example:443/")).unwrap(), ["https://a.example"]);
        assert_eq!(origins(&one("http://localhost:3000")).unwrap(), ["http://localhost:3000"]);
        for bad in [
            "*",
            "null",
            "a.example",
            "https://a.example/x",
            "https://u@a.example",
            "ftp://a.example",
            "https://a.example?q",
        ] {
            assert!(origins(&one(bad)).is_err(), "{bad}");
        }
        for good in ["https://a.example/back?x=1", "http://127.0.0.1:1/cb", "com.example.app:/back"] {
            assert_eq!(redirect_uris(&one(good)).unwrap(), [good]);
        }
        for bad in [
            "",
            "http://a.example/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://*.example/cb",
            "https://a.example/#f",
            "https://u:p@a.example/",
            "https://a.example/ b",
            "//a.example",
            "https://a.example\\@b.example/",
        ] {
            assert!(redirect_uris(&one(bad)).is_err(), "{bad}");
        }
        assert!(redirect_uris(&[]).is_err());
        assert!(service_name("docu-store.v2").is_ok() && service_name("-a").is_err() && service_name("a b").is_err());
    }

    #[test]
    fn pages_and_client_ids() {
        let one = |text: &str| [text.to_owned()];
        for good in
            ["https://a.example/back?x=1", "http://127.0.0.1:1/cb", "http://localhost:3000/", "https://a.example:444/"]
        {
            assert_eq!(pages(&one(good)).unwrap(), [good]);
        }
        for bad in [
            "",
            "https://a.example",
            "https://A.example/",
            "https:a.example/",
            "https:\\\\a.example/",
            "https://a.example\\@b.example/",
            "https://a.example@b.example/",
            "https://a.example:443/",
            "https://a.example/x/../y",
            " https://a.example/",
            "https://a.example/\n",
            "https://a.example/#f",
            "http://a.example/",
            "com.example.app:/back",
            "javascript:alert(1)",
            "//a.example/",
        ] {
            assert!(pages(&one(bad)).is_err(), "{bad}");
        }
        assert_eq!(pages(&[]).unwrap(), Vec::<String>::new());
        assert_eq!(client_ids(&one("1-a.apps.example")).unwrap(), ["1-a.apps.example"]);
        assert!(client_ids(&one("")).is_err() && client_ids(&one("a b")).is_err());
    }

    #[test]
    fn emails() {
        for good in ["a@b.c", " a@b.c ", "a+b@c.example"] {
            assert!(email(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "@b.c", "a@", "a@b", "a@b@c.d", "a b@c.d", "a@.c", "a@c.", "a@b.c\n\u{7}"] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_and_pictures() {
        assert_eq!(name("  A B ").unwrap(), "A B");
        assert!(name(" ").is_err() && name("a\tb").is_err() && name(&"x".repeat(201)).is_err());
        assert!(picture("https://example.com/a.png").is_ok());
        assert!(picture("javascript:alert(1)").is_err() && picture("http://example.com/a.png").is_err());
    }

    #[test]
    fn parts_of_lists() {
        assert_eq!(page(None, None).unwrap().limit, PAGE);
        assert!(page(Some(0), None).is_err() && page(Some(PAGE + 1), None).is_err() && page(None, Some("x")).is_err());
    }
}
