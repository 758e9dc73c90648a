"""Secrets are made once, readable for the service only, and never replaced behind anyone's back."""

from pathlib import Path

import pytest

from backsight_cloud.adapters.secret_files import SecretUnreadable, read_or_make, write_private
from backsight_cloud.adapters.secrets import open_secrets


def test_they_are_the_same_after_a_restart(tmp_path: Path) -> None:
    first, second = open_secrets(tmp_path / "secrets"), open_secrets(tmp_path / "secrets")
    assert first.identity == second.identity
    assert first.address_key == second.address_key
    assert first.entitlement_key.to_private_jwk() == second.entitlement_key.to_private_jwk()


def test_two_clouds_have_different_ones(tmp_path: Path) -> None:
    one, other = open_secrets(tmp_path / "one"), open_secrets(tmp_path / "other")
    assert one.identity != other.identity
    assert one.entitlement_key.kid != other.entitlement_key.kid
    assert one.address_key != other.address_key


def test_files_and_folder_are_for_us_only(tmp_path: Path) -> None:
    open_secrets(tmp_path / "secrets")
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "secrets").iterdir()} == {0o600}


def test_they_do_not_show_in_a_log(tmp_path: Path) -> None:
    secrets = open_secrets(tmp_path / "secrets")
    assert str(secrets.address_key) not in repr(secrets)
    assert secrets.entitlement_key.to_private_jwk() not in repr(secrets)


@pytest.mark.parametrize("damage", [b"", b"{}", b"nonsense"])
def test_a_damaged_entitlement_key_stops_the_service(tmp_path: Path, damage: bytes) -> None:
    open_secrets(tmp_path)
    (tmp_path / "entitlement.key").write_bytes(damage)
    with pytest.raises(SecretUnreadable, match=r"entitlement\.key.*backup"):
        open_secrets(tmp_path)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_private(tmp_path / "key", b"old")
    write_private(tmp_path / "key", b"new")
    assert (tmp_path / "key").read_bytes() == b"new"
    assert [file.name for file in tmp_path.iterdir()] == ["key"]


def test_a_secret_that_exists_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"old")
    assert read_or_make(tmp_path / "key", lambda: b"new") == b"old"
