"""Keys and self-signed certificates for tests. They are written into committed files: never use them for anything else."""

import dataclasses
import datetime
import functools
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID


@dataclasses.dataclass(frozen=True)
class Key:
    """A private key (PEM, PKCS#8) and its certificate (PEM)."""

    private: str
    certificate: str

    @property
    def der(self):
        """The certificate as `X509Certificate` holds it: base64 without lines."""
        return "".join(line for line in self.certificate.splitlines() if "-" not in line)

    @functools.cached_property
    def loaded(self):
        return serialization.load_pem_private_key(self.private.encode(), None)

    @functools.cached_property
    def public(self):
        return self.loaded.public_key()


def make(kind="rsa2048", name="Sentinel test key", days=(-30, 7300)):
    """`kind` is `rsa` and its bits, or `p256`; `days` are those from which and until which the certificate holds."""
    private = ec.generate_private_key(ec.SECP256R1()) if kind == "p256" else rsa.generate_private_key(65537, int(kind[3:]))
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(private.public_key())
    builder = builder.serial_number(uuid.uuid4().int >> 1)
    first, last = (now + datetime.timedelta(days=day) for day in days)
    certificate = builder.not_valid_before(first).not_valid_after(last).sign(private, hashes.SHA256())
    pem = serialization.Encoding.PEM
    pkcs8 = private.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Key(pkcs8.decode(), certificate.public_bytes(pem).decode())
