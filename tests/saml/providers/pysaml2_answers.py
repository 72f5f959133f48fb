"""An identity provider that PyPI's `pysaml2` makes: its metadata and its answers. Nothing of Sentinel is in it."""

import logging
import pathlib

import saml2.saml
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.server import Server
from saml2.sigver import get_pem_wrapped_unwrapped, make_temp, pre_encryption_part

# It reports every message that it refuses, with a trace; whoever asked is told, too.
logging.getLogger("saml2").setLevel(logging.CRITICAL)

GCM = "http://www.w3.org/2009/xmlenc11#aes{}-gcm"
OAEP = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
EMAIL = saml2.saml.NAMEID_FORMAT_EMAILADDRESS
#: Its own default is SHA-1.
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


class _Server(Server):
    """pysaml2 encrypts with 3DES and takes no wish; this one asks it for what is named here."""

    encryption = (GCM.format(256), OAEP, "aes-256")

    def _encrypt_assertion(self, encrypt_cert, sp_entity_id, response, node_xpath=None):
        data, key, session = self.encryption
        _, certificate = self.metadata.certs(sp_entity_id, "any", "encryption")[0]
        wrapped, unwrapped = get_pem_wrapped_unwrapped(certificate)
        file = make_temp(wrapped.encode(), decode=False)
        template = pre_encryption_part(msg_enc=data, key_enc=key, encrypt_cert=unwrapped)
        return self.sec.encrypt_assertion(response, file.name, template, key_type=session, node_xpath=node_xpath)


class Provider:
    """`keys` are the signing keys of its metadata, by name, the first being the usual one."""

    def __init__(self, folder, entity_id, sso_url, keys, service_providers=(), minutes=10):
        self.folder, self.entity_id, self.sso_url, self.minutes = pathlib.Path(folder), entity_id, sso_url, minutes
        self.keys, self.service_providers = dict(keys), list(service_providers)
        self._servers = {}

    def _file(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def _configuration(self, name):
        key = self.keys[name]
        others = [self._file(f"{other}.crt", self.keys[other].certificate) for other in self.keys if other != name]
        endpoints = [(self.sso_url, binding) for binding in (BINDING_HTTP_REDIRECT, BINDING_HTTP_POST)]
        policy = {"default": {"lifetime": {"minutes": self.minutes}, "attribute_restrictions": None}}
        service = {"endpoints": {"single_sign_on_service": endpoints}, "policy": policy, "want_authn_requests_signed": True}
        return IdPConfig().load({
            "entityid": self.entity_id,
            "service": {"idp": service},
            "key_file": self._file(f"{name}.key", key.private),
            "cert_file": self._file(f"{name}.crt", key.certificate),
            "additional_cert_files": others,
            "metadata_key_usage": "signing",
            "metadata": {"inline": self.service_providers},
        })

    def server(self, name=None):
        """The one that signs with this key; the first unless named."""
        name = name or next(iter(self.keys))
        if name not in self._servers:
            self._servers[name] = _Server(config=self._configuration(name))
        return self._servers[name]

    def forget(self):
        """After keys or service providers have changed."""
        self._servers.clear()

    def metadata(self):
        return str(entity_descriptor(self._configuration(next(iter(self.keys)))))

    def answer(self, sp, request_id, attributes, subject, *, form=EMAIL, key=None, sign="assertion", encrypt=None,
               algorithm=RSA_SHA256, digest=SHA256, acs=None, status=None, farg=None, session_until=None):
        """A response to the service provider `sp` (its entity id), as XML. `sign`: `assertion`, `response`, `both` or `none`;
        `encrypt`: a triple as in `_Server.encryption`."""
        server = self.server(key)
        server.encryption = encrypt or _Server.encryption
        acs = acs or server.metadata.assertion_consumer_service(sp, BINDING_HTTP_POST)[0]["location"]
        name_id = saml2.saml.NameID(format=form, text=subject, sp_name_qualifier=sp)
        more = {"status": status} if status else {}
        return str(server.create_authn_response(
            attributes, request_id, acs, sp, name_id=name_id,
            authn={"class_ref": saml2.saml.AUTHN_PASSWORD_PROTECTED, "authn_auth": self.entity_id},
            sign_assertion=sign in ("assertion", "both"), sign_response=sign in ("response", "both"),
            encrypt_assertion=encrypt is not None, sign_alg=algorithm, digest_alg=digest, farg=farg,
            session_not_on_or_after=session_until, **more,
        ))
