"""Encrypted assertions: what protects them, what is in them, and what stands beside them."""

import base64
import copy

import dsig
import party
from corpus import ADA

from .common import A, E, ER, become, remove, tag, twin

GCM, CBC = party.GCM, party.CBC
DATA = "a:EncryptedAssertion/x:EncryptedData"
KEY = f"{DATA}/d:KeyInfo//x:EncryptedKey"
#: As the generator encrypts: what is encrypted otherwise than by the provider differs from these.
ANEW = {E: "control: encrypted anew", ER: "control: encrypted anew, response signed"}
VALUE = "x:CipherData/x:CipherValue"


def build(corpus):
    by_provider(corpus)
    for mother in (E, ER):
        broken(corpus, mother)
    contents(corpus)
    beside(corpus)
    elsewhere(corpus)


def by_provider(corpus):
    """The provider's own, with an algorithm that tells an attacker what it decrypts to (or is old)."""
    algorithms = {
        "AES-128-CBC": (CBC.format(128), party.OAEP),
        "AES-256-CBC": (CBC.format(256), party.OAEP),
        "3DES": (party.TRIPLE_DES, party.OAEP),
        "PKCS#1 v1.5": (GCM.format(256), party.RSA_15),
        "AES-128-CBC and PKCS#1 v1.5": (CBC.format(128), party.RSA_15),
    }
    for name, how in algorithms.items():
        for sign in ("assertion", "response"):
            mother = E if sign == "assertion" else ER
            xml = corpus.who.answer(request_id=corpus.cases[mother]["request_id"], attributes=ADA, subject="ada@firm.example", sign=sign, encrypt=how)
            corpus.hostile(f"encrypted with {name}, {sign} signed", "Unauthenticated encryption is an oracle, whoever signed around it.",
                           mother, xml, "encryption_algorithm", holds=True)


def turned(element, at=-1):
    data = bytearray(base64.b64decode(element.text))
    data[at] ^= 1
    element.text = base64.b64encode(bytes(data)).decode()


def broken(corpus, mother):
    """Around which the response is signed anew where the mother's is, so that the fault is the ciphertext's alone."""
    def case(name, why, codes, change, of=mother):
        e = corpus.edit(of)
        change(e)
        if mother == ER:
            e.sign_response()
        e.hostile(f"{name} ({mother})", why, codes, holds=mother == ER)

    failed = "decryption_failed"
    case("the tag turned", "It is not what was encrypted.", failed, lambda e: turned(e[f"{DATA}/{VALUE}"]))
    case("the nonce turned", "It is not what was encrypted.", failed, lambda e: turned(e[f"{DATA}/{VALUE}"], 0))
    case("a byte of the ciphertext turned", "It is not what was encrypted.", failed, lambda e: turned(e[f"{DATA}/{VALUE}"], 100))
    case("the wrapped key turned", "It is not the key.", failed, lambda e: turned(e[f"{KEY}/{VALUE}"]))

    def cut(e, size):
        value = e[f"{DATA}/{VALUE}"]
        value.text = base64.b64encode(base64.b64decode(value.text)[:size]).decode()
    case("a ciphertext without its tag", "It is not what was encrypted.", failed, lambda e: cut(e, -16))
    case("a ciphertext shorter than a tag", "There is nothing in it.", failed, lambda e: cut(e, 20))
    case("no ciphertext", "There is nothing in it.", failed + " xml_refused", lambda e: cut(e, 0))

    def other(e):
        old = e["a:EncryptedAssertion"]
        inner = corpus.edit(A).assertion
        old.getparent().replace(old, dsig.encrypted(dsig.standalone(inner), corpus.who.foreign))
    case("encrypted for somebody else", "It is for another key.", failed, other, ANEW[mother])

    def named(algorithm):
        return lambda e: e[f"{DATA}/x:EncryptionMethod"].set("Algorithm", algorithm)
    case("AES-GCM called AES-CBC", "A cipher is bound to its name.", "encryption_algorithm", named(CBC.format(256)))
    case("AES-256 called AES-128", "A key is as long as its algorithm says.", failed + " encryption_algorithm", named(GCM.format(128)))
    case("an unknown cipher", "It is not on the list.", "encryption_algorithm", named("urn:example:cipher"))
    case("no cipher", "Nothing is guessed.", "encryption_algorithm xml_refused", lambda e: remove(e[f"{DATA}/x:EncryptionMethod"]))
    case("OAEP called PKCS#1 v1.5", "A key's wrapping is bound to its name.", "encryption_algorithm",
         lambda e: e[f"{KEY}/x:EncryptionMethod"].set("Algorithm", party.RSA_15))
    case("an unknown wrapping", "It is not on the list.", "encryption_algorithm", lambda e: e[f"{KEY}/x:EncryptionMethod"].set("Algorithm", "urn:example:wrap"))
    case("no encrypted key", "There is no key to open it.", failed + " encryption_algorithm", lambda e: remove(e[KEY]))

    def fetched(e, where):
        data = e[f"{DATA}/x:CipherData"]
        for child in list(data):
            data.remove(child)
        dsig.etree.SubElement(data, tag("x", "CipherReference"), URI=where)
    for where in ("http://127.0.0.1:9/cipher", "file:///etc/hostname"):
        case(f"a ciphertext at {where.split(':')[0]}", "Nothing is fetched.", failed + " encryption_algorithm xml_refused", lambda e, where=where: fetched(e, where))


