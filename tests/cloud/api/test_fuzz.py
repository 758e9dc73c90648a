"""Whatever is sent to the API, by whomever: it answers as it is described, and tells nobody of another.

The requests come from the document at /v1/openapi.json (schemathesis), valid ones and broken ones; identities
and moments in them are often those of real data, one's own or another's. `BACKSIGHT_FUZZ_EXAMPLES` says how
many for each endpoint and role (docs/api.md has the figures of a long run).
"""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, openapi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fakes.api_world import (
    ANNAS,
    BERTS,
    BERTS_INVITATION,
    BERTS_SHARE,
    INVITATION,
    ROLES,
    RUN_MS,
    SHARE,
    World,
    api_world,
)
from fakes.clock import FakeClock
from fakes.household import DOOR, FOREIGN, HUB, YARD

EXAMPLES = int(os.environ.get("BACKSIGHT_FUZZ_EXAMPLES", "2"))
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
HIDDEN: Mapping[str, tuple[str, ...]] = {
    "nobody": ANNAS + BERTS,
    "owner": BERTS,
    "other": ANNAS,
    "viewer": (*BERTS, HUB),  # of Anna's what she shares, and what she invites to
    "operator": ANNAS + BERTS,
    "hub": BERTS,
    "other_hub": ANNAS,
}
REAL: Mapping[str, tuple[str, ...]] = {
    "camera": (DOOR, YARD, FOREIGN),
    "run": (str(RUN_MS),),
    "start": (str(RUN_MS), str(RUN_MS + 10_000)),
    "share": (SHARE, BERTS_SHARE),
    "invitation": (INVITATION, BERTS_INVITATION),
    "number": ("2026-000001", "2026-000002"),
    "from": (str(RUN_MS),),
    "to": (str(RUN_MS + 60_000),),
}


class Found(Exception):
    """What is wrong, with the request that shows it."""


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("role", ROLES)
async def test_each_role_is_answered_as_described_and_told_nothing_of_another(
    tmp_path: Path, role: str
) -> None:
    clock = FakeClock()
    async with api_world(tmp_path, clock) as world:
        _, text = await world.ask("nobody", "GET", "/v1/openapi.json")
        fuzz = Fuzz(world, role, asyncio.get_running_loop())
        faults = await asyncio.to_thread(fuzz.all_operations, json.loads(text))
    print(role, sum(fuzz.statuses.values()), "requests", dict(sorted(fuzz.statuses.items())))
    assert faults == []
    assert fuzz.statuses[200] > 0


class Fuzz:
    """Asks as one role, from a thread of its own."""

    def __init__(self, world: World, role: str, loop: asyncio.AbstractEventLoop) -> None:
        self._world, self._role, self._loop = world, role, loop
        self._http = requests.Session()
        self.statuses: Counter[int] = Counter()

    def all_operations(self, document: dict[str, Any]) -> list[str]:
        """Every one of them; what is wrong with each."""
        faults = []
        for found in _schema(document).get_all_operations():
            operation = found.ok()
            self._let_an_hour_pass()
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                try:
                    self._ask_often(operation, mode)
                except Exception as error:  # noqa: BLE001  (whatever it is, it is told, and the rest is asked)
                    faults.append(f"{operation.label} {mode.value}: {_told(error)}")
        return faults

    def _ask_often(self, operation: Any, mode: GenerationMode) -> None:
        @settings(
            max_examples=EXAMPLES if self._role in self._world.sessions else -(-EXAMPLES // 2),
            phases=[Phase.generate],
            database=None,
            deadline=None,
            derandomize="BACKSIGHT_FUZZ_EXAMPLES" not in os.environ,
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode), st.randoms(use_true_random=False))
        def ask(case: Any, random: Any) -> None:
            self._ask(case, random, mode)

        try:
            ask()
        except Exception as error:
            if type(error).__name__ not in ("Unsatisfiable", "SkipTest"):
                raise

    def _ask(self, case: Any, random: Any, mode: GenerationMode) -> None:
        replaced = _with_real_data(case, random) if random.random() < 0.7 else False
        headers = dict(self._world.headers(self._role))
        response = case.call(base_url=self._world.site.address, session=self._http, headers=headers)
        self.statuses[response.status_code] += 1
        checks = list(CHECKS)
        if mode is GenerationMode.NEGATIVE and not replaced and response.status_code < 300:
            checks.append(negative_data_rejection)
        if response.status_code >= 500:
            raise Found(f"{response.status_code} {response.text[:300]} for {case.as_curl_command()}")
        case.validate_response(response, checks=checks)
        self._refuse_others(response, case)
        if response.status_code == 401 and self._role in self._world.sessions:
            self._sign_in_again()

    def _refuse_others(self, response: Any, case: Any) -> None:
        text = response.content.decode("utf-8", "replace") + str(response.headers)
        asked = str(response.request.url) + str(response.request.body) + str(response.request.headers)
        for marker in HIDDEN[self._role]:
            if marker in text and marker not in asked:
                raise Found(f"{self._role} was told {marker!r}: {text[:400]} for {case.as_curl_command()}")

    def _let_an_hour_pass(self) -> None:
        """So that no limit on trying is in the way of the next endpoint."""
        self._run(self._world.clock.advance(600))

    def _sign_in_again(self) -> None:
        """This very fuzz has ended the session."""
        if self._role != "nobody":
            self._run(self._world.sign_in(self._role))

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)


def _schema(document: dict[str, Any]) -> Any:
    """Who asks is ours to say: the document's cookie and token are not made up, nor left out."""
    schema = openapi.from_dict(document)
    schema.config.generation.update(with_security_parameters=False)
    return schema


def _with_real_data(case: Any, random: Any) -> bool:
    """Identities and moments that exist, in the place of made-up ones. Whether any was put in."""
    replaced = False
    for values in (case.path_parameters, case.query):
        for name in list(values or ()):
            if name in REAL:
                values[name] = random.choice(REAL[name])
                replaced = True
    if case.operation.path.endswith("/erase") and isinstance(case.body, dict):
        case.body["confirm"] = ""  # nothing is erased: the next requests are to find it
    return replaced


def _told(error: BaseException) -> str:
    inner = getattr(error, "exceptions", None)
    return " | ".join(_told(one) for one in inner) if inner else f"{type(error).__name__}: {error}"[:1200]
