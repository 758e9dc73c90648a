"""What a hub has from being paired is whole or absent, for its own eyes only, and never deleted on doubt."""

import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from backsight_agent.adapters import private_files
from backsight_agent.adapters.keystore import Keystore, KeystoreDamaged, KeystoreUnwritable, NotPaired
from backsight_shared.wire import Certificate, Pairing
from fakes.certificates import TestAuthority

AUTHORITY = TestAuthority()


def a_pairing(keystore: Keystore) -> Pairing:
    keystore.make_key()
    certificate = AUTHORITY.certify(keystore.request_certificate(), "hub-1")
    return Pairing(
        "cloud-1", "hub-1", certificate, AUTHORITY.pem, "localhost", 8883, ({"kid": "k", "kty": "OKP"},)
    )


@pytest.fixture
def keystore(tmp_path: Path) -> Keystore:
    """Of a hub that is paired."""
    store = Keystore(tmp_path / "state")
    store.save_pairing("https://cloud.example", a_pairing(store), b"own CA")
    return store


def test_a_new_hub_is_not_paired_and_says_how_to_pair(tmp_path: Path) -> None:
    keystore = Keystore(tmp_path)
    assert keystore.paired() is None
    with pytest.raises(NotPaired, match="backsight-agent pair URL CODE"):
        keystore.pairing()


def test_what_the_pairing_gave_is_there_after_a_restart(keystore: Keystore, tmp_path: Path) -> None:
    paired = Keystore(tmp_path / "state").pairing()
    assert (paired.url, paired.cloud, paired.hub) == ("https://cloud.example", "cloud-1", "hub-1")
    assert (paired.broker_host, paired.broker_port, paired.own_ca) == ("localhost", 8883, True)
    assert paired.entitlement_keys == ({"kid": "k", "kty": "OKP"},)
    assert keystore.ca_file.read_text() == AUTHORITY.pem
    assert keystore.cloud_ca_file.read_bytes() == b"own CA"


def test_every_file_is_its_owners_alone(keystore: Keystore, tmp_path: Path) -> None:
    files = list((tmp_path / "state").iterdir())
    assert {file.name for file in files} == {
        "hub.key",
        "hub.crt",
        "ca.crt",
        "cloud_ca.pem",
        "pairing.json",
    }
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_the_request_proves_the_key_and_holds_nothing_of_it(keystore: Keystore) -> None:
    request = x509.load_pem_x509_csr(keystore.request_certificate().encode())
    assert request.is_signature_valid
    assert "PRIVATE" not in keystore.request_certificate()


def test_a_certificate_for_another_key_does_not_fit(keystore: Keystore) -> None:
    assert keystore.fits(keystore.certificate_file.read_text())
    assert not keystore.fits(AUTHORITY.client("hub-1").certificate_pem.decode())
    assert not keystore.fits("no certificate")


def test_a_renewed_certificate_is_used_from_then_on(keystore: Keystore) -> None:
    before = keystore.certificate_life()
    renewed = AUTHORITY.certify(keystore.request_certificate(), "hub-1", life=timedelta(days=3))
    keystore.replace_certificate(Certificate(renewed, "new CA"))
    assert keystore.certificate_life().until_ms > before.until_ms
    assert keystore.ca_file.read_text() == "new CA"


async def test_a_document_is_kept_over_a_restart(keystore: Keystore, tmp_path: Path) -> None:
    assert await keystore.load_document() is None
    await keystore.save_document("one\ntwo")
    assert await Keystore(tmp_path / "state").load_document() == "one\ntwo"


async def test_a_document_that_cannot_be_written_leaves_the_one_before(
    keystore: Keystore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keystore.save_document("one")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(private_files.os, "fsync", full)
    with pytest.raises(KeystoreUnwritable, match="No space left on device"):
        await keystore.save_document("two")
    monkeypatch.undo()
    assert await keystore.load_document() == "one"


async def test_a_write_that_was_cut_off_by_a_crash_is_not_in_the_way(
    keystore: Keystore, tmp_path: Path
) -> None:
    await keystore.save_document("one")
    (tmp_path / "state" / "entitlement.jws.new").write_text("tw")
    assert await keystore.load_document() == "one"
    await keystore.save_document("two")
    assert await keystore.load_document() == "two"


async def test_a_document_that_is_not_text_is_damage_and_stays_on_disk(
    keystore: Keystore, tmp_path: Path
) -> None:
    file = tmp_path / "state" / "entitlement.jws"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(KeystoreDamaged, match=r"entitlement\.jws is missing or damaged"):
        await keystore.load_document()
    assert file.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"url": 7}', "\x00"])
def test_a_damaged_pairing_is_not_taken_for_none(keystore: Keystore, tmp_path: Path, content: str) -> None:
    (tmp_path / "state" / "pairing.json").write_text(content)
    with pytest.raises(KeystoreDamaged, match=r"pairing\.json is missing or damaged.*pair this hub anew"):
        keystore.paired()


def test_a_missing_or_damaged_key_is_named(keystore: Keystore) -> None:
    keystore.key_file.write_text("garbage")
    with pytest.raises(KeystoreDamaged, match=r"hub\.key"):
        keystore.request_certificate()
    keystore.key_file.unlink()
    with pytest.raises(KeystoreDamaged, match=r"hub\.key"):
        keystore.private_key_pem()


def test_a_damaged_certificate_is_named(keystore: Keystore) -> None:
    keystore.certificate_file.write_text("garbage")
    with pytest.raises(KeystoreDamaged, match=r"hub\.crt"):
        keystore.certificate_life()


async def test_a_forgotten_pairing_leaves_no_secret_and_the_other_files(
    keystore: Keystore, tmp_path: Path
) -> None:
    await keystore.save_document("one")
    (tmp_path / "state" / "agent.db").write_text("rows")
    keystore.forget_pairing()
    assert keystore.paired() is None
    assert [file.name for file in (tmp_path / "state").iterdir()] == ["agent.db"]


def test_a_pairing_that_was_cut_off_before_its_end_is_none(tmp_path: Path) -> None:
    keystore = Keystore(tmp_path / "state")
    pairing = a_pairing(keystore)
    keystore.replace_certificate(Certificate(pairing.certificate_pem, pairing.ca_pem))
    assert keystore.paired() is None


def test_the_private_key_is_in_no_file_but_its_own(keystore: Keystore, tmp_path: Path) -> None:
    others = [file for file in (tmp_path / "state").iterdir() if file.name != "hub.key"]
    assert not any("PRIVATE" in file.read_text() for file in others)
    assert "PRIVATE" not in json.dumps(repr(keystore.pairing()))
