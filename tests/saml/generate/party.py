"""Who takes part: our service provider as its metadata says, and the two identity providers."""

import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "providers"), str(HERE.parent)]

import keys  # noqa: E402
import pysaml2_answers  # noqa: E402

SP = "https://sentinel.example/api/v1/auth/sso/saml/metadata/0a6f"
ACS = "https://sentinel.example/api/v1/auth/sso/saml/acs/0a6f"
OTHER_SP = "https://other.example/saml/metadata"
OTHER_ACS = "https://other.example/saml/acs"

RSA_SHA = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha{}"
SHA = {"256": "http://www.w3.org/2001/04/xmlenc#sha256", "384": "http://www.w3.org/2001/04/xmldsig-more#sha384",
       "512": "http://www.w3.org/2001/04/xmlenc#sha512"}
GCM, OAEP = pysaml2_answers.GCM, pysaml2_answers.OAEP
CBC = "http://www.w3.org/2001/04/xmlenc#aes{}-cbc"
TRIPLE_DES = "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"
RSA_15 = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"


def metadata(entity_id, acs, encryption):
    """A service provider's metadata, as much as an identity provider needs."""
    return (
        f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity_id}">'
        '<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol" AuthnRequestsSigned="true" '
        'WantAssertionsSigned="true"><md:KeyDescriptor use="encryption"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'
        f"<ds:X509Data><ds:X509Certificate>{encryption.der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        '<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" '
        f'Location="{acs}" index="0"/></md:SPSSODescriptor></md:EntityDescriptor>'
    )


class Party:
    """The keys of one file of the corpus; subclasses ask one provider."""

    name: str
    entity_id: str

    def __init__(self):
        self.decryption = keys.make(name="Sentinel test service provider")
        self.foreign = keys.make(name="idp.example")
        self.signing = {kind: keys.make(kind, name="idp.example") for kind in self.kinds}
        self.signing["expired"] = keys.make(name="idp.example", days=(-400, -30))
        self.service_providers = {SP: metadata(SP, ACS, self.decryption), OTHER_SP: metadata(OTHER_SP, OTHER_ACS, self.decryption)}

    @property
    def usual(self):
        return self.signing["rsa2048"]


class Pysaml2(Party):
    name = "pysaml2"
    entity_id = "https://pysaml2.idp.example/metadata"
    kinds = ("rsa2048", "rsa3072", "rsa4096", "p256")

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory()
        self._provider = pysaml2_answers.Provider(
            self._folder.name, self.entity_id, "https://pysaml2.idp.example/sso", self.signing, self.service_providers.values())
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def made_with(self):
        from importlib.metadata import version
        tool = subprocess.run(["xmlsec1", "--version"], capture_output=True, text=True, check=True).stdout.split()
        return f"PyPI pysaml2 {version('pysaml2')} with xmlsec1 {tool[1]}"

    def metadata(self):
        return self._provider.metadata()

    def answer(self, request_id, attributes, subject, sp=SP, encrypt=None, **more):
        if encrypt:
            data, transport = encrypt
            session = "des-192" if data == TRIPLE_DES else f"aes-{next(size for size in ('128', '192', '256') if size in data)}"
            more["encrypt"] = (data, transport, session)
        return self._provider.answer(sp, request_id, attributes, subject, **more)


class Samlify(Party):
    name = "samlify"
    entity_id = "https://samlify.idp.example/metadata"
    kinds = ("rsa2048", "rsa3072", "rsa4096")

    def __enter__(self):
        program = HERE.parent / "providers/samlify-answers.mjs"
        self._node = subprocess.Popen(["node", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        signing = {name: {"private": key.private, "der": key.der} for name, key in self.signing.items()}
        self._metadata = self._ask({"provider": {
            "entityId": self.entity_id, "ssoUrl": "https://samlify.idp.example/sso", "keys": signing,
            "serviceProviders": self.service_providers}})
        return self

    def __exit__(self, *_):
        self._node.stdin.close()
        self._node.wait()

    def _ask(self, question):
        self._node.stdin.write(json.dumps(question) + "\n")
        self._node.stdin.flush()
        return json.loads(self._node.stdout.readline())["xml"]

    def made_with(self):
        lock = json.loads((HERE.parent / "package-lock.json").read_text())
        return f"npm samlify {lock['packages']['node_modules/samlify']['version']}"

    def metadata(self):
        return self._metadata

    def answer(self, request_id, attributes, subject, sp=SP, **more):
        more = {name: value for name, value in more.items() if value is not None}
        return self._ask({"answer": {"sp": sp, "requestId": request_id, "attributes": attributes, "subject": subject, **more}})
