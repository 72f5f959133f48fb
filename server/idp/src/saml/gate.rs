//! What text may reach the XML parser at all: a scan of its bytes that knows nothing but tags.
//!
//! SAML needs elements, attributes and text. What else XML has (document types, entities, processing instructions,
//! CDATA, comments) is where parsers differ and where attacks live, so it is refused before any parser sees it; and
//! so is what costs a parser more than its length: depth, attributes and namespaces in scope.

/// How much of what.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Bytes of the whole.
    pub(super) bytes: usize,
    /// Elements within each other.
    pub(super) depth: usize,
    /// Elements in all.
    pub(super) elements: usize,
    /// Whether comments may stand between elements. They never end up in what is read.
    pub(super) comments: bool,
}

impl Limits {
    /// A response, or an assertion that came out of one. Entra ID's with 150 groups have about 30 KiB.
    pub(super) const RESPONSE: Self = Self { bytes: 256 << 10, depth: 32, elements: 5_000, comments: false };
    /// Metadata, which people write by hand and federations in bulk.
    pub(super) const METADATA: Self = Self { bytes: 2 << 20, depth: 32, elements: 40_000, comments: true };
}

/// Attributes of one element, namespace declarations among them. SAML's own elements have at most nine.
const ATTRIBUTES: usize = 32;
/// Namespace declarations in scope at any place: a parser may copy them to every element.
const NAMESPACES: usize = 64;
/// The longest reference: `&#x10FFFF;`, and room for leading zeros.
const REFERENCE: usize = 16;

/// The text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused;

/// Whether the text may be parsed.
pub(super) fn check(xml: &str, limits: Limits) -> Result<(), Refused> {
    if xml.len() > limits.bytes {
        return Err(Refused);
    }
    let mut rest = declaration(xml)?;
    let mut open: Vec<usize> = Vec::new();
    let mut elements = 0usize;
    while let Some((text, tail)) = rest.split_once('<') {
        references(text)?;
        rest = if let Some(comment) = tail.strip_prefix("!--") {
            if !limits.comments {
                return Err(Refused);
            }
            comment.split_once("-->").ok_or(Refused)?.1
        } else if let Some(end) = tail.strip_prefix('/') {
            open.pop().ok_or(Refused)?;
            end.split_once('>').ok_or(Refused)?.1
        } else if tail.starts_with(['!', '?']) {
            return Err(Refused);
        } else {
            let tag = tag(tail)?;
            elements = elements.saturating_add(1);
            let namespaces = open.last().copied().unwrap_or(0).saturating_add(tag.namespaces);
            if elements > limits.elements || open.len() >= limits.depth || namespaces > NAMESPACES {
                return Err(Refused);
            }
            if !tag.empty {
                open.push(namespaces);
            }
            tag.rest
        };
    }
    references(rest)?;
    if open.is_empty() && elements > 0 { Ok(()) } else { Err(Refused) }
}

/// Skips the XML declaration, which may name no encoding but UTF-8.
fn declaration(xml: &str) -> Result<&str, Refused> {
    let Some(tail) = xml.strip_prefix("<?xml") else { return Ok(xml) };
    let (inside, rest) = tail.split_once("?>").ok_or(Refused)?;
    if inside.len() > 100 || !inside.starts_with([' ', '\t', '\r', '\n']) {
        return Err(Refused);
    }
    let lower = inside.to_ascii_lowercase();
    match lower.split_once("encoding") {
        Some((_, named)) if !named.contains("\"utf-8\"") && !named.contains("'utf-8'") => Err(Refused),
        _ => Ok(rest),
    }
}

/// What one start tag holds.
struct Tag<'a> {
    namespaces: usize,
    empty: bool,
    rest: &'a str,
}

