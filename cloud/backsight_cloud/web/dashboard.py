"""The owner's pages: signing in, cameras, the history of one, hubs, the account."""

from aiohttp import web

from backsight_cloud.domain.codes import CODE_LIFE_MS
from backsight_cloud.domain.records import Account, Hub
from backsight_cloud.services.accounts import (
    SESSION_LIFE_MS,
    AddressNotConfirmed,
    SecondFactorNeeded,
    SecondStepOver,
    SignInRefused,
)
from backsight_cloud.services.limits import TooManyTries
from backsight_cloud.web import keys
from backsight_cloud.web.access import (
    address_of,
    clear_session,
    csrf_token,
    session_secret,
    set_session,
)
from backsight_cloud.web.leaving import LEFT_LINES, form_around, left_lines
from backsight_cloud.web.owners import for_owner, no_such_camera, owners_page, see_other
from backsight_cloud.web.rendering import page, static_file
from backsight_cloud.web.session_api import browser_of
from backsight_cloud.web.views import CameraCard, camera_card, cameras_summary, hub_line, plan_line
from backsight_cloud.web.wording import moment

_FALLBACK_ZONE = "UTC"  # of the sign-in page, which knows nobody yet


def routes() -> list[web.RouteDef]:
    """All pages and their files."""
    return [
        web.get("/login", show_login),
        web.post("/login", sign_in),
        web.post("/login/code", second_step),
        web.post("/logout", sign_out),
        web.get("/", for_owner(show_cameras)),
        web.get("/history", for_owner(show_first_history)),
        web.get("/cameras/{camera}", for_owner(show_history)),
        web.get("/hubs", for_owner(show_hubs)),
        web.get("/hubs/codes", for_owner(leave_code)),
        web.post("/hubs/codes", for_owner(make_code)),
        web.get("/me", for_owner(show_me)),
        web.get("/static/{name:.+}", static_file),
    ]


async def show_login(request: web.Request) -> web.StreamResponse:
    return _login_page(request, next_page=safe_next(request.query.get("next", "/")))


async def sign_in(request: web.Request) -> web.StreamResponse:
    """Check the form; a refusal shows it again, without the password."""
    form = await request.post()
    email, password, wanted = (str(form.get(name, "")) for name in ("email", "password", "next"))
    wanted = safe_next(wanted)
    try:
        secret, _ = await request.app[keys.ACCOUNTS].sign_in(
            email, password, address_of(request), browser_of(request)
        )
    except SecondFactorNeeded as needed:
        return _code_page(request, wanted, needed.challenge)
    except AddressNotConfirmed as error:
        return _login_page(request, wanted, email, f"{str(error).capitalize()}.", status=403)
    except SignInRefused:
        return _login_page(request, wanted, email, "E-mail address or password is wrong.", status=401)
    except TooManyTries as error:
        text = f"Too many tries. Wait {error.wait_s} seconds, then try again."
        return _login_page(request, wanted, email, text, status=429)
    return _enter(wanted, secret)


async def second_step(request: web.Request) -> web.StreamResponse:
    """The code beside the password. A wrong one may be tried again, while the challenge lasts."""
    form = await request.post()
    challenge, code, wanted = (str(form.get(name, "")) for name in ("challenge", "code", "next"))
    wanted = safe_next(wanted)
    try:
        secret, _ = await request.app[keys.ACCOUNTS].second_step(
            challenge, code, address_of(request), browser_of(request)
        )
    except SecondStepOver:
        return _login_page(request, wanted, problem="That took too long. Sign in again.", status=401)
    except SignInRefused:
        return _code_page(request, wanted, challenge, "The code is wrong, or was used already.", status=401)
    except TooManyTries as error:
        text = f"Too many tries. Wait {error.wait_s} seconds, then try again."
        return _code_page(request, wanted, challenge, text, status=429)
    return _enter(wanted, secret)


async def sign_out(request: web.Request) -> web.StreamResponse:
    if secret := session_secret(request):
        await request.app[keys.ACCOUNTS].sign_out(secret)
    response = see_other("/login")
    clear_session(response)
    return response


async def show_cameras(request: web.Request, account: Account) -> web.StreamResponse:
    cards = await _cards(request, account)
    hubs = await _hubs(request, account)
    summary = cameras_summary(cards)
    return owners_page(
        request, account, "cameras.html", here="cameras", cards=cards, hubs=hubs, summary=summary
    )


