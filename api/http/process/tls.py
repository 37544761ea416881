"""TLS: a certificate from files, or a self-signed one."""

import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from api.errors import Refused
from api.http.auth.keys import write_private

DAYS: Final = 365  # of validity; browsers refuse more than 398
_ANY: Final = ("0.0.0.0", "::", "")


@dataclass(frozen=True, slots=True)
class TlsIdentity:
    """A certificate and its key, PEM files."""

    certificate: Path
    key: Path


def find_identity(
    state: Path, host: str, certificate: Path | None, key: Path | None, *, self_signed: bool
) -> TlsIdentity | None:
    """Return the certificate to serve TLS with; None for plain HTTP.

    Raises:
        Refused: half of a pair was given, or a file is missing.
        OSError: the disk refused.
    """
    if certificate is None and key is None:
        return _own(state / "tls", host) if self_signed else None
    if certificate is None or key is None:
        raise Refused("--certificate and --key go together; one of them is missing")
    for path in (certificate, key):
        if not path.is_file():
            raise Refused(f"there is no file {path}")
    return TlsIdentity(certificate, key)


def _own(folder: Path, host: str) -> TlsIdentity:
    """A certificate for this machine's names, kept so that browsers are asked about it once."""
    pair = TlsIdentity(folder / "certificate.pem", folder / "key.pem")
    names = _names(host)
    if pair.certificate.exists() and pair.key.exists() and _suits(pair.certificate, names):
        return pair
    folder.mkdir(parents=True, exist_ok=True)
    private = ec.generate_private_key(ec.SECP256R1())
    certificate = _signed(private, names)
    write_private(
        pair.key,
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    write_private(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM))
    return pair


def _signed(private: ec.EllipticCurvePrivateKey, names: list[str]) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "skulens")])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
    )
    return builder.sign(private, hashes.SHA256())


def _names(host: str) -> list[str]:
    names = {"localhost", "127.0.0.1", socket.gethostname()}
    if host in _ANY:
        names.update(_addresses())
    else:
        names.add(host.strip("[]"))
    return sorted(names)


def _addresses() -> set[str]:
    try:
        return {str(address[0]) for *_, address in socket.getaddrinfo(socket.gethostname(), None)}
    except OSError:
        return set()


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name.partition("%")[0]))
    except ValueError:
        return x509.DNSName(name)


def _suits(path: Path, names: list[str]) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (ValueError, x509.ExtensionNotFound):
        return False
    lasts = certificate.not_valid_after_utc > datetime.now(UTC) + timedelta(days=7)
    return lasts and set(extension.value) == {_general(name) for name in names}
