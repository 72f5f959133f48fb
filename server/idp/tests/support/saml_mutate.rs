//! What an attacker does to a response: tears it apart along its elements, and puts it together again otherwise.

use std::ops::Range;

use roxmltree::{Document, Node};

/// Choices, out of a fuzzer's bytes. When they are used up, each is the first.
pub(crate) struct Choices<'a>(pub(crate) &'a [u8]);

impl Choices<'_> {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let mut take = || {
            let (first, rest) = self.0.split_first().map_or((0, self.0), |(first, rest)| (*first, rest));
            self.0 = rest;
            usize::from(first)
        };
        let number = if bound > 256 { take() << 8 | take() } else { take() };
        number % bound.max(1)
    }

    pub(crate) fn are_left(&self) -> bool {
        !self.0.is_empty()
    }

    fn of<'t, T: ?Sized>(&mut self, list: &[&'t T]) -> &'t T {
        list[self.below(list.len())]
    }
}

/// What an attacker would like to be read.
const WISHES: [&str; 8] = [
    "root@firm.example",
    "admin",
    "https://evil.example/saml",
    "2099-01-01T00:00:00Z",
    "2000-01-01T00:00:00Z",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
    "_evil",
    "",
];

/// Pieces that change how the text around them is read.
const PIECES: [&str; 12] = [
    "<!-- -->",
    "<?p q?>",
    "<![CDATA[root@firm.example]]>",
    "&root;",
    "&#114;",
    "<!DOCTYPE a [<!ENTITY root \"root\">]>",
    "\u{feff}",
    "\r\n",
    "\u{202e}",
    "&#0;",
    "]]>",
    "<x/>",
];

