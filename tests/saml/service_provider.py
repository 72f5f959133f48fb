"""A service provider that pysaml2 makes: the judge, beside Sentinel, of what the two identity providers answer."""

import contextlib
import datetime
import sys
import time
import unittest.mock
from pathlib import Path

from saml2 import BINDING_HTTP_POST
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.metadata import entity_descriptor

sys.path.insert(0, str(Path(__file__).parent / "providers"))

import keys  # noqa: E402


class ServiceProvider:
    """`decryption`: its private key (PEM), one of its own unless given."""

    def __init__(self, folder, idp_metadata, entity_id, acs, decryption=None):
        own = keys.make(name="Sentinel test service provider")
        folder = Path(folder)

        def file(name, text):
            (folder / name).write_text(text)
            return str(folder / name)

        pair = {"key_file": file("sp.key", own.private), "cert_file": file("sp.crt", own.certificate)}
        service = {
            "endpoints": {"assertion_consumer_service": [(acs, BINDING_HTTP_POST)]},
            "authn_requests_signed": True,
            "want_assertions_signed": False,
            "want_response_signed": False,
            "want_assertions_or_response_signed": True,
        }
        configuration = {
            "entityid": entity_id,
            "service": {"sp": service},
            "metadata": {"inline": [idp_metadata]},
            "signing_algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "digest_algorithm": "http://www.w3.org/2001/04/xmlenc#sha256",
            "encryption_keypairs": [{**pair, "key_file": file("decryption.key", decryption)} if decryption else pair],
            "allow_unknown_attributes": True,
            # Nobody's clock is exact.
            "accepted_time_diff": 60,
            **pair,
        }
        self._configuration = SPConfig().load(configuration)
        self.client = Saml2Client(config=self._configuration)

    def metadata(self):
        return str(entity_descriptor(self._configuration))

    def accepts(self, posted, request_id):
        """Who logged in: the NameID and the attributes, by their names."""
        response = self.client.parse_authn_request_response(posted, BINDING_HTTP_POST, outstanding={request_id: "/"})
        assertion = response.assertion
        attributes = {
            attribute.name: [value.text or "" for value in attribute.attribute_value]
            for statement in assertion.attribute_statement
            for attribute in statement.attribute
        }
        return assertion.subject.name_id.text, attributes


@contextlib.contextmanager
def at(now):
    """As if it were this second: answers that were kept are judged as they came."""
    clock = unittest.mock.MagicMock(wraps=time)
    clock.gmtime = lambda seconds=None: time.gmtime(now if seconds is None else seconds)
    day = unittest.mock.MagicMock(wraps=datetime.datetime)
    day.now = lambda zone=None: datetime.datetime.fromtimestamp(now, zone)
    with unittest.mock.patch("saml2.time_util.time", clock), unittest.mock.patch("saml2.time_util.datetime", day):
        yield
