"""Sharing a camera: its owner invites and ends, the other accepts, declines and leaves."""

from aiohttp import web

from backsight_cloud.domain.people import Invitation
from backsight_cloud.web import account_kinds as kinds
from backsight_cloud.web.access import account_of
from backsight_cloud.web.account_kinds import account_problems
from backsight_cloud.web.account_models import answer, done
from backsight_cloud.web.described import Who, asked_body, asked_path, described
from backsight_cloud.web.keys import PEOPLE
from backsight_cloud.web.problem_kinds import CANNOT_BE_DONE, NO_SUCH_CAMERA, TOO_MANY_TRIES
from backsight_cloud.web.sharing_models import (
    Accepted,
    CameraInvitation,
    HeldShare,
    HeldShares,
    InvitationNamed,
    Invite,
    Invited,
    SharedCamera,
    ShareNamed,
    ShownInvitation,
    ShownInvitations,
    Viewer,
    Viewers,
)

_TAGS = ("sharing",)


def routes() -> list[web.RouteDef]:
    """For owners below their camera, for viewers below `/v1/shares` and `/v1/invitations`."""
    return [
        web.get("/v1/cameras/{camera}/shares", _of_camera),
        web.post("/v1/cameras/{camera}/shares", _invite),
        web.delete("/v1/cameras/{camera}/invitations/{invitation}", _take_back),
        web.get("/v1/shares", _mine),
        web.delete("/v1/shares/{share}", _end),
        web.get("/v1/invitations", _invitations),
        web.post("/v1/invitations/{invitation}/acceptance", _accept),
        web.delete("/v1/invitations/{invitation}", _decline),
    ]


@described(
    "Show who looks at a camera",
    who=Who.OWNER,
    tags=_TAGS,
    path=SharedCamera,
    answers={200: Viewers},
    problems=(NO_SUCH_CAMERA,),
)
async def _of_camera(request: web.Request) -> web.Response:
    account, camera = await account_of(request), asked_path(request, SharedCamera).camera
    with account_problems():
        shares, invitations = await request.app[PEOPLE].sharing.of_camera(account, camera)
    viewers = [Viewer(id=share.id, email=email, since_ms=share.since_ms) for share, email in shares]
    return answer(Viewers(shares=viewers, invitations=[_invited(one) for one in invitations]))


@described(
    "Invite somebody to look at a camera",
    who=Who.OWNER,
    tags=_TAGS,
    path=SharedCamera,
    body=Invite,
    answers={201: Invited},
    problems=(NO_SUCH_CAMERA, CANNOT_BE_DONE, kinds.TOO_MANY_VIEWERS, TOO_MANY_TRIES),
)
async def _invite(request: web.Request) -> web.Response:
    """The same answer whether or not the address has an account."""
    account, camera = await account_of(request), asked_path(request, SharedCamera).camera
    with account_problems():
        made = await request.app[PEOPLE].sharing.invite(account, camera, asked_body(request, Invite).email)
    return answer(_invited(made), 201)


@described(
    "Take an invitation back",
    who=Who.OWNER,
    tags=_TAGS,
    path=CameraInvitation,
    answers={204: None},
    problems=(NO_SUCH_CAMERA, kinds.NO_SUCH_SHARE),
)
async def _take_back(request: web.Request) -> web.Response:
    account, named = await account_of(request), asked_path(request, CameraInvitation)
    with account_problems():
        await request.app[PEOPLE].sharing.take_back(account, named.camera, named.invitation)
    return done()


@described("List what others let me see", who=Who.OWNER, tags=_TAGS, answers={200: HeldShares})
async def _mine(request: web.Request) -> web.Response:
    held = await request.app[PEOPLE].sharing.seen_by(await account_of(request))
    shares = [
        HeldShare(id=share.id, camera=camera.id, name=camera.name, owner=owner, since_ms=share.since_ms)
        for share, camera, owner in held
    ]
    return answer(HeldShares(shares=shares))


@described(
    "End a share",
    who=Who.OWNER,
    tags=_TAGS,
    path=ShareNamed,
    answers={204: None},
    problems=(kinds.NO_SUCH_SHARE,),
)
async def _end(request: web.Request) -> web.Response:
    """By the camera's owner, or by the viewer: nothing is answered to the viewer from here on."""
    account = await account_of(request)
    with account_problems():
        await request.app[PEOPLE].sharing.end(account, asked_path(request, ShareNamed).share)
    return done()


@described("List the invitations for me", who=Who.OWNER, tags=_TAGS, answers={200: ShownInvitations})
async def _invitations(request: web.Request) -> web.Response:
    """For the account's e-mail address, once that is confirmed."""
    found = await request.app[PEOPLE].sharing.invitations(await account_of(request))
    shown = [
        ShownInvitation(id=one.id, name=camera.name, owner=owner, expires_ms=one.expires_ms)
        for one, camera, owner in found
    ]
    return answer(ShownInvitations(invitations=shown))


@described(
    "Accept an invitation",
    who=Who.OWNER,
    tags=_TAGS,
    path=InvitationNamed,
    answers={201: Accepted},
    problems=(kinds.CANNOT_ACCEPT, kinds.NO_SUCH_SHARE),
)
async def _accept(request: web.Request) -> web.Response:
    account, named = await account_of(request), asked_path(request, InvitationNamed)
    with account_problems():
        share = await request.app[PEOPLE].sharing.accept(account, named.invitation)
    return answer(Accepted(id=share.id, camera=share.camera, since_ms=share.since_ms), 201)


@described(
    "Decline an invitation",
    who=Who.OWNER,
    tags=_TAGS,
    path=InvitationNamed,
    answers={204: None},
    problems=(kinds.CANNOT_ACCEPT, kinds.NO_SUCH_SHARE),
)
async def _decline(request: web.Request) -> web.Response:
    account, named = await account_of(request), asked_path(request, InvitationNamed)
    with account_problems():
        await request.app[PEOPLE].sharing.decline(account, named.invitation)
    return done()


def _invited(one: Invitation) -> Invited:
    return Invited(id=one.id, email=one.email, created_ms=one.created_ms, expires_ms=one.expires_ms)