/// Elements to hide another in.
const COVERS: [(&str, &str); 7] = [
    ("<samlp:Extensions xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\">", "</samlp:Extensions>"),
    ("<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">", "</ds:Object>"),
    ("<a:Advice xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\">", "</a:Advice>"),
    ("<a:Assertion xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_evil\" Version=\"2.0\">", "</a:Assertion>"),
    ("<a:EncryptedAssertion xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\">", "</a:EncryptedAssertion>"),
    ("<p:Response xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_evil\" Version=\"2.0\">", "</p:Response>"),
    ("<x>", "</x>"),
];

/// Declarations that give a name another meaning.
const BINDINGS: [&str; 5] = [
    " xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
    " xmlns:saml=\"urn:evil\"",
    " xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
    " xmlns:ns0=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
    " xmlns:ds=\"urn:evil\"",
];

/// One change after another, as long as there are choices, four at most.
pub(crate) fn mutate(xml: &str, others: &[&str], choices: &mut Choices<'_>) -> String {
    let mut now = xml.to_owned();
    for _ in 0..4 {
        now = change(&now, others, choices);
        if !choices.are_left() {
            break;
        }
    }
    now
}

fn change(xml: &str, others: &[&str], choices: &mut Choices<'_>) -> String {
    let Ok(document) = Document::parse(xml) else { return damage(xml, choices) };
    let elements: Vec<Node<'_, '_>> = document.descendants().filter(Node::is_element).collect();
    let mut element = || elements[choices.below(elements.len())];
    let (a, b) = (element(), element());
    let taken = &xml[a.range()];
    match choices.below(12) {
        0 => insert(xml, place(b, xml, choices), taken),
        1 => insert(xml, place(b, xml, choices), &evil(taken, choices)),
        2 => relocate(xml, a.range(), place(b, xml, choices)),
        3 => replace(xml, a.range(), ""),
        4 => {
            let (before, after) = COVERS[choices.below(COVERS.len())];
            replace(xml, a.range(), &format!("{before}{taken}{after}"))
        }
        5 => replace(xml, a.range(), &evil(taken, choices)),
        6 => {
            let other = choices.of(others);
            let theirs = Document::parse(other).unwrap();
            let same: Vec<Node<'_, '_>> =
                theirs.descendants().filter(|node| node.is_element() && node.tag_name() == a.tag_name()).collect();
            let piece = if same.is_empty() { "" } else { &other[same[choices.below(same.len())].range()] };
            replace(xml, a.range(), piece)
        }
        7 => attribute(xml, a, b, choices),
        8 => insert(xml, a.range().start + name_end(taken), choices.of(&BINDINGS)),
        9 => {
            let texts: Vec<Range<usize>> = document.descendants().filter(Node::is_text).map(|n| n.range()).collect();
            if texts.is_empty() {
                return damage(xml, choices);
            }
            let text = texts[choices.below(texts.len())].clone();
            let at = text.start + choices.below(text.len() + 1);
            if xml.is_char_boundary(at) { insert(xml, at, choices.of(&PIECES)) } else { damage(xml, choices) }
        }
        10 => wrap(xml, &document, choices),
        _ => damage(xml, choices),
    }
}

/// Signature wrapping: a forged copy where it is read, the signed one where it is hidden (Somorovsky et al., On
/// Breaking SAML, 2012).
fn wrap(xml: &str, document: &Document<'_>, choices: &mut Choices<'_>) -> String {
    let name = choices.of(&["Assertion", "Assertion", "Response", "EncryptedAssertion", "Signature", "Subject"]);
    let Some(signed) = document.descendants().find(|node| node.tag_name().name() == name) else { return xml.into() };
    let taken = &xml[signed.range()];
    let mut forged = evil(taken, choices);
    if choices.below(2) == 0 {
        // Without a signature of its own.
        if let (Some(from), Some(to)) = (forged.find("<ds:Signature"), forged.find("</ds:Signature>")) {
            forged.replace_range(from..(to + "</ds:Signature>".len()).max(from), "");
        }
    }
    let (before, after) = COVERS[choices.below(COVERS.len())];
    let hidden = format!("{before}{taken}{after}");
    let inside = forged.rfind("</").unwrap_or(forged.len());
    match choices.below(6) {
        0 => replace(xml, signed.range(), &format!("{forged}{taken}")),
        1 => replace(xml, signed.range(), &format!("{taken}{forged}")),
        2 => replace(xml, signed.range(), &insert(&forged, inside, taken)),
        3 => replace(xml, signed.range(), &insert(&forged, inside, &hidden)),
        4 => replace(xml, signed.range(), &format!("{hidden}{forged}")),
        _ => replace(xml, signed.range(), &format!("{forged}{hidden}")),
    }
}

/// A copy that says something else.
fn evil(taken: &str, choices: &mut Choices<'_>) -> String {
    let Ok(document) = Document::parse(taken) else { return taken.to_owned() };
    let texts: Vec<Range<usize>> = document.descendants().filter(Node::is_text).map(|node| node.range()).collect();
    if texts.is_empty() {
        return taken.to_owned();
    }
    replace(taken, texts[choices.below(texts.len())].clone(), choices.of(&WISHES))
}

fn attribute(xml: &str, a: Node<'_, '_>, b: Node<'_, '_>, choices: &mut Choices<'_>) -> String {
    let attributes: Vec<_> = a.attributes().collect();
    if attributes.is_empty() {
        return insert(xml, a.range().start + name_end(&xml[a.range()]), " ID=\"_evil\"");
    }
    let attribute = &attributes[choices.below(attributes.len())];
    let theirs = b.attributes().next().map_or("", |other| other.value());
    let reference = format!("#{theirs}");
    let value = match choices.below(4) {
        0 => theirs,
        1 => &reference,
        2 => "",
        _ => choices.of(&WISHES),
    };
    if choices.below(8) == 0 {
        replace(xml, attribute.range(), "")
    } else {
        replace(xml, attribute.range_value(), value)
    }
}

fn damage(xml: &str, choices: &mut Choices<'_>) -> String {
    let at = choices.below(xml.len().max(1));
    if !xml.is_char_boundary(at) {
        return xml.to_owned();
    }
    let end = (at + 1..=xml.len()).find(|end| xml.is_char_boundary(*end)).unwrap_or(at);
    let piece = choices.of(&["", " ", "<", ">", "\"", "&", "/", "0", "=", "\u{e4}"]);
    if choices.below(2) == 0 { insert(xml, at, piece) } else { replace(xml, at..end, piece) }
}

/// Before, behind or inside an element.
fn place(node: Node<'_, '_>, xml: &str, choices: &mut Choices<'_>) -> usize {
    let range = node.range();
    match choices.below(4) {
        0 => range.start,
        1 => range.end,
        2 => node.first_child().map_or(range.end, |child| child.range().start),
        _ => xml[range.clone()].rfind("</").map_or(range.end, |at| range.start + at),
    }
}

fn name_end(element: &str) -> usize {
    element.find([' ', '>', '/', '\n', '\t', '\r']).unwrap_or(element.len())
}

fn insert(xml: &str, at: usize, piece: &str) -> String {
    replace(xml, at..at, piece)
}

fn replace(xml: &str, range: Range<usize>, piece: &str) -> String {
    [&xml[..range.start], piece, &xml[range.end..]].concat()
}

fn relocate(xml: &str, from: Range<usize>, to: usize) -> String {
    if from.contains(&to) {
        return xml.to_owned();
    }
    let piece = xml[from.clone()].to_owned();
    if to <= from.start {
        insert(&replace(xml, from, ""), to, &piece)
    } else {
        replace(&insert(xml, to, &piece), from, "")
    }
}
