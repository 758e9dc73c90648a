"""The account's API: strangers are answered the same whatever is true; what is good once is good once."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from yarl import URL

from backsight_cloud.domain.totp import STEP_MS
from fakes.clock import FakeClock
from fakes.cloud_site import PASSWORD, CloudSite, cloud_site, get
from fakes.household import ANNA, BERT, a_run, segments_of
from fakes.residents import Phone

EMAIL, NEW = "anna@example.org", "new@example.org"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def site(tmp_path: Path, clock: FakeClock) -> AsyncIterator[CloudSite]:
    async with cloud_site(tmp_path, clock) as made:
        yield made


@pytest.fixture
async def anna(site: CloudSite) -> ClientSession:
    return await site.signed_in(ANNA)


async def ask(
    browser: ClientSession, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, Any]:
    """The status and the JSON; nothing for an answer without a body."""
    async with browser.request(method, path, json=body, headers=headers) as answer:
        text = await answer.read()
        return answer.status, await answer.json(content_type=None) if text else None


async def confirmed(site: CloudSite, browser: ClientSession) -> None:
    await ask(browser, "POST", "/v1/account/confirmation")
    token = site.tells.last("confirm_address").token
    assert (await ask(site.browser(), "POST", "/v1/accounts/confirmations", {"token": token}))[0] == 200


async def with_codes(
    site: CloudSite, browser: ClientSession, clock: FakeClock
) -> tuple[Phone, dict[str, Any]]:
    """Anna's account asks for codes from now on; her phone, and what was answered."""
    await confirmed(site, browser)
    status, setup = await ask(browser, "POST", "/v1/account/second-factor", {"password": PASSWORD})
    assert status == 201
    phone = Phone(setup["secret"], clock)
    status, codes = await ask(browser, "PUT", "/v1/account/second-factor", {"code": phone.code()})
    assert status == 200
    await clock.advance(STEP_MS / 1000)
    return phone, codes


# ------------------------------------------------------------ equal answers


