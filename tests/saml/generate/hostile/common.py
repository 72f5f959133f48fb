"""What several kinds of fault need."""

import copy
import datetime

import dsig

#: The good responses that the others are made from.
A, R, BOTH = "assertion signed", "response signed", "both signed"
E, ER = "encrypted with AES-256-GCM", "encrypted, response signed"

#: Whom an attacker would like to be.
EVE = "root@firm.example"
NAME_ID = "a:Subject/a:NameID"
CONFIRMATION = "a:Subject/a:SubjectConfirmation"
DATA = f"{CONFIRMATION}/a:SubjectConfirmationData"


def tag(prefix, name):
    return f"{{{dsig.NS[prefix]}}}{name}"


def values(assertion, name):
    return assertion.xpath("a:AttributeStatement/a:Attribute[@Name=$name]/a:AttributeValue", name=name, namespaces=dsig.NS)


def become(assertion):
    """The assertion speaks of somebody else now."""
    dsig.one(assertion, NAME_ID).text = EVE
    values(assertion, "user.email")[0].text = EVE
    values(assertion, "user.group")[0].text = "admin"
    return assertion


def twin(element, new_id, signed=True):
    """A copy under another ID, with or without the signature that is in it."""
    made = copy.deepcopy(element)
    made.tail = None
    if new_id:
        made.set("ID", new_id)
    if not signed:
        made.remove(dsig.signature_of(made))
    return made


def moment(**ago):
    """An instant as SAML writes it; `timedelta`'s arguments, from now."""
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def remove(element):
    element.getparent().remove(element)
