"""A certificate names the hub that we chose, for the key that was proven, and no longer than it must."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from backsight_cloud.adapters.authority import HUB_LIFE, Authority, open_authority
from backsight_cloud.adapters.secret_files import SecretUnreadable
from backsight_cloud.identity_ports import BadRequestForCertificate
from fakes.clock import NOON_MS
from fakes.hub_keys import HubKey


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return open_authority(tmp_path, NOON_MS)


def issued(authority: Authority, key: HubKey | None = None, subject: str = "x") -> x509.Certificate:
    made = authority.issue((key or HubKey()).csr(subject), "h1", NOON_MS)
    return x509.load_pem_x509_certificate(made.certificate_pem.encode())


def ca(authority: Authority) -> x509.Certificate:
    return x509.load_pem_x509_certificate(authority.ca_pem.encode())


def common_name(certificate: x509.Certificate) -> object:
    return certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value


def test_the_name_is_ours_whatever_the_request_asks_for(authority: Authority) -> None:
    assert common_name(issued(authority, subject="service")) == "h1"


def test_the_key_is_that_of_the_request(authority: Authority) -> None:
    key = HubKey()
    made = authority.issue(key.csr(), "h1", NOON_MS)
    assert made.public_key_pem == key.public_pem
    assert issued(authority, key).public_key() == key.key.public_key()


def test_it_is_for_clients_only_and_signs_nothing(authority: Authority) -> None:
    extensions = issued(authority).extensions
    usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_it_holds_for_two_weeks(authority: Authority) -> None:
    made, noon = issued(authority), datetime.fromtimestamp(NOON_MS / 1000, UTC)
    assert made.not_valid_after_utc == noon + HUB_LIFE
    assert made.not_valid_before_utc == noon - timedelta(hours=1)


def test_it_is_signed_by_the_authority(authority: Authority) -> None:
    issued(authority).verify_directly_issued_by(ca(authority))


def test_serial_numbers_differ(authority: Authority) -> None:
    key = HubKey()
    assert len({authority.issue(key.csr(), "h1", NOON_MS).serial for _ in range(20)}) == 20


def test_a_request_with_another_ones_signature_is_refused(authority: Authority) -> None:
    with pytest.raises(BadRequestForCertificate, match="not signed by its own key"):
        authority.issue(stolen_request(), "h1", NOON_MS)


@pytest.mark.parametrize(
    "text", ["", "nonsense", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n", "x" * 20_000]
)
def test_what_is_no_request_is_refused(authority: Authority, text: str) -> None:
    with pytest.raises(BadRequestForCertificate):
        authority.issue(text, "h1", NOON_MS)


@pytest.mark.parametrize("weak", ["rsa", "p384"])
def test_only_keys_of_our_kind_are_certified(authority: Authority, weak: str) -> None:
    key = rsa.generate_private_key(65537, 2048) if weak == "rsa" else ec.generate_private_key(ec.SECP384R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    with pytest.raises(BadRequestForCertificate, match="P-256"):
        authority.issue(pem, "h1", NOON_MS)


def test_the_server_certificate_has_names_and_addresses(authority: Authority) -> None:
    pair = authority.make_server(["cloud.example", "127.0.0.1", "::1", "cloud.example"], NOON_MS)
    certificate = x509.load_pem_x509_certificate(pair.certificate_pem)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["cloud.example"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]


def test_the_list_of_revoked_holds_them_and_is_signed(authority: Authority) -> None:
    made = issued(authority)
    listed = x509.load_pem_x509_crl(authority.revocation_list([f"{made.serial_number:x}"], NOON_MS))
    assert listed.get_revoked_certificate_by_serial_number(made.serial_number)
    assert listed.is_signature_valid(ca(authority).public_key())  # type: ignore[arg-type]


def test_the_authority_is_the_same_after_a_restart(tmp_path: Path) -> None:
    assert open_authority(tmp_path, NOON_MS).ca_pem == open_authority(tmp_path, NOON_MS + 1).ca_pem


def test_its_key_is_readable_for_us_only(tmp_path: Path) -> None:
    open_authority(tmp_path, NOON_MS)
    assert (tmp_path / "ca.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", [b"", b"nonsense"])
def test_a_damaged_key_is_not_replaced(tmp_path: Path, damage: bytes) -> None:
    open_authority(tmp_path, NOON_MS)
    (tmp_path / "ca.key").write_bytes(damage)
    with pytest.raises(SecretUnreadable, match=r"ca\.key: .*backup"):
        open_authority(tmp_path, NOON_MS)


def test_a_certificate_of_another_key_is_noticed(tmp_path: Path) -> None:
    open_authority(tmp_path, NOON_MS)
    (tmp_path / "ca.key").unlink()
    with pytest.raises(SecretUnreadable, match="does not belong"):
        open_authority(tmp_path, NOON_MS)


def stolen_request() -> str:
    """A request for somebody's public key, signed by another key."""
    victim, thief = HubKey(), HubKey()
    genuine = x509.load_pem_x509_csr(thief.csr().encode())
    public = victim.key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    own = thief.key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    der = genuine.public_bytes(serialization.Encoding.DER).replace(own, public)
    forged = x509.load_der_x509_csr(der)
    return forged.public_bytes(serialization.Encoding.PEM).decode()
