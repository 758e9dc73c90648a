"""The documents name files that exist, and say nothing of machines or registries."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("firmware_profiles/*.md")])
FOLDERS = ("agent", "cloud", "shared", "scripts", "tests", "docs", "firmware_profiles")
NAMED = re.compile(r"`((?:[\w.-]+/)+[\w.-]*)`")  # `folder/file` or `folder/`


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_in_a_document_exists(document: Path) -> None:
    named = [name for name in NAMED.findall(document.read_text()) if name.split("/")[0] in FOLDERS]
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_in_a_document_leads_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text())
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (document.parent / target).exists()] == []
