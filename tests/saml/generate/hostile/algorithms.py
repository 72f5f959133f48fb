"""Other keys than the metadata's, other algorithms than those that are strong."""

import base64

import dsig
import keys

from .common import A, R, become, remove, tag

XMLDSIG, MORE = "http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2001/04/xmldsig-more#"


def build(corpus):
    for mother in (A, R):
        foreign(corpus, mother)
        weak(corpus, mother)
        hmac(corpus, mother)
    unknown(corpus)
    where_keys_are(corpus)


def part(e, mother):
    return e.assertion if mother == A else e.response


def foreign(corpus, mother):
    who, codes = corpus.who, "certificate_unknown signature_invalid"

    def case(name, why, codes, key, evil=True, holds=False, **knobs):
        e = corpus.edit(mother)
        if evil:
            become(e.assertion)
        e.sign(part(e, mother), key, **knobs)
        e.hostile(f"{name} ({mother})", why, codes, holds=holds)

    case("a foreign certificate in KeyInfo", "Anybody can make a certificate of the same name.", codes, who.foreign, show=who.foreign)
    case("a foreign key and no KeyInfo", "It is nobody's key.", codes, who.foreign, show=False)
    case("a foreign key under the provider's certificate", "The certificate is right and the signature another's.", codes, who.foreign)
    case("an expired certificate", "It is in the metadata, and its time is over.", "certificate_expired certificate_unknown", who.signing["expired"],
         evil=False, holds=True, show=who.signing["expired"])
    case("the service provider's own key", "Our own key signs requests, never answers.", codes, who.decryption, show=who.decryption)


def weak(corpus, mother):
    def case(name, why, **knobs):
        e = corpus.edit(mother)
        e.sign(part(e, mother), **knobs)
        e.hostile(f"{name} ({mother})", why, "signature_algorithm", holds=True)

    case("RSA with SHA-1", "SHA-1 is broken.", algorithm=XMLDSIG + "rsa-sha1")
    case("a digest by SHA-1", "SHA-1 is broken, and the digest is what ties the signature to the assertion.", digest_algorithm=XMLDSIG + "sha1")
    case("both by SHA-1", "SHA-1 is broken.", algorithm=XMLDSIG + "rsa-sha1", digest_algorithm=XMLDSIG + "sha1")
    case("RSA with MD5", "MD5 is broken.", algorithm=MORE + "rsa-md5")
    case("a digest by MD5", "MD5 is broken.", digest_algorithm=MORE + "md5")
    case("RSA with SHA-224", "It is not on the list.", algorithm=MORE + "rsa-sha224")


def hmac(corpus, mother):
    for form, secret in dsig.public_forms(corpus.who.usual).items():
        for size in ("1", "256"):
            e = corpus.edit(mother)
            become(e.assertion)
            algorithm = XMLDSIG + "hmac-sha1" if size == "1" else MORE + "hmac-sha256"
            e.sign(part(e, mother), algorithm=algorithm, secret=secret)
            e.hostile(f"HMAC with SHA-{size} under {form} ({mother})", "The key that everybody knows is no secret.", "signature_algorithm")


