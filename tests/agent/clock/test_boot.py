"""A machine's boot has a name: the same for every process of it."""

from pathlib import Path

import pytest

from backsight_agent.adapters import boot


def test_every_process_of_a_boot_hears_the_same_name() -> None:
    assert boot.boot_id() == boot.boot_id() != ""


def test_where_the_kernel_does_not_say_each_process_is_a_boot_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boot, "_BOOT_ID", tmp_path / "missing")
    assert boot.boot_id() != boot.boot_id()
