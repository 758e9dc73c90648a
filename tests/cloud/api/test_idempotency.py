"""The same request with the same key has one effect and one answer, whatever crashes in between."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.ports import Database, Transaction
from backsight_cloud.services.remembering import KEPT_MS, forget_answers_forever
from backsight_cloud.web import keys
from backsight_cloud.web.idempotency import LEASE_MS, once, remembering
from backsight_cloud.web.problem_kinds import NOT_CONFIRMED, TRY_AGAIN_LATER
from backsight_cloud.web.problems import Problem
from fakes.clock import FakeClock, settle
from fakes.database import FakeDatabase
from fakes.household import BERT, HUB, move_in
from fakes.payer import ask, orders, pay_at_the_provider, pay_in_one_transaction, paying_app


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def database() -> FakeDatabase:
    made = FakeDatabase()
    await move_in(made)
    return made


@pytest.fixture
def app(database: FakeDatabase, clock: FakeClock, tmp_path: Path) -> web.Application:
    return paying_app(database, clock, tmp_path / "provider")


async def paid(database: Database) -> int:
    async with database.read() as view:
        hub = await view.hubs.hub(HUB)
    assert hub is not None
    return hub.serial


# ------------------------------------------------------------ the key


@pytest.mark.parametrize("key", [None, "", "short", "with blank", "schlüssel-1", "x" * 129])
async def test_without_a_proper_key_nothing_is_done_and_the_header_is_named(
    app: web.Application, database: FakeDatabase, key: str | None
) -> None:
    said = await ask(app, pay_in_one_transaction, key=key)
    assert said.status == 400
    assert "'field': 'Idempotency-Key'" in said.body
    assert await paid(database) == 0


async def test_a_new_key_pays(app: web.Application, database: FakeDatabase) -> None:
    assert (await ask(app, pay_in_one_transaction)).status == 201
    assert (await ask(app, pay_in_one_transaction, key="key-00002")).status == 201
    assert await paid(database) == 2


async def test_the_same_again_gets_the_same_answer_and_pays_nothing(
    app: web.Application, database: FakeDatabase
) -> None:
    first = await ask(app, pay_in_one_transaction)
    again = await ask(app, pay_in_one_transaction)
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert await paid(database) == 1


async def test_how_the_body_is_spaced_makes_no_other_request(
    app: web.Application, database: FakeDatabase
) -> None:
    await ask(app, pay_in_one_transaction, body='{"cents": 299}')
    assert (await ask(app, pay_in_one_transaction, body='{\n"cents":299 }')).status == 201
    assert await paid(database) == 1


async def test_the_key_with_another_request_is_refused(app: web.Application, database: FakeDatabase) -> None:
    await ask(app, pay_in_one_transaction)
    said = await ask(app, pay_in_one_transaction, body='{"cents": 300}')
    assert said.status == 422
    assert "/problems/key-used-already" in said.body
    assert await paid(database) == 1


async def test_another_account_has_keys_of_its_own(app: web.Application, database: FakeDatabase) -> None:
    await ask(app, pay_in_one_transaction)
    said = await ask(app, pay_in_one_transaction, account=BERT, body='{"cents": 300}')
    assert said.status == 201
    assert "Idempotency-Replayed" not in said.headers


async def test_a_request_that_is_wrong_in_itself_uses_no_key(
    app: web.Application, database: FakeDatabase
) -> None:
    assert (await ask(app, pay_in_one_transaction, body='{"cents": "much"}')).status == 400
    assert (await ask(app, pay_in_one_transaction)).status == 201


async def test_after_thirty_days_a_key_is_forgotten(
    app: web.Application, database: FakeDatabase, clock: FakeClock
) -> None:
    await ask(app, pay_in_one_transaction)
    clock.jump(KEPT_MS)
    await forgetting(database, clock)
    assert (await ask(app, pay_in_one_transaction)).headers.get("Idempotency-Replayed") == "true"
    clock.jump(1)
    await forgetting(database, clock)
    assert "Idempotency-Replayed" not in (await ask(app, pay_in_one_transaction)).headers


async def forgetting(database: FakeDatabase, clock: FakeClock) -> None:
    """One round of the worker."""
    worker = asyncio.create_task(forget_answers_forever(database, clock))
    await settle()
    worker.cancel()


# ------------------------------------------------------------ refusals and troubles


async def test_a_refusal_is_an_answer_and_is_given_again(app: web.Application) -> None:
    runs = []

    @once
    async def refuse(request: web.Request) -> web.Response:
        runs.append(1)
        raise Problem.of(NOT_CONFIRMED, "stale")

    first, again = await ask(app, refuse), await ask(app, refuse)
    assert (first.status, again.status, len(runs)) == (409, 409, 1)
    assert "/problems/not-confirmed" in again.body


async def test_a_trouble_is_none_and_the_same_request_may_try_again_at_once(app: web.Application) -> None:
    runs = []

    @once
    async def stumble(request: web.Request) -> web.Response:
        runs.append(1)
        if len(runs) == 1:
            raise Problem.of(TRY_AGAIN_LATER)
        return web.json_response({})

    assert ((await ask(app, stumble)).status, (await ask(app, stumble)).status) == (503, 200)


async def test_a_mistake_of_ours_leaves_the_key_free(app: web.Application) -> None:
    @once
    async def fail(request: web.Request) -> web.Response:
        raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await ask(app, fail)


async def test_what_was_remembered_holds_even_when_the_rest_of_the_handler_fails(
    app: web.Application, database: FakeDatabase
) -> None:
    @once
    async def pay_and_fail(request: web.Request) -> web.Response:
        async with request.app[keys.DATABASE].begin() as tx:
            number = await tx.hubs.next_serial(HUB)
            await remembering(request)(tx, 201, {"number": number})
        raise Problem.of(NOT_CONFIRMED, "the mail could not be written")

    assert (await ask(app, pay_and_fail)).status == 409
    again = await ask(app, pay_and_fail)
    assert (again.status, again.body, await paid(database)) == (201, '{"number": 1}', 1)


# ------------------------------------------------------------ crashes


class Died(BaseException):
    """What ends a process ends it without `except Exception`."""


class DyingDatabase(FakeDatabase):
    """Dies at the given moment: before or after a commit, or before a transaction."""

    steps_left = 10**6

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        self._step()
        async with super().begin() as tx:
            yield tx
            self._step()
        self._step()

    def _step(self) -> None:
        self.steps_left -= 1
        if self.steps_left == 0:
            raise Died


STEPS = range(1, 7)  # claim: before, before its commit, after; then the same of the effect


@pytest.mark.parametrize("step", STEPS)
async def test_a_crash_at_any_moment_and_the_same_request_again_pay_once(
    clock: FakeClock, tmp_path: Path, step: int
) -> None:
    database = DyingDatabase()
    await move_in(database)
    app = paying_app(database, clock, tmp_path / "provider")
    database.steps_left = step
    with pytest.raises(Died):
        await ask(app, pay_in_one_transaction)
    database.steps_left = 10**6
    clock.jump(LEASE_MS)
    said = await ask(app, pay_in_one_transaction)
    assert (said.status, said.body) == (201, '{"cents": 299, "number": 1}')
    assert (await paid(database), len(orders(tmp_path / "provider"))) == (1, 1)


@pytest.mark.parametrize("step", STEPS)
async def test_an_effect_elsewhere_has_the_same_name_in_every_attempt(
    clock: FakeClock, tmp_path: Path, step: int
) -> None:
    database = DyingDatabase()
    await move_in(database)
    app = paying_app(database, clock, tmp_path / "provider")
    database.steps_left = step
    with pytest.raises(Died):
        await ask(app, pay_at_the_provider)
    database.steps_left = 10**6
    clock.jump(LEASE_MS)
    assert (await ask(app, pay_at_the_provider)).status == 201
    assert len(orders(tmp_path / "provider")) == 1


async def test_a_dead_attempt_is_waited_for_first(clock: FakeClock, tmp_path: Path) -> None:
    database = DyingDatabase()
    await move_in(database)
    app = paying_app(database, clock, tmp_path / "provider")
    database.steps_left = 4
    with pytest.raises(Died):
        await ask(app, pay_in_one_transaction)
    database.steps_left = 10**6
    clock.jump(1_500)
    said = await ask(app, pay_in_one_transaction)
    assert (said.status, said.headers["Retry-After"]) == (409, "59")
    assert "/problems/in-progress" in said.body


async def test_an_attempt_that_was_overtaken_undoes_its_effect(
    app: web.Application, database: FakeDatabase, clock: FakeClock
) -> None:
    """It hung for longer than its lease, and the same request came again meanwhile."""

    @once
    async def slow(request: web.Request) -> web.Response:
        clock.jump(LEASE_MS)
        assert (await ask(app, pay_in_one_transaction)).status == 201
        return await _paying(request)

    with pytest.raises(Exception, match="sent again"):
        await ask(app, slow)
    assert await paid(database) == 1


async def _paying(request: web.Request) -> web.Response:
    async with request.app[keys.DATABASE].begin() as tx:
        body = {"number": await tx.hubs.next_serial(HUB)}
        await remembering(request)(tx, 201, body)
    return web.json_response(body, status=201)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_the_process_killed_at_any_step_and_asked_again_pays_once(tmp_path: Path) -> None:
    for step in STEPS:
        folder = tmp_path / str(step)
        folder.mkdir()
        async with open_database(f"sqlite+aiosqlite:///{folder}/cloud.db") as database:
            await move_in(database)
        assert _life(folder, step).returncode == -signal.SIGKILL
        async with open_database(f"sqlite+aiosqlite:///{folder}/cloud.db") as database:
            clock = FakeClock()
            clock.jump(LEASE_MS)
            app = paying_app(database, clock, folder / "provider")
            assert (await ask(app, pay_in_one_transaction)).body == '{"cents": 299, "number": 1}'
            assert (await paid(database), len(orders(folder / "provider"))) == (1, 1)


def _life(folder: Path, step: int) -> "subprocess.CompletedProcess[bytes]":
    tests = str(Path(__file__).parents[2])
    command = [sys.executable, "-m", "fakes.dying_payer", str(folder), str(step)]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": tests}, timeout=25, check=False)
