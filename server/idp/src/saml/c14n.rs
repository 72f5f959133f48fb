//! Exclusive XML canonicalization without comments ([W3C](https://www.w3.org/TR/xml-exc-c14n/)): the octets that a
//! signature signs.
//!
//! What is read of a message is read out of these octets, parsed once more, and never out of the message. So a mistake
//! here can refuse a good message, but cannot make a forged one: octets whose digest is signed are octets that the
//! provider wrote.

use std::collections::BTreeSet;

use roxmltree::{Node, NodeId};

/// Most octets of one canonical form. A prefix bound to a long name is written again at every element that uses it.
const LIMIT: usize = 4 << 20;
/// Most prefixes of an `InclusiveNamespaces`: each is looked up at every element. Providers list `xs`, if anything.
const PREFIXES: usize = 8;

/// The canonical form would be too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

/// The prefixes that are treated as inclusive canonicalization would (`PrefixList`); `#default` is the empty one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Inclusive(Vec<String>);

impl Inclusive {
    /// Reads a `PrefixList`.
    pub(super) fn parse(list: &str) -> Option<Self> {
        let prefixes = list.split_ascii_whitespace().map(|prefix| match prefix {
            "#default" => String::new(),
            other => other.to_owned(),
        });
        let prefixes: Vec<String> = prefixes.take(PREFIXES + 1).collect();
        (prefixes.len() <= PREFIXES).then_some(Self(prefixes))
    }
}

/// The canonical form of an element, without one of its children (the enveloped signature).
pub(super) fn canonical(
    node: Node<'_, '_>,
    without: Option<NodeId>,
    inclusive: &Inclusive,
) -> Result<String, TooLarge> {
    let mut writer = Writer { without, inclusive, rendered: Vec::new(), out: String::new() };
    writer.element(node)?;
    Ok(writer.out)
}

struct Writer<'a, 'w> {
    without: Option<NodeId>,
    inclusive: &'w Inclusive,
    /// The namespace declarations that are written and in scope: prefix and name, the innermost last.
    rendered: Vec<(&'a str, &'a str)>,
    out: String,
}

impl<'a> Writer<'a, '_> {
    fn element(&mut self, node: Node<'a, 'a>) -> Result<(), TooLarge> {
        let name = element_name(node);
        let outer = self.rendered.len();
        self.out.push('<');
        self.out.push_str(name);
        self.namespaces(node, name);
        self.attributes(node);
        self.out.push('>');
        for child in node.children() {
            if self.out.len() > LIMIT {
                return Err(TooLarge);
            }
            if child.is_element() && Some(child.id()) != self.without {
                self.element(child)?;
            } else if child.is_text() {
                self.text(child.text().unwrap_or_default());
            }
        }
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
        self.rendered.truncate(outer);
        if self.out.len() > LIMIT { Err(TooLarge) } else { Ok(()) }
    }

    /// Declares what the element or its attributes use, and what `PrefixList` names, unless an element that was
    /// written around this one declares the same.
    fn namespaces(&mut self, node: Node<'a, 'a>, name: &'a str) {
        let mut used = BTreeSet::from([prefix(name)]);
        // An attribute without a prefix is in no namespace: it does not use the default one.
        let attributes = node.attributes().map(|attribute| prefix(attribute_name(node, attribute.range_qname())));
        used.extend(attributes.filter(|prefix| !prefix.is_empty()));
        for listed in &self.inclusive.0 {
            let declared = node.namespaces().find(|namespace| namespace.name().unwrap_or_default() == listed);
            if let Some(declared) = declared {
                used.insert(declared.name().unwrap_or_default());
            } else if listed.is_empty() {
                used.insert("");
            }
        }
        used.remove("xml");
        for prefix in used {
            let bound = node.lookup_namespace_uri((!prefix.is_empty()).then_some(prefix)).unwrap_or_default();
            let around = self.rendered.iter().rev().find(|(outer, _)| *outer == prefix).map(|(_, name)| *name);
            if around.unwrap_or_default() == bound {
                continue;
            }
            self.out.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
            self.out.push_str(prefix);
            self.value(bound);
            self.rendered.push((prefix, bound));
        }
    }

    /// By namespace, then by name; those without a namespace first.
    fn attributes(&mut self, node: Node<'a, 'a>) {
        let mut attributes: Vec<_> = node.attributes().collect();
        attributes.sort_by_key(|attribute| (attribute.namespace().unwrap_or_default(), attribute.name()));
        for attribute in attributes {
            self.out.push(' ');
            self.out.push_str(attribute_name(node, attribute.range_qname()));
            self.value(attribute.value());
        }
    }

    fn value(&mut self, value: &str) {
        self.out.push_str("=\"");
        for c in value.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '"' => self.out.push_str("&quot;"),
                '\t' => self.out.push_str("&#x9;"),
                '\n' => self.out.push_str("&#xA;"),
                '\r' => self.out.push_str("&#xD;"),
                other => self.out.push(other),
            }
        }
        self.out.push('"');
    }

    fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '\r' => self.out.push_str("&#xD;"),
                other => self.out.push(other),
            }
        }
    }
}

