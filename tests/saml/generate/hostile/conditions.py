"""Signed by the provider, and not for us, not now, or not for this login."""

import copy

import dsig
import party
from corpus import ADA

from .common import A, CONFIRMATION, DATA, E, R, moment, remove

TIMES = "assertion_malformed expired not_yet_valid subject_confirmation"
NO_CONDITIONS = "audience_mismatch assertion_malformed"


def build(corpus):
    for mother in (A, R):
        signed(corpus, mother)
    issuers(corpus)
    dates(corpus)
    answers(corpus)


def signed(corpus, mother):
    def case(name, why, codes, change):
        e = corpus.edit(mother)
        change(e, e.assertion)
        e.sign() if mother == A else e.sign_response()
        e.hostile(f"{name} ({mother})", why, codes, holds=True)

    def at(path, **attributes):
        def apply(_, assertion):
            element = dsig.one(assertion, path)
            for name, value in attributes.items():
                if value is None:
                    del element.attrib[name]
                else:
                    element.set(name, value)
        return apply

    def text(path, changed):
        return lambda _, assertion: setattr(dsig.one(assertion, path), "text", changed)

    def gone(path):
        return lambda _, assertion: remove(dsig.one(assertion, path))

    audience = "a:Conditions/a:AudienceRestriction/a:Audience"
    for name, value in {
        "another audience": party.OTHER_SP,
        "an audience that only starts like ours": party.SP + "-other",
        "our audience in capitals": party.SP.upper(),
        "our ACS as the audience": party.ACS,
        "an empty audience": "",
    }.items():
        case(name, "It is meant for somebody else.", "audience_mismatch", text(audience, value))
    case("no audience restriction", "It is meant for anybody, or for nobody (SAML profiles 4.1.4.2).", "audience_mismatch",
         gone("a:Conditions/a:AudienceRestriction"))
    case("a restriction without an audience", "It is meant for nobody.", "audience_mismatch assertion_malformed", gone(audience))
    case("no conditions", "Nothing says for whom it is.", NO_CONDITIONS, gone("a:Conditions"))

    def second(_, assertion):
        restriction = dsig.one(assertion, "a:Conditions/a:AudienceRestriction")
        restriction.addnext(other := copy.deepcopy(restriction))
        other[0].text = party.OTHER_SP
    case("two restrictions, one of others", "Every restriction holds (SAML core 2.5.1.4).", "audience_mismatch", second)

    case("conditions that expired", "It was good an hour ago.", "expired", at("a:Conditions", NotOnOrAfter=moment(hours=-1)))
    case("conditions of tomorrow", "It is not good yet.", "not_yet_valid", at("a:Conditions", NotBefore=moment(days=1), NotOnOrAfter=moment(days=2)))
    case("a confirmation that expired", "It was good an hour ago.", "expired subject_confirmation", at(DATA, NotOnOrAfter=moment(hours=-1)))
    case("a confirmation without an end", "A bearer's confirmation ends (SAML profiles 4.1.4.2).", "subject_confirmation expired assertion_malformed", at(DATA, NotOnOrAfter=None))
    case("a confirmation of tomorrow", "It is not good yet.", "not_yet_valid subject_confirmation", at(DATA, NotBefore=moment(days=1), NotOnOrAfter=moment(days=2)))
    case("a session that ended", "The provider's own session is over.", "authn_statement expired",
         lambda _, assertion: dsig.one(assertion, "a:AuthnStatement").set("SessionNotOnOrAfter", moment(hours=-1)))

    case("no AuthnStatement", "Nothing says that anybody logged in (SAML profiles 4.1.4.2).", "authn_statement assertion_malformed", gone("a:AuthnStatement"))

    recipient = "recipient_mismatch subject_confirmation"
    case("another recipient", "It was meant for another address.", recipient, at(DATA, Recipient=party.OTHER_ACS))
    case("a recipient that only starts like ours", "Addresses are compared whole.", recipient, at(DATA, Recipient=party.ACS + "/"))
    case("a recipient without https", "Addresses are compared whole.", recipient, at(DATA, Recipient=party.ACS.replace("https", "http")))
    case("no recipient", "A bearer's confirmation names the address (SAML profiles 4.1.4.2).", recipient, at(DATA, Recipient=None))

    request = "in_response_to_mismatch subject_confirmation"
    case("a confirmation of another request", "It answers somebody else's login.", request, at(DATA, InResponseTo="_another"))
    case("a confirmation of no request", "The provider did not say to which login it belongs.", request, at(DATA, InResponseTo=None))
    case("a confirmation of an empty request", "The provider did not say to which login it belongs.", request, at(DATA, InResponseTo=""))

    case("no confirmation", "Nobody may present it.", "subject_confirmation assertion_malformed", gone(CONFIRMATION))
    case("a confirmation without data", "Nothing bounds it.", "subject_confirmation recipient_mismatch in_response_to_mismatch expired assertion_malformed", gone(DATA))
    case("no subject", "It is about nobody.", "subject_confirmation name_id_missing assertion_malformed", gone("a:Subject"))
    for method in ("holder-of-key", "sender-vouches"):
        case(f"confirmed by {method}", "Whoever brought it is a bearer.", "subject_confirmation", at(CONFIRMATION, Method=f"urn:oasis:names:tc:SAML:2.0:cm:{method}"))

    name_id = "a:Subject/a:NameID"
    case("no NameID", "It names nobody.", "name_id_missing", gone(name_id))
    case("an empty NameID", "It names nobody.", "name_id_missing", text(name_id, ""))
    case("a NameID of white space", "It names nobody.", "name_id_missing", text(name_id, " \n "))

    def two_names(_, assertion):
        first = dsig.one(assertion, name_id)
        first.addnext(other := copy.deepcopy(first))
        other.text = "bob@firm.example"
    case("two NameIDs", "It names two, and readers take one or the other.", "assertion_malformed name_id_missing", two_names)

    def element_in(_, assertion):
        inner = dsig.etree.SubElement(dsig.one(assertion, name_id), "b")
        inner.text = ".evil.example"
    case("an element in NameID", "Readers see its text, or the text before it.", "name_id_missing assertion_malformed", element_in)
    case("an assertion of version 1.1", "Nobody knows what its parts would mean.", "assertion_malformed not_a_response",
         lambda _, assertion: assertion.set("Version", "1.1"))
    if mother == R:
        def destination(value):
            return lambda e, _: e.response.set("Destination", value)
        case("another destination", "It was made for another address.", "destination_mismatch", destination(party.OTHER_ACS))
        case("our destination with a slash", "Addresses are compared whole.", "destination_mismatch", destination(party.ACS + "/"))
        case("an empty destination", "A signed response names its address (SAML bindings 3.5.5.2).", "destination_mismatch", destination(""))

        def no_destination(e, _):
            del e.response.attrib["Destination"]
        case("no destination", "A signed response names its address (SAML bindings 3.5.5.2).", "destination_mismatch", no_destination)
        case("another request", "It answers somebody else's login.", "in_response_to_mismatch", lambda e, _: e.response.set("InResponseTo", "_another"))
        case("a failed status", "The provider says that nobody logged in.", "status_not_success",
             lambda e, _: e["p:Status/p:StatusCode"].set("Value", "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"))
        case("a failed status without an assertion", "The provider says that nobody logged in.", "status_not_success", failed)


