"""XML that does more than SAML needs, or is none; base64 that is none."""

import base64
import re
import zlib

import dsig
from corpus import Posted, posted

from .common import A, EVE, R


def build(corpus):
    for mother in (A, R):
        texts(corpus, mother)
    doctypes(corpus)
    encodings(corpus)
    malformed(corpus)
    transport(corpus)


def between(xml, name, change):
    """Changes the text of the last element of this name."""
    found = list(re.finditer(rf"(<(?:\w+:)?{name}(?: [^>]*)?>)([^<]*)(</)", xml))[-1]
    return xml[:found.start(2)] + change(found[2]) + xml[found.end(2):]


def texts(corpus, mother):
    """Canonicalization hides what these are: the signature still holds."""
    xml = corpus[mother]

    def case(name, why, changed, codes="xml_refused", holds=True):
        assert changed != xml
        corpus.hostile(f"{name} ({mother})", why, mother, changed, codes, holds=holds)

    # Signed: somebody whose own address is root@firm.example.evil.example, say; a reader of the first text alone sees root@firm.example.
    split = lambda text: text[:3] + "<!---->" + text[3:]  # noqa: E731
    for name in ("NameID", "AttributeValue", "Audience", "Issuer"):
        case(f"a comment in {name}", "A comment is not canonicalized, and many a reader stops at it.", between(xml, name, split))
    case("a comment in DigestValue", "The digest that is compared must be the digest that was signed.", between(xml, "DigestValue", split),
         "xml_refused signature_invalid signature_reference")
    case("a comment in SignatureValue", "A comment in base64 is no base64.", between(xml, "SignatureValue", split), "xml_refused signature_invalid")
    case("a whole digest in a comment", "A reader of the first text alone compares with a digest of the attacker's.",
         between(xml, "DigestValue", lambda text: f"<!--{text}-->{text}"), "xml_refused signature_invalid signature_reference")
    case("CDATA in NameID", "A section of CDATA is text for one reader and a node of its own for another.",
         between(xml, "NameID", lambda text: f"{text[:3]}<![CDATA[{text[3:]}]]>"))
    case("a processing instruction in NameID", "A processing instruction is not text, and is signed as itself.",
         between(xml, "NameID", lambda text: f"{text[:3]}<?x y?>{text[3:]}"), "xml_refused", holds=False)
    case("XInclude in NameID", "Nothing is included: an element is no text.",
         between(xml, "NameID", lambda _: '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname" parse="text"/>'),
         "xml_refused signature_invalid name_id_missing", holds=False)


def start(xml):
    """Where the root starts."""
    return re.search(r"<\w+:Response", xml).start()


def doctypes(corpus):
    xml = corpus[A]
    at = start(xml)
    root = re.match(r"<(\w+:Response)", xml[at:])[1]

    def case(name, why, declaration, document=None, holds=True):
        changed = xml[:at] + declaration.replace("ROOT", root) + (document or xml)[at:]
        corpus.hostile(name, why, A, changed, "xml_refused", holds=holds)

    referring = between(xml, "NameID", lambda text: text.replace("ada", "&name;"))
    case("DOCTYPE, empty", "SAML has no document types (bindings 3.5, XML signature best practices).", "<!DOCTYPE ROOT>")
    case("DOCTYPE, an entity that is not used", "Declaring is enough to be refused.", '<!DOCTYPE ROOT [<!ENTITY name "ada">]>')
    case("an entity in NameID", "Whoever expands it sees what was signed, whoever does not sees somebody else.",
         '<!DOCTYPE ROOT [<!ENTITY name "ada">]>', referring)
    case("an external entity", "No file of the server's is read.", '<!DOCTYPE ROOT [<!ENTITY name SYSTEM "file:///etc/hostname">]>', referring, False)
    case("an external entity by http", "No address is fetched.", '<!DOCTYPE ROOT [<!ENTITY name SYSTEM "http://127.0.0.1:9/name">]>', referring, False)
    case("an external DTD", "No address is fetched.", '<!DOCTYPE ROOT SYSTEM "http://127.0.0.1:9/saml.dtd">', holds=False)
    case("a parameter entity", "No file of the server's is read.", '<!DOCTYPE ROOT [<!ENTITY % more SYSTEM "file:///etc/hostname"> %more;]>', holds=False)
    case("an attribute that is an ID by DTD", "What an ID is says SAML, not the document.",
         '<!DOCTYPE ROOT [<!ATTLIST ROOT Destination ID #IMPLIED>]>', holds=False)
    laughs = '<!ENTITY a0 "ada">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 11))
    case("billion laughs", "Ten entities of ten make ten thousand million.", f"<!DOCTYPE ROOT [{laughs}]>",
         between(xml, "NameID", lambda _: "&a10;"), False)
    case("quadratic blow-up", "One long entity, used often.", f'<!DOCTYPE ROOT [<!ENTITY name "{"a" * 5_000}">]>',
         between(xml, "NameID", lambda _: "&name;" * 2_000), False)
    case("an entity of itself", "It would never end.", '<!DOCTYPE ROOT [<!ENTITY name "&name;">]>', referring, False)
    case("an entity that nobody declares", "It stands for nothing.", "", referring, False)
    case("a stylesheet before the response", "A processing instruction asks for something to be done.", '<?xml-stylesheet href="http://127.0.0.1:9/x.xsl" type="text/xsl"?>')


