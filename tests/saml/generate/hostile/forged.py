"""No signature, a changed document, a changed signature."""

import base64

import dsig

from .common import A, BOTH, CONFIRMATION, DATA, E, EVE, NAME_ID, R, become, moment, remove, values


def build(corpus):
    unsigned(corpus)
    tampered(corpus)
    around(corpus)
    signature_value(corpus)


def unsigned(corpus):
    for mother in (A, R):
        e = corpus.edit(mother)
        remove(dsig.signature_of(e.assertion if mother == A else e.response))
        e.hostile(f"{mother}, then not", "Nothing is signed any more.", "unsigned")
    e = corpus.edit(BOTH)
    remove(dsig.signature_of(e.assertion))
    e.hostile("both signed, the inner signature taken away", "The response was signed with the signature that is missing in it.", "signature_invalid")
    e = corpus.edit(BOTH)
    remove(dsig.signature_of(e.response))
    become(e.assertion)
    e.hostile("both signed, the outer taken away and the rest tampered", "What is left of the signatures no longer fits.", "signature_invalid")


def tampered(corpus):
    changes = {
        "the NameID": lambda a: setattr(dsig.one(a, NAME_ID), "text", EVE),
        "the address": lambda a: setattr(values(a, "user.email")[0], "text", EVE),
        "the role": lambda a: setattr(values(a, "user.group")[0], "text", "admin"),
        "an added value": lambda a: values(a, "groups")[0].addnext(value(a)),
        "the audience": lambda a: setattr(dsig.one(a, "a:Conditions/a:AudienceRestriction/a:Audience"), "text", "https://other.example"),
        "the time of the conditions": lambda a: dsig.one(a, "a:Conditions").set("NotOnOrAfter", moment(days=1)),
        "the time of the confirmation": lambda a: dsig.one(a, DATA).set("NotOnOrAfter", moment(days=1)),
        "the recipient's case": lambda a: dsig.one(a, DATA).set("Recipient", dsig.one(a, DATA).get("Recipient") + "#"),
        "white space": lambda a: setattr(dsig.one(a, "a:Subject"), "text", "\n"),
        "an attribute of XML's": lambda a: dsig.one(a, NAME_ID).set("SPProvidedID", "x"),
        "a statement taken away": lambda a: remove(dsig.one(a, "a:AttributeStatement")),
    }
    for mother in (A, R):
        for name, change in changes.items():
            e = corpus.edit(mother)
            change(e.assertion)
            codes = "signature_invalid" + (" recipient_mismatch" if "recipient" in name else "")
            e.hostile(f"{mother}, tampered: {name}", "The signature is not over what is there now.", codes)
    e = corpus.edit(R)
    e.response.set("InResponseTo", "_another")
    e.hostile("response signed, tampered: InResponseTo", "The signature is not over what is there now.", "signature_invalid in_response_to_mismatch")


def value(assertion):
    made = dsig.copy.deepcopy(values(assertion, "groups")[0])
    made.text = "administrators"
    return made


def around(corpus):
    """The assertion is signed; what is around it is anybody's, yet must agree with what was asked."""
    def case(name, why, change, codes):
        e = corpus.edit(A)
        change(e)
        e.hostile(f"unsigned response, {name}", why, codes, holds=True)

    case("another destination", "It was made for another address.",
         lambda e: e.response.set("Destination", "https://other.example/acs"), "destination_mismatch")
    case("a destination that only starts like ours", "Addresses are compared whole.",
         lambda e: e.response.set("Destination", e.response.get("Destination") + "/0"), "destination_mismatch")
    case("another request", "The response names a request that the assertion does not.",
         lambda e: e.response.set("InResponseTo", "_another"), "in_response_to_mismatch")
    case("another issuer", "The response says that somebody else sent it.",
         lambda e: setattr(e["a:Issuer"], "text", "https://evil.example"), "issuer_mismatch")
    case("a failed status", "The provider says that nobody logged in.",
         lambda e: e["p:Status/p:StatusCode"].set("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder"), "status_not_success")
    case("no status", "A response has a status.", lambda e: remove(e["p:Status"]), "status_not_success not_a_response")
    case("version 3", "Nobody knows what its parts would mean.", lambda e: e.response.set("Version", "3.0"), "not_a_response")

    def nest(e):
        code = e["p:Status/p:StatusCode"]
        code.set("Value", "urn:oasis:names:tc:SAML:2.0:status:Requester")
        dsig.etree.SubElement(code, code.tag, Value="urn:oasis:names:tc:SAML:2.0:status:Success")
    case("success below a failure", "The outermost code counts.", nest, "status_not_success")

    e = corpus.edit(A)
    del e.response.attrib["InResponseTo"]
    e.hostile("unsigned response, no InResponseTo", "A response that nobody asked for is refused, even around an assertion that was.",
              "in_response_to_mismatch", holds=True)
    e = corpus.edit(E)
    e.response.set("Destination", "https://other.example/acs")
    e.hostile("encrypted, another destination", "It was made for another address.", "destination_mismatch", holds=True)


def signature_value(corpus):
    def case(name, why, change, codes="signature_invalid", mother=A):
        e = corpus.edit(mother)
        signature = dsig.signature_of(e.assertion if mother == A else e.response)
        change(dsig.one(signature, "d:SignatureValue"), signature)
        e.hostile(f"{name} ({mother})", why, codes)

    def bytes_of(change):
        def apply(element, _):
            element.text = base64.b64encode(change(base64.b64decode(element.text))).decode()
        return apply

    for mother in (A, R):
        case("signature with a bit turned", "It is not the provider's signature.", bytes_of(lambda s: s[:-1] + bytes([s[-1] ^ 1])), mother=mother)
        case("signature of nothing", "An empty signature is none.", lambda e, _: setattr(e, "text", ""), "signature_invalid unsigned", mother)
    case("signature cut short", "RSA signatures have the modulus's length.", bytes_of(lambda s: s[:-1]))
    case("signature with a zero before", "RSA signatures have the modulus's length.", bytes_of(lambda s: b"\0" + s))
    case("signature of zeros", "Zero is nobody's signature.", bytes_of(lambda s: bytes(len(s))))
    case("signature of one", "One is its own power, whatever the key.", bytes_of(lambda s: bytes(len(s) - 1) + b"\1"))
    case("signature that is not base64", "It cannot be read.", lambda e, _: setattr(e, "text", "!!" + e.text), "signature_invalid xml_refused not_base64")
    case("no SignatureValue", "A signature without its value is none.", lambda e, _: remove(e), "signature_invalid signature_reference unsigned xml_refused")
    case("no SignedInfo", "A signature that covers nothing is none.", lambda _, s: remove(dsig.one(s, "d:SignedInfo")),
         "signature_invalid signature_reference unsigned xml_refused")
    case("a digest with a bit turned", "The digest is not what was signed.",
         lambda _, s: bytes_of(lambda d: bytes([d[0] ^ 1]) + d[1:])(dsig.one(s, "d:SignedInfo/d:Reference/d:DigestValue"), s))

    for mother in (A, R):
        e = corpus.edit(mother)
        element = e.assertion if mother == A else e.response
        become(e.assertion)
        dsig.sign(element, corpus.who.usual, seal=False)
        e.hostile(f"the digest alone made to fit ({mother})", "Whoever changes the digest changes what was signed.", "signature_invalid")

    e = corpus.edit(A)
    one, other = dsig.signature_of(e.assertion), dsig.signature_of(corpus.edit("both signed").assertion)
    e.assertion.replace(one, other)
    e.hostile("another answer's signature", "It refers to another assertion.", "signature_reference signature_invalid")
