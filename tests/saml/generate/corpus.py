"""One file of the corpus while it is made: its cases in order, each under a name of its own."""

import base64
import json
import time
import uuid

import dsig
import party
import verify
import xmlsec


def posted(xml):
    """As the HTTP POST binding has it."""
    return base64.b64encode(xml if isinstance(xml, bytes) else xml.encode()).decode()


class Corpus:
    def __init__(self, who):
        self.who, self.cases = who, {}
        self.started = time.time()

    def __getitem__(self, name):
        """The XML of a good case."""
        return base64.b64decode(self.cases[name]["response"]).decode()

    def _add(self, name, why, members):
        assert name not in self.cases, name
        assert why.endswith(".") and ". " not in why, f"one sentence: {why}"
        self.cases[name] = {"name": name, "why": why, **members}

    def good(self, name, why, *, attributes=None, subject="ada@firm.example", request_id=None, **how):
        """What the provider itself answers."""
        attributes = attributes if attributes is not None else ADA
        request_id = request_id or f"_{uuid.uuid4()}"
        xml = self.who.answer(request_id, attributes, subject, **how)
        self._add(name, why, {"response": posted(xml), "request_id": request_id, "expect": "ok", "subject": subject, "attributes": attributes})

    def control(self, name, why, mother, xml, **changed):
        """A good response in another form, or signed anew: still good."""
        known = self.cases[mother]
        members = {"response": xml if isinstance(xml, Posted) else posted(xml), "request_id": known["request_id"], "expect": "ok",
                   "subject": known["subject"], "attributes": known["attributes"], "mother": mother, **changed}
        self._add(f"control: {name}", why, members)

    def hostile(self, name, why, mother, xml, expect, *, holds=False, request_id=None, metadata=None):
        """`xml` as text or bytes, `Posted` base64, or `Repeated`. `holds`: whoever made it says that a signature of the
        provider's in it is good for some reader; that is tried here, and what holds without its maker's word is marked, too."""
        codes = expect.split()
        members = {"request_id": request_id or self.cases[mother]["request_id"], "expect": codes, "mother": mother}
        if isinstance(xml, Repeated):
            members["response_repeat"] = xml.members()
        else:
            members["response"] = xml if isinstance(xml, Posted) else posted(xml)
        certificates = [key.certificate for key in self.who.signing.values()]
        document = xml.text() if isinstance(xml, Repeated) else xml
        if not isinstance(xml, Posted) and (verify.holds(document, self.who.signing.values(), self.who.decryption) or
                                            holds and any(xmlsec.verifies(document, one) for one in certificates)):
            members["signature_holds"] = True
        assert not holds or "signature_holds" in members, f"no signature holds: {name}"
        if metadata:
            members["idp_metadata"] = metadata
        self._add(name, why, members)

    def edit(self, mother):
        return Edit(self, mother)

    def document(self):
        return {
            "provider": self.who.name,
            "made_with": self.who.made_with(),
            "keys": "for tests alone: every private key of this corpus was thrown away but the one in `sp`, which is public",
            "sp": {"entity_id": party.SP, "acs_url": party.ACS, "decryption_key_pem": self.who.decryption.private},
            "idp_metadata": self.who.metadata(),
            "now": int(time.time()),
            "cases": list(self.cases.values()),
        }

    def render(self):
        document = self.document()
        lines = []
        for case in document["cases"]:
            members = [f"      {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in case.items()]
            lines.append("    {\n" + ",\n".join(members) + "\n    }")
        head = "".join(f"  {json.dumps(k)}: {json.dumps(document[k])},\n" for k in document if k != "cases")
        return "{\n" + head + '  "cases": [\n' + ",\n".join(lines) + "\n  ]\n}\n"


ADA = {"user.email": ["ada@firm.example"], "user.group": ["analyst"], "groups": ["research", "desk-2"]}


class Posted(str):
    """Base64 that is posted as it stands."""


class Repeated:
    """A response too large for a file: bytes before, a unit and how often, bytes after."""

    def __init__(self, before, unit, times, after):
        # Base64 can be joined where each piece is of whole groups of three bytes.
        before, unit, after = (part.encode() for part in (before, unit, after))
        if len(unit) % 3:
            unit, times, after = unit * 3, times // 3, unit * (times % 3) + after
        while len(before) % 3:
            before, after, unit, times = self._shift(before, unit, times, after)
        self.parts = before, unit, times, after

    @staticmethod
    def _shift(before, unit, times, after):
        """One byte of the first unit goes before; the units turn, and the rest of the last goes after."""
        return before + unit[:1], unit[1:] + after, unit[1:] + unit[:1], times - 1

    def text(self):
        before, unit, times, after = self.parts
        return (before + unit * times + after).decode()

    def members(self):
        before, unit, times, after = self.parts
        return {"prefix": posted(before), "unit": posted(unit), "times": times, "suffix": posted(after)}


class Edit:
    """A good response taken apart; what is changed is signed anew only where `sign` is asked for."""

    def __init__(self, corpus, mother):
        self.corpus, self.mother, self.tree = corpus, mother, dsig.parse(corpus[mother])

    def __getitem__(self, path):
        return dsig.one(self.tree, path)

    @property
    def response(self):
        return self.tree

    @property
    def assertion(self):
        return self["a:Assertion"]

    def sign(self, element=None, key=None, **knobs):
        """The provider signs it as it stands now: the assertion, unless another element is named."""
        dsig.sign(self.assertion if element is None else element, key or self.corpus.who.usual, **knobs)
        return self

    def sign_response(self, **knobs):
        return self.sign(self.tree, **knobs)

    def xml(self):
        return dsig.text(self.tree)

    def hostile(self, name, why, expect, **more):
        self.corpus.hostile(name, why, self.mother, self.xml(), expect, **more)

    def control(self, name, why, **changed):
        self.corpus.control(name, why, self.mother, self.xml(), **changed)