/// Reads a start tag up to its `>`, which may stand inside quotes, too.
fn tag(tail: &str) -> Result<Tag<'_>, Refused> {
    let (mut rest, mut attributes, mut namespaces) = (tail, 0usize, 0usize);
    loop {
        let at = rest.find(['"', '\'', '>', '<']).ok_or(Refused)?;
        let (before, from) = rest.split_at_checked(at).ok_or(Refused)?;
        let mut after = from.chars();
        match after.next() {
            Some('>') => return Ok(Tag { namespaces, empty: before.ends_with('/'), rest: after.as_str() }),
            Some(quote @ ('"' | '\'')) => {
                attributes = attributes.saturating_add(1);
                let name = before.trim_start_matches([' ', '\t', '\r', '\n']);
                // Of the first attribute the element's name stands before it.
                let name =
                    name.rsplit([' ', '\t', '\r', '\n']).find(|part| !matches!(*part, "" | "=")).unwrap_or_default();
                if name.starts_with("xmlns") {
                    namespaces = namespaces.saturating_add(1);
                }
                let (value, tail) = after.as_str().split_once(quote).ok_or(Refused)?;
                if attributes > ATTRIBUTES || value.contains('<') {
                    return Err(Refused);
                }
                references(value)?;
                rest = tail;
            }
            _ => return Err(Refused),
        }
    }
}

/// No entity but the five of XML, and characters by number.
fn references(text: &str) -> Result<(), Refused> {
    for after in text.split('&').skip(1) {
        let (name, _) = after.split_once(';').ok_or(Refused)?;
        let number = name.strip_prefix('#').is_some_and(|number| match number.strip_prefix('x') {
            Some(hex) => !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
            None => !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()),
        });
        if name.len() > REFERENCE || !(number || matches!(name, "amp" | "lt" | "gt" | "quot" | "apos")) {
            return Err(Refused);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(xml: &str) -> bool {
        check(xml, Limits::RESPONSE).is_ok()
    }

    #[test]
    fn plain_elements_pass() {
        assert!(response("<a/>"));
        assert!(response(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a b='1>2' c=\"'\"><d xmlns:x=\"u\">&amp;&#228;&#xE4;</d></a>\n"
        ));
    }

    #[test]
    fn what_saml_does_not_need_is_refused() {
        for xml in [
            "",
            "text",
            "<a>",
            "</a>",
            "<a></a></a>",
            "<!DOCTYPE a><a/>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
            "<a>&b;</a>",
            "<a b='&b;'/>",
            "<a>&#;</a>",
            "<a>&</a>",
            "<a b='<'/>",
            "<a b='/>",
            "<a <b/>",
            "<a><!-- c --></a>",
            "<a><![CDATA[b]]></a>",
            "<a><?b c?></a>",
            "<?xml-stylesheet href='b'?><a/>",
            " <?xml version='1.0'?><a/>",
            "<?xml version='1.0' encoding='UTF-16'?><a/>",
            "<?xml version='1.0' encoding='utf-7'?><a/>",
        ] {
            assert!(!response(xml), "{xml}");
        }
    }

    #[test]
    fn metadata_may_hold_comments_and_nothing_else_besides() {
        assert!(check("<!-- a --><b><!-- c --></b>", Limits::METADATA).is_ok());
        assert!(check("<b><!-- c </b>", Limits::METADATA).is_err());
        assert!(check("<!DOCTYPE b><b/>", Limits::METADATA).is_err());
    }

    #[test]
    fn depth_number_and_namespaces_are_bounded() {
        let deep = |n: usize| format!("{}{}", "<a>".repeat(n), "</a>".repeat(n));
        assert!(response(&deep(32)) && !response(&deep(33)));
        let many = |n: usize| format!("<a>{}</a>", "<b/>".repeat(n));
        assert!(response(&many(4_999)) && !response(&many(5_000)));
        let attributes = |n: usize| format!("<a{}/>", (0..n).map(|i| format!(" b{i}=''")).collect::<String>());
        assert!(response(&attributes(32)) && !response(&attributes(33)));
        let scope = |n: usize| {
            let open: String = (0..n).map(|i| format!("<a xmlns:b{i}\n = 'u' xmlns = 'v'>")).collect();
            format!("{open}{}", "</a>".repeat(n))
        };
        assert!(response(&scope(32)));
        let wide: String = (0..22).map(|i| format!("<a xmlns:b{i}='u' xmlns:c='u' xmlns='v'>")).collect();
        assert!(!response(&format!("{wide}{}", "</a>".repeat(22))));
        assert!(!response(&format!("<a>{}</a>", " ".repeat(256 << 10))));
    }
}
