//! A parsed document, and how it is read: no entity, no document type, every text whole.

use roxmltree::{Document, Node, ParsingOptions};

use super::gate::{self, Limits, Refused};
use super::names::XML;

/// Parses what the gate lets through.
pub(super) fn parse(xml: &str, limits: Limits) -> Result<Document<'_>, Refused> {
    gate::check(xml, limits)?;
    again(xml)
}

/// Parses what was canonicalised here, out of a document that came through the gate.
pub(super) fn again(xml: &str) -> Result<Document<'_>, Refused> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: 200_000, entity_resolver: None };
    Document::parse_with_options(xml, options).map_err(|_| Refused)
}

/// Whether this is that element.
pub(super) fn is(node: Node<'_, '_>, namespace: &str, name: &str) -> bool {
    node.is_element() && node.tag_name().namespace() == Some(namespace) && node.tag_name().name() == name
}

/// The elements directly below.
pub(super) fn elements<'a, 'i>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

/// The elements of one name directly below.
pub(super) fn named<'a, 'i>(node: Node<'a, 'i>, namespace: &str, name: &str) -> impl Iterator<Item = Node<'a, 'i>> {
    elements(node).filter(move |child| is(*child, namespace, name))
}

/// There are several where one may be.
pub(super) struct Several;

/// The one element of a name directly below, if there is one.
pub(super) fn at_most_one<'a, 'i>(
    node: Node<'a, 'i>,
    namespace: &str,
    name: &str,
) -> Result<Option<Node<'a, 'i>>, Several> {
    let mut found = named(node, namespace, name);
    let first = found.next();
    if found.next().is_some() { Err(Several) } else { Ok(first) }
}

/// The one element of a name directly below.
pub(super) fn one<'a, 'i>(node: Node<'a, 'i>, namespace: &str, name: &str) -> Option<Node<'a, 'i>> {
    at_most_one(node, namespace, name).ok().flatten()
}

/// The whole text of an element that holds only text. Comments do not cut it: what stands behind one belongs to it.
pub(super) fn text(node: Node<'_, '_>) -> Option<String> {
    if elements(node).next().is_some() {
        return None;
    }
    Some(node.children().filter(Node::is_text).filter_map(|part| part.text()).collect())
}

/// An attribute that is in no namespace.
pub(super) fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.attributes().find(|attribute| attribute.namespace().is_none() && attribute.name() == name).map(|a| a.value())
}

/// Whether no two elements have one ID, by whichever of the names that any implementation takes for one.
pub(super) fn ids_are_unique(document: &Document<'_>) -> bool {
    let mut ids: Vec<&str> = document
        .descendants()
        .flat_map(|node| node.attributes())
        .filter(|attribute| match attribute.namespace() {
            None => attribute.name().eq_ignore_ascii_case("id"),
            Some(namespace) => namespace == XML && attribute.name() == "id",
        })
        .map(|attribute| attribute.value())
        .collect();
    ids.sort_unstable();
    ids.windows(2).all(|pair| pair.first() != pair.last())
}

/// Escapes text for an element or a double-quoted attribute that we write.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#x9;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_cuts_no_text() {
        let document = parse("<a>admin@firm.com<!-- -->.evil.com</a>", Limits::METADATA).unwrap();
        assert_eq!(text(document.root_element()).unwrap(), "admin@firm.com.evil.com");
        let document = parse("<a>admin<b/></a>", Limits::METADATA).unwrap();
        assert_eq!(text(document.root_element()), None);
    }

    #[test]
    fn one_id_twice_is_seen_whatever_it_is_called() {
        for xml in ["<a ID='x'><b ID='x'/></a>", "<a ID='x'><b Id='x'/></a>", "<a id='x'><b xml:id='x'/></a>"] {
            assert!(!ids_are_unique(&again(xml).unwrap()), "{xml}");
        }
        assert!(ids_are_unique(&again("<a ID='x'><b Id='y' name='x'/></a>").unwrap()));
    }

    #[test]
    fn what_we_write_reads_back() {
        let text_in = "a<b>&\"'\r\n\tc";
        let xml = format!("<a b=\"{0}\">{0}</a>", escaped(text_in));
        let document = again(&xml).unwrap();
        assert_eq!(text(document.root_element()).unwrap(), text_in);
        assert_eq!(attribute(document.root_element(), "b"), Some(text_in));
    }
}
