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
        done = subprocess.run(["xmlsec1", *arguments, "--output", output, file], capture_output=True)
        return done.returncode == 0, output.read_text() if output.exists() else ""


def _ids():
    for option in IDS:
        flag, name = option.split("=")
        yield from (flag, name)


def verifies(xml, certificate, element_id=None):
    """Whether the signature inside the element of this ID, or the first of the document, is that of the certificate's key (PEM)."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(certificate)
        file.flush()
        place = ["--node-id", element_id] if element_id else []
        good, _ = _run(["--verify", "--pubkey-cert-pem", file.name, *place, *_ids()], xml)
    return good


def decrypted(xml, private):
    """The document with what was encrypted for this key (PEM) in the clear, or nothing."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(private)
        file.flush()
        good, output = _run(["--decrypt", "--privkey-pem", file.name, "--id-attr:Id", "http://www.w3.org/2001/04/xmlenc#:EncryptedKey"], xml)
    return output if good else None
