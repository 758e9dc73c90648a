"""What the links in mails lead to that need no sign-in: wanting no more mail of a kind."""

from aiohttp import web

from backsight_cloud.domain.unsubscribing import Unsubscribing
from backsight_cloud.web.keys import CLOCK, DATABASE
from backsight_cloud.web.rendering import page

PATH = "/mail/unsubscribe/"
UNSUBSCRIBING: web.AppKey[Unsubscribing] = web.AppKey("unsubscribing")

WORDS = {
    "camera_added": "when a camera was added to your account",
    "share_ended": "when a camera is no longer shared",
}


def routes() -> list[web.RouteDef]:
    return [
        web.get(f"{PATH}{{token}}", ask, allow_head=False),
        web.post(f"{PATH}{{token}}", unsubscribe),
    ]


async def ask(request: web.Request) -> web.Response:
    """Opening the link changes nothing: mail programs look at links, too."""
    read = request.app[UNSUBSCRIBING].read(request.match_info["token"])
    if read is None:
        return _unknown()
    return page("unsubscribe.html", zone="UTC", what=_words(read[1]), is_done=False)


async def unsubscribe(request: web.Request) -> web.Response:
    """From the page, or a mail program's own button (RFC 8058). The token is proof enough."""
    read = request.app[UNSUBSCRIBING].read(request.match_info["token"])
    if read is None:
        return _unknown()
    account, kind = read
    async with request.app[DATABASE].begin() as tx:
        if await tx.people.account(account) is None:
            return _unknown()
        await tx.outbox.unsubscribe(account, kind, request.app[CLOCK].now_ms())
    return page("unsubscribe.html", zone="UTC", what=_words(kind), is_done=True)


def _words(kind: str) -> str:
    return WORDS.get(kind, "of this kind")


def _unknown() -> web.Response:
    headline, detail = "This link does not work", "Perhaps a part is missing: copy all of it out of the mail."
    return page("stopped.html", status=404, zone="UTC", headline=headline, detail=detail)