async def show_first_history(request: web.Request, account: Account) -> web.StreamResponse:
    """The history of the first camera; who has none is shown how to begin."""
    views = await request.app[keys.PLAYBACK].cameras(account.id)
    return see_other(f"/cameras/{views[0].camera.id}" if views else "/")


async def show_history(request: web.Request, account: Account) -> web.StreamResponse:
    cards = await _cards(request, account)
    shown = next((card for card in cards if card.id == request.match_info["camera"]), None)
    if shown is None:
        return no_such_camera(request, account)
    now_ms = request.app[keys.CLOCK].now_ms()
    shared = shown.shared
    erasures = () if shared else await request.app[keys.PLAYBACK].erasures(account.id, shown.id, LEFT_LINES)
    return owners_page(
        request,
        account,
        "history.html",
        here="history",
        card=shown,
        others=cards,
        left=left_lines(erasures, now_ms, account.zone),
        form=form_around(now_ms, account.zone),
    )


async def show_hubs(request: web.Request, account: Account) -> web.StreamResponse:
    return await _hubs_page(request, account)


async def make_code(request: web.Request, account: Account) -> web.StreamResponse:
    """A new code, shown in the answer itself: it is kept nowhere in clear."""
    now_ms = request.app[keys.CLOCK].now_ms()
    code = await request.app[keys.PAIRING].make_code(account.id)
    return await _hubs_page(
        request,
        account,
        code=code,
        code_until=moment(now_ms + CODE_LIFE_MS, account.zone, now_ms),
        command=f"backsight-agent pair {request.app[keys.HUB_ADDRESS]} {code} --ca ca.crt",
    )


async def leave_code(_request: web.Request, _account: Account) -> web.StreamResponse:
    """A code's page that is loaded again: the code was shown once."""
    return see_other("/hubs")


async def show_me(request: web.Request, account: Account) -> web.StreamResponse:
    now_ms = request.app[keys.CLOCK].now_ms()
    views = await request.app[keys.PLAYBACK].cameras(account.id)
    lines = [plan_line(view, now_ms, account.zone) for view in views if not view.shared]
    return owners_page(request, account, "me.html", here="me", email=account.email, lines=lines)


def safe_next(wanted: str) -> str:
    """The page to go to after signing in: one of ours, or the first."""
    ours = (
        wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted and wanted.isprintable()
    )
    return wanted if ours and wanted.partition("?")[0] not in {"/login", "/login/code", "/logout"} else "/"


async def _cards(request: web.Request, account: Account) -> list[CameraCard]:
    now_ms = request.app[keys.CLOCK].now_ms()
    views = await request.app[keys.PLAYBACK].cameras(account.id)
    return [camera_card(view, now_ms, account.zone) for view in views]


async def _hubs(request: web.Request, account: Account) -> list[Hub]:
    async with request.app[keys.DATABASE].read() as view:
        return [hub for hub in await view.hubs.hubs(account.id) if hub.unpaired_ms is None]


async def _hubs_page(
    request: web.Request, account: Account, *, code: str = "", code_until: str = "", command: str = ""
) -> web.Response:
    now_ms = request.app[keys.CLOCK].now_ms()
    cameras = [view.camera for view in await request.app[keys.PLAYBACK].cameras(account.id)]
    lines = [hub_line(hub, cameras, now_ms, account.zone) for hub in await _hubs(request, account)]
    return owners_page(
        request,
        account,
        "hubs.html",
        here="hubs",
        hubs=lines,
        code=code,
        code_until=code_until,
        command=command,
    )


def _enter(wanted: str, secret: str) -> web.Response:
    response = see_other(wanted)
    set_session(response, secret, SESSION_LIFE_MS // 1000)
    return response


def _code_page(
    request: web.Request, next_page: str, challenge: str, problem: str = "", *, status: int = 200
) -> web.Response:
    return page(
        "login_code.html",
        status=status,
        next=next_page,
        challenge=challenge,
        problem=problem,
        csrf=csrf_token(request),
        zone=_FALLBACK_ZONE,
    )


def _login_page(
    request: web.Request, next_page: str, email: str = "", problem: str = "", *, status: int = 200
) -> web.Response:
    return page(
        "login.html",
        status=status,
        next=next_page,
        email=email,
        problem=problem,
        csrf=csrf_token(request),
        zone=_FALLBACK_ZONE,
    )