/// The name of an element as it is written. The parser tells a namespace, not the prefix it was reached by.
fn element_name<'a>(node: Node<'a, 'a>) -> &'a str {
    let written = node.document().input_text().get(node.range()).unwrap_or_default();
    let name = written.strip_prefix('<').unwrap_or_default();
    name.split([' ', '\t', '\r', '\n', '/', '>']).next().unwrap_or_default()
}

fn attribute_name<'a>(node: Node<'a, 'a>, range: std::ops::Range<usize>) -> &'a str {
    node.document().input_text().get(range).unwrap_or_default()
}

fn prefix(name: &str) -> &str {
    name.split_once(':').map_or("", |(prefix, _)| prefix)
}

#[cfg(test)]
mod tests {
    use super::super::xml::again;
    use super::*;

    fn of(xml: &str, local: &str, list: &str) -> String {
        let document = again(xml).unwrap();
        let node = document.descendants().find(|node| node.tag_name().name() == local).unwrap();
        canonical(node, None, &Inclusive::parse(list).unwrap()).unwrap()
    }

    /// The examples of the recommendation, section 2.2.
    #[test]
    fn the_recommendations_examples() {
        let first = "<n0:local xmlns:n0=\"foo:bar\" xmlns:n3=\"ftp://example.org\"><n1:elem2 xmlns:n1=\"http://example.net\" \
                     xml:lang=\"en\"><n3:stuff xmlns:n3=\"ftp://example.org\"/></n1:elem2></n0:local>";
        let second = "<n2:pdu xmlns:n1=\"http://example.com\" xmlns:n2=\"http://foo.example\" xml:lang=\"fr\" \
                      xml:space=\"retain\"><n1:elem2 xmlns:n1=\"http://example.net\" xml:lang=\"en\"><n3:stuff \
                      xmlns:n3=\"ftp://example.org\"/></n1:elem2></n2:pdu>";
        let expected = "<n1:elem2 xmlns:n1=\"http://example.net\" xml:lang=\"en\"><n3:stuff \
                        xmlns:n3=\"ftp://example.org\"></n3:stuff></n1:elem2>";
        assert_eq!(of(first, "elem2", ""), expected);
        assert_eq!(of(second, "elem2", ""), expected);
    }

    #[test]
    fn unused_declarations_go_and_listed_ones_stay() {
        let xml = "<a xmlns='u' xmlns:x='v' xmlns:y='w'><x:b c='1' y:d='2' b='3'><e/></x:b></a>";
        assert_eq!(
            of(xml, "b", ""),
            "<x:b xmlns:x=\"v\" xmlns:y=\"w\" b=\"3\" c=\"1\" y:d=\"2\"><e xmlns=\"u\"></e></x:b>"
        );
        assert_eq!(of(xml, "e", "x #default nowhere"), "<e xmlns=\"u\" xmlns:x=\"v\"></e>");
        assert_eq!(
            of("<a xmlns='u'><b xmlns=''><c/></b></a>", "a", ""),
            "<a xmlns=\"u\"><b xmlns=\"\"><c></c></b></a>"
        );
    }

    #[test]
    fn two_prefixes_of_one_namespace_stay_two() {
        let xml = "<x:a xmlns:x='u' xmlns:y='u'><y:b y:c='1'/><x:d/></x:a>";
        assert_eq!(of(xml, "a", ""), "<x:a xmlns:x=\"u\"><y:b xmlns:y=\"u\" y:c=\"1\"></y:b><x:d></x:d></x:a>");
    }

    #[test]
    fn characters_are_escaped_as_the_recommendation_says() {
        let xml = "<a b=\"1&#9;2&#10;3&#13;4&quot;5&lt;6>7&amp;8'\">&#13;&lt;&gt;&amp;\"'\r\n</a>";
        let expected = "<a b=\"1&#x9;2&#xA;3&#xD;4&quot;5&lt;6>7&amp;8'\">&#xD;&lt;&gt;&amp;\"'\n</a>";
        assert_eq!(of(xml, "a", ""), expected);
        // Once more changes nothing.
        assert_eq!(of(expected, "a", ""), expected);
    }

    #[test]
    fn comments_go_and_the_text_around_them_stays() {
        assert_eq!(of("<a>b<!-- c -->d</a>", "a", ""), "<a>bd</a>");
    }

    #[test]
    fn a_form_that_grows_is_cut_off() {
        let uri = "u".repeat(100_000);
        let xml = format!("<a xmlns:x='{uri}'>{}</a>", "<x:b/>".repeat(100));
        let document = again(&xml).unwrap();
        assert_eq!(canonical(document.root_element(), None, &Inclusive::default()), Err(TooLarge));
    }

    /// Random documents, and what libxml2 makes of them (`tests/data/c14n.py`).
    #[test]
    fn libxml2_writes_the_same() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/c14n.json");
        let file: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let cases = file["cases"].as_array().unwrap();
        assert!(cases.len() >= 60);
        for case in cases {
            let text = |name: &str| case[name].as_str().unwrap();
            let document = again(text("xml")).unwrap();
            let at = usize::try_from(case["element"].as_u64().unwrap()).unwrap();
            let node = document.descendants().filter(Node::is_element).nth(at).unwrap();
            let inclusive = Inclusive::parse(text("prefixes")).unwrap();
            assert_eq!(canonical(node, None, &inclusive).unwrap(), text("canonical"), "{case}");
        }
    }
}
