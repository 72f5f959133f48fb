"""The two identity providers as programs, and what they answer, judged by pysaml2 as a service provider and by xmlsec1."""

import base64
import html
import json
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "providers")]

import xmlsec  # noqa: E402
from service_provider import ServiceProvider  # noqa: E402

PROGRAMS = {
    "pysaml2": [sys.executable, "-W", "ignore", str(HERE / "providers/pysaml2_idp.py")],
    "samlify": ["node", str(HERE / "providers/samlify-idp.mjs")],
}
ADA = {"subject": "ada@firm.example", "attributes": {"user.email": ["ada@firm.example"], "user.group": ["analyst", "viewer"]}}
SP, ACS = "https://sentinel.example/metadata", "https://sentinel.example/acs"


class Provider:
    def __init__(self, name):
        self.process = subprocess.Popen([*PROGRAMS[name], json.dumps({"users": {"ada": ADA}})], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.at = json.loads(self.process.stdout.readline())

    def fetch(self, url, form=None):
        """A page, whatever its status."""
        data = form if form is None or isinstance(form, bytes) else urllib.parse.urlencode(form).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data)) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.read().decode()

    def metadata(self):
        return self.fetch(self.at["metadataUrl"])

    def control(self, **wish):
        assert self.fetch(f"{self.at['origin']}/control", json.dumps(wish).encode()) == "{}"

    def log_in(self, page):
        """From the login's page to what the service provider is posted."""
        handle = re.search(r'name="handle" value="([^"]+)"', page)
        assert handle, page
        answer = self.fetch(f"{self.at['origin']}/login", {"handle": handle[1], "user": "ada"})
        assert f'action="{html.escape(ACS)}"' in answer, answer
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', answer))
        return {name: html.unescape(value) for name, value in fields.items()}

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(20) == 0


@pytest.fixture(scope="module", params=PROGRAMS)
def provider(request):
    started = Provider(request.param)
    yield started
    started.close()


@pytest.fixture(scope="module")
def sp(provider, tmp_path_factory):
    made = ServiceProvider(tmp_path_factory.mktemp("sp"), provider.metadata(), SP, ACS)
    provider.control(serviceProvider=made.metadata())
    return made


def ask(provider, sp, binding, change=lambda data: data):
    request_id, sent = sp.client.prepare_for_authenticate(provider.at["entityId"], relay_state="state", binding=binding)
    if binding == BINDING_HTTP_REDIRECT:
        return request_id, provider.fetch(change(dict(sent["headers"])["Location"]))
    fields = dict(re.findall(r'name="(\w+)"\s+value="([^"]*)"', sent["data"] if isinstance(sent["data"], str) else "".join(sent["data"])))
    return request_id, provider.fetch(f"{provider.at['origin']}/sso", change({name: html.unescape(value) for name, value in fields.items()}))


@pytest.mark.parametrize("binding", [BINDING_HTTP_REDIRECT, BINDING_HTTP_POST], ids=["redirect", "post"])
@pytest.mark.parametrize("settings", [{"sign": "assertion"}, {"sign": "response"}, {"sign": "both"}, {"sign": "assertion", "encrypt": True},
                                      {"sign": "response", "encrypt": True}, {"sign": "both", "encrypt": True}], ids=str)
def test_a_login(provider, sp, binding, settings):
    provider.control(**{"encrypt": False} | settings)
    request_id, page = ask(provider, sp, binding)
    posted = provider.log_in(page)
    assert posted["RelayState"] == "state"
    assert sp.accepts(posted["SAMLResponse"], request_id) == (ADA["subject"], ADA["attributes"])
    xml = base64.b64decode(posted["SAMLResponse"]).decode()
    assert ("EncryptedAssertion" in xml) == bool(settings.get("encrypt"))


def test_a_request_that_is_not_signed_by_the_service_provider_is_refused(provider, sp):
    def unsigned(url):
        return re.sub(r"&Sig\w+=[^&]*", "", url)

    def other(url):
        return url.replace("RelayState=state", "RelayState=other")

    for change in (unsigned, other):
        _, page = ask(provider, sp, BINDING_HTTP_REDIRECT, change)
        assert "handle" not in page and "<p>" in page

    def tampered(form):
        xml = base64.b64decode(form["SAMLRequest"]).decode()
        return form | {"SAMLRequest": base64.b64encode(xml.replace(ACS, "https://evil.example/acs").encode()).decode()}

    _, page = ask(provider, sp, BINDING_HTTP_POST, tampered)
    assert "handle" not in page and "<p>" in page


def certificates(metadata):
    return re.findall(r"X509Certificate>([^<]+)<", metadata)


def test_a_rollover_of_the_certificate(provider, sp):
    provider.control(sign="assertion", encrypt=False)

    def signed_with():
        _, page = ask(provider, sp, BINDING_HTTP_REDIRECT)
        xml = base64.b64decode(provider.log_in(page)["SAMLResponse"]).decode()
        known = certificates(provider.metadata())
        assertion = re.search(r'<(?:\w+:)?Assertion [^>]*\bID="([^"]+)"', xml)[1]
        pem = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"
        return [one for one in known if xmlsec.verifies(xml, pem.format(one), assertion)]

    first = certificates(provider.metadata())
    assert signed_with() == first and len(first) == 1
    provider.control(rollover="announce")
    announced = certificates(provider.metadata())
    assert len(announced) == 2 and first[0] in announced
    assert signed_with() == first
    provider.control(rollover="switch")
    second = [one for one in announced if one not in first]
    assert signed_with() == second
    provider.control(rollover="retire")
    assert certificates(provider.metadata()) == second
    assert signed_with() == second