def encodings(corpus):
    xml = re.sub(r"^<\?xml[^>]*>\s*", "", corpus[A])

    def case(name, why, data, codes="xml_refused"):
        corpus.hostile(name, why, A, data, codes)

    case("UTF-16", "Another encoding is another document to whoever looks for bytes.", xml.encode("utf-16"))
    case("UTF-16 without a mark", "Another encoding is another document to whoever looks for bytes.",
         ('<?xml version="1.0" encoding="UTF-16BE"?>' + xml).encode("utf-16-be"))
    case("UTF-7", "A declared encoding would turn harmless bytes into tags.",
         ('<?xml version="1.0" encoding="UTF-7"?>' + between(xml, "NameID", lambda text: f"+ADwAIQAtAC0ALQAtAD4-{text}")).encode())
    broken = between(xml, "NameID", lambda text: "\ue000" + text).encode().replace("\ue000".encode(), b"\xff")
    case("bytes that are no UTF-8", "They would be read as one thing or another.", broken)
    overlong = between(xml, "NameID", lambda text: "\ue000" + text).encode().replace("\ue000".encode(), b"\xc0\xbc")
    case("an overlong form", "Two bytes for what one would say.", overlong)
    case("NUL in NameID", "XML has no NUL, and a reader in C stops at it.", between(xml, "NameID", lambda text: f"{text}\0.evil.example"))
    case("a control character in NameID", "XML 1.0 has no such character.", between(xml, "NameID", lambda text: f"{text}\x01"))
    case("a reference to NUL in NameID", "XML has no NUL, however it is written.", between(xml, "NameID", lambda text: f"{text}&#0;"))


def malformed(corpus):
    xml = corpus[A]

    def case(name, why, changed, codes="xml_refused"):
        assert changed != xml
        corpus.hostile(name, why, A, changed, codes)

    case("text before the response", "A document is one element.", "junk" + re.sub(r"^<\?xml[^>]*>\s*", "", xml))
    case("text after the response", "A document is one element.", xml + "junk")
    case("a second root", "A document is one element.", xml + re.sub(r"^<\?xml[^>]*>\s*", "", xml))
    case("cut short", "It has no end.", xml[: len(xml) * 9 // 10])
    case("an end tag too few", "It is not well-formed.", re.sub(r"</\w+:Assertion>", "", xml))
    case("an attribute twice", "It is not well-formed, and readers take one or the other.",
         re.sub(r"(<\w+:Response )", r'\1Destination="https://other.example/acs" ', xml))
    case("a prefix that nobody declares", "It is not well-formed as XML with namespaces is.",
         between(xml, "NameID", lambda _: f"<evil:x>{EVE}</evil:x>"))
    case("nothing but white space", "There is nothing in it.", "  \n ")
    case("HTML", "It is no SAML.", "<!doctype html><title>x</title>", "xml_refused not_a_response")
    case("JSON", "It is no SAML.", '{"Response": {}}')


def transport(corpus):
    xml = corpus[A]
    flat = posted(xml)

    def case(name, why, changed, codes="not_base64"):
        corpus.hostile(name, why, A, Posted(changed), codes)

    case("base64 with junk before", "It is no base64.", "****" + flat)
    case("base64 with junk in it", "It is no base64.", flat[:400] + "!$%\"" + flat[400:])
    case("base64 with more after its end", "It is no base64.", flat.rstrip("=") + "==" + flat)
    case("base64 of URLs", "It is another alphabet.", "-_" + flat[2:])
    case("base64 cut", "A single sign of six bits is none of eight.", flat.rstrip("=")[: len(flat) // 4 * 4 - 3])
    case("plain XML", "It is no base64.", xml)
    case("nothing", "There is nothing in it.", "", "not_base64 xml_refused")
    case("base64 of base64", "It is not decoded until it fits.", base64.b64encode(flat.encode()).decode(), "xml_refused")
    deflated = zlib.compress(xml.encode())[2:-4]
    case("deflated", "That is the redirect binding's form.", base64.b64encode(deflated).decode(), "xml_refused")
    case("gzip of zeros", "Nothing here is unpacked.", base64.b64encode(zlib.compress(bytes(8_000_000), 9)[2:-4]).decode(), "xml_refused too_large")