def unknown(corpus):
    def case(name, why, codes, algorithm, value=None):
        e = corpus.edit(A)
        become(e.assertion)
        e.sign(seal=False)
        signature = dsig.signature_of(e.assertion)
        dsig.one(signature, "d:SignedInfo/d:SignatureMethod").set("Algorithm", algorithm)
        if value is None:
            dsig.one(signature, "d:SignatureValue").text = base64.b64encode(b"x").decode()
        e.hostile(name, why, codes)

    for name, algorithm in {
        "the algorithm none": "none",
        "the algorithm none of XML signature": XMLDSIG + "none",
        "no algorithm": "",
        "an algorithm of JOSE": "RS256",
        "an unknown algorithm": "urn:example:signature",
        "a digest for an algorithm": dsig.SHA256,
        "a canonicalization for an algorithm": dsig.EXCLUSIVE,
        "DSA": XMLDSIG + "dsa-sha1",
        "the algorithm with a space": dsig.RSA_SHA256 + " ",
        "the algorithm in capitals": dsig.RSA_SHA256.upper(),
    }.items():
        case(name, "An algorithm that is not on the list verifies nothing.", "signature_algorithm", algorithm)

    e = corpus.edit(A)
    remove(e["a:Assertion/d:Signature/d:SignedInfo/d:SignatureMethod"])
    e.hostile("no SignatureMethod", "Nothing is guessed.", "signature_algorithm signature_reference signature_invalid xml_refused unsigned")
    e = corpus.edit(A)
    method = e["a:Assertion/d:Signature/d:SignedInfo/d:SignatureMethod"]
    method.addprevious(dsig.etree.Element(tag("d", "SignatureMethod"), Algorithm="none"))
    e.hostile("two SignatureMethods", "Readers take one or the other.", "signature_algorithm signature_reference signature_invalid xml_refused")
    e = corpus.edit(A)
    become(e.assertion)
    e.sign(seal=False)
    e["a:Assertion/d:Signature/d:SignedInfo/d:Reference/d:DigestMethod"].set("Algorithm", "urn:example:digest")
    e.hostile("an unknown digest", "A digest that is not on the list proves nothing.", "signature_algorithm signature_invalid")
    e = corpus.edit(A)
    method = e["a:Assertion/d:Signature/d:SignedInfo/d:SignatureMethod"]
    method.set("Algorithm", MORE + "ecdsa-sha256")
    e.hostile("the algorithm of another kind of key", "A key is bound to its kind.", "signature_invalid certificate_unknown signature_algorithm")
    e = corpus.edit(A)
    method = e["a:Assertion/d:Signature/d:SignedInfo/d:SignatureMethod"]
    method.set("Algorithm", MORE + "hmac-sha256")
    length = dsig.etree.SubElement(method, tag("d", "HMACOutputLength"))
    length.text = "0"
    e["a:Assertion/d:Signature/d:SignatureValue"].text = ""
    e.hostile("HMAC of no bits", "A truncated MAC proves nothing (CVE-2009-0217).", "signature_algorithm unsigned signature_invalid")


def where_keys_are(corpus):
    """KeyInfo that would have a key fetched, computed or taken as it is."""
    who = corpus.who
    numbers = who.foreign.public.public_numbers()
    b64 = lambda number: base64.b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).decode()  # noqa: E731
    forms = {
        "a bare key": f"<d:KeyValue><d:RSAKeyValue><d:Modulus>{b64(numbers.n)}</d:Modulus><d:Exponent>{b64(numbers.e)}</d:Exponent></d:RSAKeyValue></d:KeyValue>",
        "a key at an address": '<d:RetrievalMethod URI="http://127.0.0.1:9/key" Type="http://www.w3.org/2000/09/xmldsig#rawX509Certificate"/>',
        "a key in a file": '<d:RetrievalMethod URI="file:///etc/hostname" Type="http://www.w3.org/2000/09/xmldsig#rawX509Certificate"/>',
        "a key's name": "<d:KeyName>../../../etc/hostname</d:KeyName>",
        "a certificate that is none": "<d:X509Data><d:X509Certificate>AAAA</d:X509Certificate></d:X509Data>",
        "two hundred certificates": "<d:X509Data>" + f"<d:X509Certificate>{who.foreign.der[:60]}</d:X509Certificate>" * 200 + "</d:X509Data>",
    }
    for name, inner in forms.items():
        e = corpus.edit(A)
        become(e.assertion)
        info = dsig.signature_of(e.assertion).find("d:KeyInfo", dsig.NS)
        for child in list(info):
            info.remove(child)
        for child in dsig.parse(f'<d:KeyInfo xmlns:d="{dsig.NS["d"]}">{inner}</d:KeyInfo>'):
            info.append(child)
        e.sign(key=who.foreign)
        e.hostile(f"signed with {name} in KeyInfo", "The metadata says which keys are the provider's, the message does not.",
                  "certificate_unknown signature_invalid xml_refused too_large")
    if who.name == "pysaml2":
        foreign = keys.make("p256", name="idp.example")
        e = corpus.edit("P-256")
        become(e.assertion)
        e.sign(key=foreign, show=foreign)
        e.hostile("a foreign key on P-256", "Anybody can make a certificate of the same name.", "certificate_unknown signature_invalid")
        e = corpus.edit("P-256")
        signature = dsig.signature_of(e.assertion)
        dsig.one(signature, "d:SignatureValue").text = base64.b64encode(bytes(64)).decode()
        e.hostile("zeros on P-256", "Two zeros are no signature (CVE-2022-21449).", "signature_invalid")
