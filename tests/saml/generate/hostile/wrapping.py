"""Signature wrapping: what was signed is still there, and something else is where it is looked for. The eight forms are
numbered as in Somorovsky and others, «On Breaking SAML» (USENIX Security 2012) and the tools after it; the assertions here are
the provider's own."""

import dsig

from .common import A, BOTH, R, become, remove, tag, twin

CODES = "signature_reference assertion_count unsigned"
EVIL = "_evil"


def build(corpus):
    for mother in (R, BOTH):
        responses(corpus, mother)
    for mother in (A, BOTH):
        assertions(corpus, mother)
    others(corpus)


def responses(corpus, mother):
    def case(number, why, place):
        e = corpus.edit(mother)
        original = twin(e.response, None, signed=False)
        signature = dsig.signature_of(e.response)
        e.response.set("ID", EVIL)
        become(e.assertion).set("ID", EVIL + "_assertion")
        place(signature, original)
        # The assertion in it was signed as well: an attacker leaves out what would not fit.
        if mother == BOTH:
            remove(dsig.signature_of(e.assertion))
        e.hostile(f"XSW {number} ({mother})", why, CODES, holds=True)

    case(1, "The signed response is inside the signature of another.", lambda signature, original: signature.append(original))
    case(2, "The signed response stands before the signature of another.", lambda signature, original: signature.addprevious(original))


def assertions(corpus, mother):
    """With the response signed, too, its signature no longer fits and is left out."""
    def case(number, why, build, evil_id=EVIL, codes=CODES):
        e = corpus.edit(mother)
        if mother == BOTH:
            remove(dsig.signature_of(e.response))
        build(e, e.assertion, lambda signed: become(twin(e.assertion, evil_id, signed)))
        e.hostile(f"XSW {number} ({mother})", why, codes, holds=True)

    def three(e, original, evil):
        original.addprevious(evil(False))
    case(3, "A forged assertion stands before the signed one.", three)

    def four(e, original, evil):
        outer = evil(False)
        original.addprevious(outer)
        outer.append(original)
    case(4, "The signed assertion is inside a forged one.", four)

    def five(e, original, evil):
        forged = evil(True)
        original.addprevious(forged)
        remove(dsig.signature_of(original))
    case(5, "The forged assertion has the signature, the signed one stands after it without.", five)

    def six(e, original, evil):
        forged = evil(True)
        original.addprevious(forged)
        remove(dsig.signature_of(original))
        dsig.signature_of(forged).append(original)
    case(6, "The signed assertion is inside the signature that the forged one has.", six)

    def seven(e, original, evil):
        extensions = dsig.etree.Element(tag("p", "Extensions"))
        extensions.append(evil(False))
        e["p:Status"].addprevious(extensions)
    case(7, "A forged assertion of the same ID stands in the extensions, before the signed one.", seven, None, CODES + " duplicate_id")
    case("7 with an ID of its own", "A forged assertion stands in the extensions, before the signed one.", seven)

    def eight(e, original, evil):
        forged = evil(True)
        original.addprevious(forged)
        remove(dsig.signature_of(original))
        holder = dsig.etree.SubElement(dsig.signature_of(forged), tag("d", "Object"))
        holder.append(original)
    case(8, "The signed assertion is in an Object of the signature that the forged one has.", eight)


def others(corpus):
    def case(name, why, codes, build, mother=A):
        e = corpus.edit(mother)
        build(e)
        e.hostile(name, why, codes, holds=True)

    def after(e):
        e.assertion.addnext(become(twin(e.assertion, EVIL, signed=False)))
    case("a forged assertion after the signed one", "One of two assertions is signed.", CODES, after)

    def same_id(e):
        e.assertion.addnext(become(twin(e.assertion, None, signed=False)))
    case("a forged assertion of the same ID after the signed one", "Two elements have the ID that the signature names.", CODES + " duplicate_id", same_id)

    def below(e):
        original = e.assertion
        forged = become(twin(original, EVIL, signed=False))
        original.getparent().replace(original, forged)
        holder = dsig.etree.SubElement(dsig.one(forged, "a:Subject/a:SubjectConfirmation/a:SubjectConfirmationData"), "holder")
        holder.append(original)
    case("the signed assertion inside the forged one's confirmation", "Confirmation data may hold any element.", CODES, below)

    def advice(e):
        original = e.assertion
        forged = become(twin(original, EVIL, signed=False))
        original.getparent().replace(original, forged)
        holder = dsig.etree.Element(tag("a", "Advice"))
        dsig.one(forged, "a:Conditions").addnext(holder)
        holder.append(original)
    case("the signed assertion in the forged one's Advice", "Advice may hold assertions, which vouch for nothing around them.", CODES, advice)

    def response_inside(e):
        inner = e.response
        forged = twin(inner, EVIL, signed=False)
        become(dsig.one(forged, "a:Assertion")).set("ID", EVIL + "_assertion")
        extensions = dsig.etree.Element(tag("p", "Extensions"))
        dsig.one(forged, "p:Status").addprevious(extensions)
        extensions.append(inner)
        e.tree = forged
    case("the signed response in the forged one's extensions", "The signature is not the outer response's.", CODES, response_inside, R)

    def status_detail(e):
        original = e.assertion
        forged = become(twin(original, EVIL, signed=False))
        original.getparent().replace(original, forged)
        dsig.etree.SubElement(e["p:Status"], tag("p", "StatusDetail")).append(original)
    case("the signed assertion in the status", "StatusDetail may hold any element.", CODES, status_detail)

    def moved(e):
        e.response.append(dsig.signature_of(e.assertion))
    case("the assertion's signature at the end of the response", "A signature stands in what it signs (SAML core 5.4.1).",
         CODES + " signature_invalid", moved)

    def swallowed(e):
        become(e.assertion)
        original = dsig.parse(corpus[A]).find("a:Assertion", dsig.NS)
        e.response.append(original)
    case("two assertions of one signature", "Both have the ID and the signature, one of them was signed.",
         CODES + " duplicate_id signature_invalid", swallowed)