async def test_signing_up_answers_the_same_for_a_known_and_an_unknown_address(site: CloudSite) -> None:
    answers = [
        await ask(site.browser(), "POST", "/v1/accounts", {"email": email, "password": "long enough"})
        for email in (EMAIL, NEW)
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 202


async def test_a_forgotten_password_answers_the_same_for_a_known_and_an_unknown_address(
    site: CloudSite,
) -> None:
    answers = [
        await ask(site.browser(), "POST", "/v1/password-resets", {"email": email}) for email in (EMAIL, NEW)
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 202
    assert [told.to for told in site.tells.of("reset_password")] == [EMAIL]


async def test_another_address_answers_the_same_whether_or_not_it_is_taken(
    site: CloudSite, anna: ClientSession
) -> None:
    answers = [
        await ask(anna, "POST", "/v1/account/address-changes", {"email": email, "password": PASSWORD})
        for email in ("bert@example.org", NEW)
    ]
    assert answers[0] == answers[1]


async def test_a_refused_sign_in_says_the_same_of_a_known_and_an_unknown_address(site: CloudSite) -> None:
    answers = [
        await ask(site.browser(), "POST", "/v1/sessions", {"email": email, "password": "wrong"})
        for email in (EMAIL, NEW)
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 401


# ------------------------------------------------------------ account


async def test_an_account_shows_itself(anna: ClientSession, clock: FakeClock) -> None:
    _, shown = await get(anna, "/v1/account")
    assert shown == {
        "account": ANNA,
        "email": EMAIL,
        "confirmed": False,
        "zone": "Europe/Berlin",
        "role": "owner",
        "created_ms": clock.now_ms(),
        "password_changed_ms": None,
        "second_factor": False,
        "recovery_codes_left": 0,
    }


async def test_the_time_zone_is_changed(anna: ClientSession) -> None:
    as_read = {"If-Match": await version(anna)}
    status, shown = await ask(anna, "PATCH", "/v1/account", {"zone": "America/New_York"}, **as_read)
    assert (status, shown["zone"]) == (200, "America/New_York")
    as_read = {"If-Match": await version(anna)}
    status, problem = await ask(anna, "PATCH", "/v1/account", {"zone": "Mars/Olympus"}, **as_read)
    assert (status, problem["field"]) == (422, "zone")


async def version(browser: ClientSession) -> str:
    """Of the account, as it is now."""
    async with browser.get("/v1/account") as answer:
        return answer.headers["ETag"]


async def test_an_account_that_was_changed_meanwhile_is_read_again_first(anna: ClientSession) -> None:
    as_read = {"If-Match": await version(anna)}
    assert (await ask(anna, "PATCH", "/v1/account", {"zone": "Asia/Tokyo"}, **as_read))[0] == 200
    status, problem = await ask(anna, "PATCH", "/v1/account", {"zone": "Europe/Paris"}, **as_read)
    assert (status, problem["type"]) == (412, "/problems/stale")
    assert (await ask(anna, "GET", "/v1/account"))[1]["zone"] == "Asia/Tokyo"


async def test_a_change_that_names_no_version_is_asked_for_one(anna: ClientSession) -> None:
    status, problem = await ask(anna, "PATCH", "/v1/account", {"zone": "Asia/Tokyo"})
    assert (status, problem["type"]) == (428, "/problems/condition-needed")


async def test_a_mailed_link_confirms_once(site: CloudSite, anna: ClientSession) -> None:
    await ask(anna, "POST", "/v1/account/confirmation")
    body = {"token": site.tells.last("confirm_address").token}
    assert await ask(site.browser(), "POST", "/v1/accounts/confirmations", body) == (
        200,
        {"email": EMAIL, "confirmed": True},
    )
    status, problem = await ask(site.browser(), "POST", "/v1/accounts/confirmations", body)
    assert (status, problem["field"]) == (410, "token")


async def test_that_a_mail_program_opens_a_link_changes_nothing(site: CloudSite, anna: ClientSession) -> None:
    await ask(anna, "POST", "/v1/account/confirmation")
    mail = site.tells.last("confirm_address")
    async with site.browser().get(URL(mail.facts["link"]).path):
        assert (await get(anna, "/v1/account"))[1]["confirmed"] is False
    body = {"token": mail.token}
    assert (await ask(site.browser(), "POST", "/v1/accounts/confirmations", body))[0] == 200


async def test_after_a_new_password_only_this_session_goes_on(site: CloudSite, anna: ClientSession) -> None:
    other = await site.signed_in(ANNA)
    body = {"password": PASSWORD, "new_password": "another password"}
    assert await ask(anna, "PUT", "/v1/account/password", body) == (200, {"sessions_ended": 1})
    assert [(await get(who, "/v1/account"))[0] for who in (anna, other)] == [200, 401]


async def test_a_wrong_password_changes_nothing_and_is_named(anna: ClientSession) -> None:
    body = {"password": "wrong", "new_password": "another password"}
    status, problem = await ask(anna, "PUT", "/v1/account/password", body)
    assert (status, problem["field"]) == (403, "password")


async def test_a_reset_link_works_once_and_ends_every_session(site: CloudSite, anna: ClientSession) -> None:
    await ask(site.browser(), "POST", "/v1/password-resets", {"email": EMAIL})
    path = f"/v1/password-resets/{site.tells.last('reset_password').token}"
    body = {"password": "another password"}
    assert (await ask(site.browser(), "PUT", path, body))[0] == 204
    assert (await get(anna, "/v1/account"))[0] == 401
    assert (await ask(site.browser(), "PUT", path, body))[0] == 410


async def test_another_address_is_confirmed_by_its_mail(site: CloudSite, anna: ClientSession) -> None:
    await ask(anna, "POST", "/v1/account/address-changes", {"email": NEW, "password": PASSWORD})
    path = f"/v1/address-changes/{site.tells.last('address_changes').token}"
    assert (await ask(site.browser(), "PUT", path))[0] == 200
    assert (await get(anna, "/v1/account"))[1]["email"] == NEW
    assert (await ask(site.browser(), "PUT", path))[0] == 410


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/account"),
        ("PATCH", "/v1/account"),
        ("POST", "/v1/account/confirmation"),
        ("PUT", "/v1/account/password"),
        ("POST", "/v1/account/address-changes"),
        ("GET", "/v1/account/second-factor"),
        ("POST", "/v1/account/second-factor"),
        ("PUT", "/v1/account/second-factor"),
        ("POST", "/v1/account/second-factor/removal"),
        ("POST", "/v1/account/recovery-codes"),
        ("GET", "/v1/account/closing"),
        ("POST", "/v1/account/closing"),
        ("GET", "/v1/sessions"),
        ("DELETE", "/v1/sessions"),
        ("DELETE", "/v1/sessions/0123456789abcdef"),
        ("GET", "/v1/shares"),
        ("GET", "/v1/invitations"),
    ],
)
async def test_without_a_session_nothing_is_said(site: CloudSite, method: str, path: str) -> None:
    status, problem = await ask(site.browser(), method, path, {})
    assert (status, problem["title"]) == (401, "Not signed in")


# ------------------------------------------------------------ sessions


async def test_sessions_are_listed_and_ended(site: CloudSite, anna: ClientSession) -> None:
    other = await site.signed_in(ANNA)
    _, listed = await get(anna, "/v1/sessions")
    (theirs,) = [one["id"] for one in listed["sessions"] if not one["current"]]
    assert (await ask(anna, "DELETE", f"/v1/sessions/{theirs}"))[0] == 204
    assert (await get(other, "/v1/account"))[0] == 401
    assert (await ask(anna, "DELETE", f"/v1/sessions/{theirs}"))[0] == 404


async def test_anothers_session_is_not_ended(site: CloudSite, anna: ClientSession) -> None:
    bert = await site.signed_in(BERT)
    (session,) = (await get(bert, "/v1/sessions"))[1]["sessions"]
    assert (await ask(anna, "DELETE", f"/v1/sessions/{session['id']}"))[0] == 404
    assert (await get(bert, "/v1/account"))[0] == 200


@pytest.mark.parametrize(("query", "here"), [("", 401), ("?others=true", 200)])
async def test_signing_out_everywhere(site: CloudSite, anna: ClientSession, query: str, here: int) -> None:
    other = await site.signed_in(ANNA)
    status, ended = await ask(anna, "DELETE", f"/v1/sessions{query}")
    assert (status, ended["sessions_ended"]) == (200, 2 if here == 401 else 1)
    assert [(await get(who, "/v1/account"))[0] for who in (anna, other)] == [here, 401]


# ------------------------------------------------------------ second factor


async def sign_in(site: CloudSite) -> dict[str, Any]:
    body = {"email": EMAIL, "password": PASSWORD}
    async with site.browser().post("/v1/sessions", json=body) as answer:
        assert answer.status == 202
        assert "Set-Cookie" not in answer.headers
        found: dict[str, Any] = await answer.json()
    return found


async def test_where_codes_are_asked_for_a_password_gives_a_challenge_and_no_session(
    site: CloudSite, anna: ClientSession, clock: FakeClock
) -> None:
    phone, codes = await with_codes(site, anna, clock)
    assert len(codes["recovery_codes"]) == 10
    body = {"challenge": (await sign_in(site))["challenge"], "code": phone.code()}
    async with site.browser().post("/v1/sessions/second-factor", json=body) as answer:
        assert answer.status == 201
        assert answer.headers["Set-Cookie"].startswith("__Host-backsight=")
    assert (await ask(site.browser(), "POST", "/v1/sessions/second-factor", body))[0] == 401
    again = {"challenge": (await sign_in(site))["challenge"], "code": body["code"]}
    assert (await ask(site.browser(), "POST", "/v1/sessions/second-factor", again))[0] == 401


async def test_a_recovery_code_is_good_once(site: CloudSite, anna: ClientSession, clock: FakeClock) -> None:
    _, codes = await with_codes(site, anna, clock)
    statuses = []
    for _ in range(2):
        body = {"challenge": (await sign_in(site))["challenge"], "code": codes["recovery_codes"][0]}
        statuses.append((await ask(site.browser(), "POST", "/v1/sessions/second-factor", body))[0])
    assert statuses == [201, 401]
    _, state = await get(anna, "/v1/account/second-factor")
    assert (state["on"], state["recovery_codes_left"]) == (True, 9)


async def test_it_is_taken_away_with_both(site: CloudSite, anna: ClientSession, clock: FakeClock) -> None:
    phone, _ = await with_codes(site, anna, clock)
    path = "/v1/account/second-factor/removal"
    status, problem = await ask(anna, "POST", path, {"password": PASSWORD, "code": "000000"})
    assert (status, problem["field"]) == (403, "code")
    assert (await ask(anna, "POST", path, {"password": PASSWORD, "code": phone.code()}))[0] == 204
    assert (await get(anna, "/v1/account"))[1]["second_factor"] is False


async def test_secrets_are_never_kept_by_a_browser(site: CloudSite, anna: ClientSession) -> None:
    await confirmed(site, anna)
    async with anna.post("/v1/account/second-factor", json={"password": PASSWORD}) as answer:
        assert answer.headers["Cache-Control"] == "no-store"


# ------------------------------------------------------------ closing


async def test_closing_is_announced_confirmed_and_done(
    site: CloudSite, anna: ClientSession, clock: FakeClock
) -> None:
    run = a_run(clock.now_ms() - 60_000)
    await site.store(run, segments_of(run))
    _, preview = await get(anna, "/v1/account/closing")
    assert (preview["closed"], [one["count"] for one in preview["cameras"]]) == (False, [3, 0])
    body = {"confirm": preview["confirm"], "password": "wrong"}
    assert (await ask(anna, "POST", "/v1/account/closing", body))[0] == 403
    status, done = await ask(anna, "POST", "/v1/account/closing", body | {"password": PASSWORD})
    assert (status, done["closed"], done["cameras"]) == (200, True, preview["cameras"])
    assert (await get(anna, "/v1/account"))[0] == 401
    body = {"email": EMAIL, "password": PASSWORD}
    assert (await ask(site.browser(), "POST", "/v1/sessions", body))[0] == 401


async def test_a_stale_preview_closes_nothing(anna: ClientSession, clock: FakeClock) -> None:
    _, preview = await get(anna, "/v1/account/closing")
    await clock.advance(15 * 60)
    body = {"confirm": preview["confirm"], "password": PASSWORD}
    status, problem = await ask(anna, "POST", "/v1/account/closing", body)
    assert (status, problem["field"]) == (409, "confirm")