def sealed(corpus, mother, plain, name, why, codes, **how):
    """The mother with this in its ciphertext."""
    e = corpus.edit(ANEW[mother])
    old = e["a:EncryptedAssertion"]
    old.getparent().replace(old, dsig.encrypted(plain, corpus.who.decryption, **how))
    e.hostile(name, why, codes)


def contents(corpus):
    signed = corpus.edit(A).assertion
    bare = twin(signed, None, signed=False)
    sealed(corpus, E, dsig.standalone(bare), "encrypted and not signed", "Anybody can encrypt for us.", "unsigned")
    sealed(corpus, E, dsig.standalone(become(copy.deepcopy(signed))), "encrypted and tampered", "Anybody can encrypt for us.", "signature_invalid")
    request = corpus.cases[E]["request_id"]
    assertion = dsig.parse(corpus.who.answer(request_id=request, attributes=ADA, subject="ada@firm.example")).find("a:Assertion", dsig.NS)
    assertion.tail = None
    plain = dsig.standalone(assertion)
    prefix = assertion.prefix or ""
    other = dsig.standalone(become(twin(assertion, "_second", signed=False)))
    sealed(corpus, E, plain + other, "two assertions encrypted together", "One response logs one person in.", "assertion_count decryption_failed xml_refused")
    sealed(corpus, E, other + plain, "two assertions encrypted together, the forged one first", "One response logs one person in.",
           "assertion_count decryption_failed xml_refused")
    declaration = f'<!DOCTYPE {prefix}:Assertion [<!ENTITY name "ada">]>'.encode()
    sealed(corpus, E, declaration + plain, "a DOCTYPE in the ciphertext", "What was decrypted is XML of the message's, too.", "xml_refused decryption_failed")
    named = plain.replace(b">ada@firm.example</", b">&name;@firm.example</")
    assert named != plain
    sealed(corpus, E, declaration + named, "an entity in the ciphertext", "What was decrypted is XML of the message's, too.", "xml_refused decryption_failed")
    start = plain.index(b"NameID")
    at = plain.index(b"ada@", start) + 3
    sealed(corpus, E, plain[:at] + b"<!---->" + plain[at:], "a comment in an encrypted NameID", "What was decrypted is XML of the message's, too.",
           "xml_refused decryption_failed")
    sealed(corpus, E, b"junk" + plain, "text before the encrypted assertion", "It is one element.", "xml_refused decryption_failed assertion_count")
    sealed(corpus, E, plain + b"junk", "text after the encrypted assertion", "It is one element.", "xml_refused decryption_failed assertion_count")
    sealed(corpus, E, plain[:-20], "an encrypted assertion cut short", "It is not well-formed.", "xml_refused decryption_failed")
    sealed(corpus, E, b"\xff\xfe" + plain, "bytes that are no UTF-8 in the ciphertext", "They would be read as one thing or another.", "xml_refused decryption_failed")
    sealed(corpus, E, b"", "nothing in the ciphertext", "There is nothing in it.", "xml_refused decryption_failed assertion_count")
    sealed(corpus, E, b"ada@firm.example", "a text in the ciphertext", "It is no assertion.", "xml_refused decryption_failed assertion_count")
    whole = dsig.standalone(corpus.edit("response signed").response)
    sealed(corpus, E, whole, "a whole response in the ciphertext", "It is no assertion.", "assertion_count xml_refused decryption_failed not_a_response unsigned")
    again = dsig.standalone(dsig.encrypted(plain, corpus.who.decryption))
    sealed(corpus, E, again, "an encrypted assertion in the ciphertext", "One layer is enough.", "assertion_count xml_refused decryption_failed encryption_algorithm")
    deep = b"<x>" * 1_000 + b"</x>" * 1_000
    sealed(corpus, E, deep, "deep elements in the ciphertext", "Depth is bounded, there as well.", "xml_refused decryption_failed assertion_count too_large")