def failed(e, assertion):
    e["p:Status/p:StatusCode"].set("Value", "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed")
    remove(assertion)


def issuers(corpus):
    def case(name, why, mother, change, codes="issuer_mismatch"):
        e = corpus.edit(mother)
        change(e)
        e.sign() if mother == A else e.sign_response()
        e.hostile(f"{name} ({mother})", why, codes, holds=True)

    for mother in (A, R):
        case("an assertion of another issuer", "The key is this provider's, which speaks for itself alone.", mother,
             lambda e: setattr(e["a:Assertion/a:Issuer"], "text", "https://other-idp.example/metadata"))
        case("an assertion of no issuer", "An assertion has an issuer (SAML core 2.3.3).", mother, lambda e: remove(e["a:Assertion/a:Issuer"]),
             "issuer_mismatch assertion_malformed")
        case("an issuer with a slash more", "Entity ids are compared whole.", mother,
             lambda e: setattr(e["a:Assertion/a:Issuer"], "text", e["a:Assertion/a:Issuer"].text + "/"))
        case("an issuer that is a persistent name", "An issuer's name is an entity (SAML profiles 4.1.4.2).", mother,
             lambda e: e["a:Assertion/a:Issuer"].set("Format", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"))
    case("a response of another issuer", "The response and the assertion in it have one issuer.", R,
         lambda e: setattr(e["a:Issuer"], "text", "https://other-idp.example/metadata"))


def dates(corpus):
    """Instants are UTC, as `xs:dateTime` with a Z (SAML core 1.3.3). What cannot be read bounds nothing."""
    wrong = {
        "of no month": "2099-13-01T00:00:00Z",
        "of no hour": "2099-01-01T25:00:00Z",
        "without a zone": "2099-01-01T00:00:00",
        "a day alone": "2099-01-01",
        "in words": "tomorrow",
        "a number": "4102444800",
        "empty": "",
        "with more after it": "2099-01-01T00:00:00Z2000-01-01T00:00:00Z",
        "before Christ": "-2099-01-01T00:00:00Z",
        "in other digits": "２０９９-01-01T00:00:00Z",
    }
    for name, value in wrong.items():
        e = corpus.edit(A)
        dsig.one(e.assertion, "a:Conditions").set("NotOnOrAfter", value)
        e.sign().hostile(f"an end {name}", "It bounds nothing that can be read.", TIMES, holds=True)
    for path, attribute in (("a:Conditions", "NotBefore"), (DATA, "NotOnOrAfter")):
        e = corpus.edit(A)
        dsig.one(e.assertion, path).set(attribute, "2000-02-30T00:00:00Z")
        e.sign().hostile(f"{attribute} on a day that never was ({path.split(':')[-1]})", "It bounds nothing that can be read.", TIMES, holds=True)


def answers(corpus):
    """The provider's own, unchanged, and not what was asked for."""
    who = corpus.who

    for mother, sign in ((A, "assertion"), (R, "response")):
        xml = who.answer(request_id=None, attributes=ADA, subject="ada@firm.example", sign=sign)
        corpus.hostile(f"nobody asked ({mother})", "The provider began the login itself, and anybody could be led to it.", mother, xml,
                       "in_response_to_mismatch subject_confirmation", holds=True)
        corpus.hostile(f"the answer to another login ({mother})", "It answers another request of ours, in another browser.", mother,
                       who.answer(request_id="_of_another_login", attributes=ADA, subject="ada@firm.example", sign=sign),
                       "in_response_to_mismatch subject_confirmation", holds=True)
        theirs = who.answer(request_id=corpus.cases[mother]["request_id"], attributes=ADA, subject="ada@firm.example", sign=sign, sp=party.OTHER_SP)
        corpus.hostile(f"the answer to another service provider ({mother})", "Another service provider passes on what it was given.", mother, theirs,
                       "destination_mismatch recipient_mismatch audience_mismatch", holds=True)
    tree = dsig.parse(who.answer(request_id=corpus.cases[A]["request_id"], attributes=ADA, subject="ada@firm.example", sp=party.OTHER_SP))
    tree.set("Destination", party.ACS)
    corpus.hostile("the answer to another service provider, readdressed", "The response is not signed and was addressed to us anew, the assertion in it was not.",
                   A, dsig.text(tree), "recipient_mismatch audience_mismatch subject_confirmation", holds=True)
    data = (party.GCM.format(256), party.OAEP)
    tree = dsig.parse(who.answer(request_id=corpus.cases[E]["request_id"], attributes=ADA, subject="ada@firm.example", sp=party.OTHER_SP, encrypt=data))
    tree.set("Destination", party.ACS)
    corpus.hostile("the encrypted answer to another service provider, readdressed", "It was encrypted for the same key, and is for another all the same.",
                   E, dsig.text(tree), "recipient_mismatch audience_mismatch subject_confirmation", holds=True)
