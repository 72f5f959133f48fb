"""What `xmlsec1`, which shares no code with Sentinel, says of a signature."""

import subprocess
import tempfile
from pathlib import Path

PROTOCOL, ASSERTION = "urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:2.0:assertion"
IDS = [f"--id-attr:ID={name}" for name in (f"{PROTOCOL}:Response", f"{ASSERTION}:Assertion", f"{PROTOCOL}:AuthnRequest",
                                           "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor")]


def _run(arguments, xml):
    with tempfile.TemporaryDirectory() as folder:
        file, output = Path(folder, "in.xml"), Path(folder, "out.xml")
        file.write_bytes(xml if isinstance(xml, bytes) else xml.encode())
        arguments = [argument if isinstance(argument, str) else str(argument) for argument in arguments]
        done = subprocess.run(["xmlsec1", *arguments, "--output", output, file], capture_output=True, text=True)
        return done.returncode == 0, done.stderr, output.read_text() if output.exists() else ""


def _ids():
    for option in IDS:
        flag, name = option.split("=")
        yield from (flag, name)


def verifies(xml, certificate, element_id):
    """Whether the signature inside the element of this ID is that of the certificate's key (PEM)."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(certificate)
        file.flush()
        good, _, _ = _run(["--verify", "--pubkey-cert-pem", file.name, "--enabled-key-data", "rsa,ec,x509", "--node-id", element_id, *_ids()], xml)
    return good


def decrypted(xml, private):
    """The document with what was encrypted for this key (PEM) in the clear, or nothing."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(private)
        file.flush()
        good, _, output = _run(["--decrypt", "--privkey-pem", file.name, "--id-attr:Id", "http://www.w3.org/2001/04/xmlenc#:EncryptedKey"], xml)
    return output if good else None