def beside(corpus):
    for mother in (E, ER):
        for name in ("before", "after"):
            e = corpus.edit(mother)
            place = e["a:EncryptedAssertion"]
            plain = become(twin(corpus.edit(A).assertion, "_forged", signed=False))
            (place.addprevious if name == "before" else place.addnext)(plain)
            if mother == ER:
                e.sign_response()
            e.hostile(f"a plain assertion {name} the encrypted one ({mother})", "One response has one assertion.", "assertion_count", holds=mother == ER)
        e = corpus.edit(mother)
        place = e["a:EncryptedAssertion"]
        place.addnext(copy.deepcopy(place))
        if mother == ER:
            e.sign_response()
        e.hostile(f"two encrypted assertions ({mother})", "One response has one assertion.", "assertion_count duplicate_id", holds=mother == ER)
    e = corpus.edit(ER)
    e.response.remove(e["a:EncryptedAssertion"])
    e.response.append(corpus.edit(A).assertion)
    e.hostile("the encrypted assertion replaced by a plain one", "The response was signed around another.", "signature_invalid")
    e = corpus.edit(ER)
    turned(e[f"{DATA}/{VALUE}"], 100)
    e.hostile("the ciphertext tampered under the response's signature", "The signature is not over what is there now.", "signature_invalid")
    e = corpus.edit(ANEW[ER])
    become_encrypted(e, corpus)
    e.hostile("another ciphertext under the response's signature", "Anybody can encrypt for us.", "signature_invalid")
    e = corpus.edit(ER)
    remove(dsig.signature_of(e.response))
    e.hostile("the response's signature taken away from the encrypted assertion", "Nothing is signed any more.", "unsigned")


def become_encrypted(e, corpus):
    old = e["a:EncryptedAssertion"]
    plain = become(twin(corpus.edit(A).assertion, None, signed=False))
    old.getparent().replace(old, dsig.encrypted(dsig.standalone(plain), corpus.who.decryption))


def elsewhere(corpus):
    """Other things that SAML lets one encrypt, which nothing here reads."""
    e = corpus.edit("response signed")
    name_id = e["a:Assertion/a:Subject/a:NameID"]
    name_id.getparent().replace(name_id, dsig.encrypted(dsig.standalone(name_id), corpus.who.decryption, name="ID"))
    e.sign_response().hostile("an encrypted NameID", "It names nobody in a way that is known.", "name_id_missing assertion_malformed", holds=True)
    e = corpus.edit(A)
    wrapper = dsig.encrypted(dsig.standalone(become(twin(e.assertion, "_forged", signed=False))), corpus.who.decryption)
    holder = dsig.etree.Element(tag("p", "Extensions"))
    holder.append(wrapper)
    e["p:Status"].addprevious(holder)
    e.hostile("an encrypted assertion in the extensions", "One response has one assertion, wherever others are.", "assertion_count", holds=True)
