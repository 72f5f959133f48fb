"""More of something than a login needs: each within what a small message can say, or repeated by whoever reads the case."""

import re

import dsig
from corpus import Repeated

from .common import A, R, tag

CODES = "too_large xml_refused"


def build(corpus):
    holes(corpus)
    signed_and_huge(corpus)


def at(xml, place):
    """The text before and after a place: a `re` whose match's end it is."""
    found = re.search(place, xml)
    return xml[:found.end()], xml[found.end():]


def holes(corpus):
    """In what nobody signed: the signature still holds."""
    xml = re.sub(r"^<\?xml[^>]*>\s*", "", corpus[A])
    extensions = '<x:Extensions xmlns:x="urn:oasis:names:tc:SAML:2.0:protocol">{}</x:Extensions>'
    inner = at(xml, r"</\w+:Issuer>")

    def case(name, why, before, unit, times, after, codes=CODES, holds=True):
        corpus.hostile(name, why, A, Repeated(before, unit, times, after), codes, holds=holds)

    def extension(name, why, unit, times, ending="", opening="", codes=CODES):
        start, end = extensions.split("{}")
        case(name, why, inner[0] + start + opening, unit, times, ending + end + inner[1], codes)

    case("6 MB of white space before the response", "A login is not that long.", "", "   ", 2_000_000, xml)
    case("6 MB of white space after the response", "A login is not that long.", xml, "   ", 2_000_000, "")
    extension("6 MB of text", "A login is not that long.", "text!!", 1_000_000)
    extension("6 MB of comments", "A login is not that long.", "<!--comment-->", 450_000)
    extension("300,000 elements", "A login has a few.", "<x a=''/>", 300_000)
    extension("900 kB of elements", "A login has a few.", "<x/>", 225_000)
    before, after = inner[0] + '<x:Extensions xmlns:x="urn:oasis:names:tc:SAML:2.0:protocol" id="x"', "/>" + inner[1]
    flat = "".join(f' a{n:04}=""' for n in range(3_000))
    corpus.hostile("3,000 attributes of one element", "Attributes are compared with one another.", A, before + flat + after, CODES, holds=True)
    names = "".join(f' xmlns:n{n:04}="urn:x"' for n in range(1_000))
    corpus.hostile("1,000 namespaces of one element", "Each is looked up for every name below.", A, before + names + after, CODES, holds=True)
    case("an attribute's value of 6 MB", "A login is not that long.", before + ' a="', "value!", 1_000_000, '"' + after)
    case("a name of 3 MB", "A login is not that long.", before + " name", "abc", 1_000_000, '=""' + after)
    start, end = extensions.split("{}")
    for depth in (1_000, 10_000):
        tower = start + "<x>" * depth + "</x>" * depth + end
        corpus.hostile(f"{depth:,} deep", "Depth is bounded before anything walks it.", A, inner[0] + tower + inner[1], CODES)
    case("120,000 deep and never closed", "Depth is bounded before anything walks it.", inner[0] + start, "<x>", 120_000, "", holds=False)
    signature = dsig.text(dsig.signature_of(corpus.edit(A).assertion))
    signature = re.sub(r"\s+", " ", signature)
    extension("201 signatures", "One is verified, or two.", signature, 201, codes=CODES + " signature_reference duplicate_id")


def signed_and_huge(corpus):
    """Signed by the provider as they stand: even it is bounded."""
    for mother in (A, R):
        e = corpus.edit(mother)
        statement = e["a:Assertion/a:AttributeStatement"]
        extra = dsig.etree.SubElement(statement, tag("a", "Attribute"), Name="more")
        value = dsig.etree.SubElement(extra, tag("a", "AttributeValue"))
        value.text = "abcdef" * 1_000_000
        e.sign() if mother == A else e.sign_response()
        before, after = e.xml().split("abcdef" * 1_000_000)
        corpus.hostile(f"a value of 6 MB, signed ({mother})", "A login is not that long, whoever signed it.", mother,
                       Repeated(before, "abcdef", 1_000_000, after), CODES, holds=True)
        e = corpus.edit(mother)
        statement = e["a:Assertion/a:AttributeStatement"]
        one = f'<a:Attribute xmlns:a="{dsig.NS["a"]}" Name="more"><a:AttributeValue>x</a:AttributeValue></a:Attribute>'
        for _ in range(20_000):
            statement.append(dsig.parse(one))
        e.sign() if mother == A else e.sign_response()
        xml = e.xml()
        unit = re.search(r"<[^<>]*Attribute [^<>]*Name=\"more\"[^<>]*>.*?Attribute>", xml)[0]
        before, after = xml.split(unit * 20_000)
        corpus.hostile(f"20,000 attributes, signed ({mother})", "A person has a few, whoever signed it.", mother,
                       Repeated(before, unit, 20_000, after), CODES, holds=True)
