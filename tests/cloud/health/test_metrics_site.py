"""The page of metrics is an operator's: for this machine's own programs, or for who has the token."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read

from backsight_cloud.adapters.metrics_listener import TokenUnreadable, read_token
from backsight_cloud.config import load
from backsight_cloud.web.metrics import metrics_site
from backsight_shared.exposition import Family, one
from backsight_shared.settings import BadSettings, Listen

TOKEN = "0123456789abcdef0123456789abcdef"

Client = TestClient[web.Request, web.Application]


def page() -> list[Family]:
    return [one("backsight_hubs", "gauge", "Paired hubs", 3)]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with TestClient(TestServer(metrics_site(page, None))) as opened:
        yield opened


@pytest.fixture
async def guarded() -> AsyncIterator[Client]:
    async with TestClient(TestServer(metrics_site(page, TOKEN))) as opened:
        yield opened


async def test_a_scraper_on_this_machine_gets_it(client: Client) -> None:
    answer = await client.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert [family.name for family in read(await answer.text())] == ["backsight_hubs"]


async def test_one_that_asks_for_openmetrics_gets_that(client: Client) -> None:
    answer = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert [family.name for family in read_openmetrics(await answer.text())] == ["backsight_hubs"]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.168.1.2", ""])
async def test_a_web_page_cannot_read_it_under_another_name(client: Client, host: str) -> None:
    assert (await client.get("/metrics", headers={"Host": host})).status == 421


@pytest.mark.parametrize(
    "given", [{}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {TOKEN}"}, {"X": TOKEN}]
)
async def test_without_the_token_it_is_refused(guarded: Client, given: dict[str, str]) -> None:
    answer = await guarded.get("/metrics", headers=given)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "backsight_hubs" not in await answer.text()


async def test_with_the_token_any_name_will_do(guarded: Client) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": "cloud.example"}
    assert (await guarded.get("/metrics", headers=headers)).status == 200


async def test_nothing_else_is_there(client: Client) -> None:
    assert (await client.get("/")).status == 404


def written(folder: Path, metrics: str) -> Path:
    file = folder / "cloud.toml"
    file.write_text(f'state = "state"\n[metrics]\n{metrics}\n')
    return file


def test_without_an_address_there_is_no_such_page(tmp_path: Path) -> None:
    assert load(written(tmp_path, "")).metrics.listen is None


def test_on_this_machine_it_needs_no_token(tmp_path: Path) -> None:
    settings = load(written(tmp_path, 'listen = "127.0.0.1:8472"'))
    assert settings.metrics.listen == Listen("127.0.0.1", 8472)


def test_beyond_this_machine_it_needs_a_token(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="give it a token_file"):
        load(written(tmp_path, 'listen = "0.0.0.0:8472"'))


def test_a_token_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    assert read_token(file) == TOKEN


@pytest.mark.parametrize(("text", "mode", "why"), [(TOKEN, 0o644, "chmod 600"), ("\n", 0o600, "is empty")])
def test_a_token_that_is_none_is_refused(tmp_path: Path, text: str, mode: int, why: str) -> None:
    file = tmp_path / "token"
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(TokenUnreadable, match=why):
        read_token(file)


def test_a_token_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TokenUnreadable, match="No such file"):
        read_token(tmp_path / "none")
