"""An owner lets another account look at a camera: asked by e-mail address, accepted, and ended by either.

What a viewer may see is decided in the queries themselves (`Cameras.viewed`, `Footage`): here it only begins
and ends. An invitation is good for whoever has shown that the address is theirs; the mail holds no secret.
"""

import secrets
from collections.abc import Sequence

from backsight_cloud.account_ports import Tells
from backsight_cloud.domain.credentials import BadAccount, plain_email
from backsight_cloud.domain.limits import Limit
from backsight_cloud.domain.people import Invitation, Role, Share
from backsight_cloud.domain.records import Account, Camera
from backsight_cloud.ports import Database, Transaction
from backsight_cloud.services.limits import Limiter
from backsight_cloud.services.links import Links
from backsight_cloud.services.playback import owned
from backsight_shared.clock import Clock
from backsight_shared.errors import NeedsAttention

INVITATION_LIFE_MS = 14 * 24 * 3_600_000
MOST_VIEWERS = 20  # of one camera, with those that are invited

_BY_ACCOUNT = Limit(burst=20, seconds=600.0)  # invitations of one owner: each is a mail to somebody else


class NoSuchShare(NeedsAttention):
    """There is no such share or invitation, or no longer, or it is none of theirs."""


class TooManyViewers(NeedsAttention):
    """So many people cannot look at one camera."""


class CannotAccept(NeedsAttention):
    """This account cannot look at others' cameras: the text says why."""


class Sharing:
    """For owners, and for those whom they invite."""

    def __init__(self, database: Database, tells: Tells, links: Links, clock: Clock) -> None:
        self._database = database
        self._tells = tells
        self._links = links
        self._clock = clock
        self._by_account = Limiter(_BY_ACCOUNT, clock)

    async def invite(self, account: Account, camera_id: str, email: str) -> Invitation:
        """Whether anyone has this address is not answered.

        Raises UnknownCamera, BadAccount, TooManyViewers or TooManyTries.
        """
        email, now_ms = plain_email(email), self._clock.now_ms()
        if email == account.email:
            raise BadAccount("this is your own e-mail address: you see the camera already", "email")
        self._by_account.take(account.id)
        expires_ms = now_ms + INVITATION_LIFE_MS
        invitation = Invitation(secrets.token_hex(8), camera_id, email, now_ms, expires_ms)
        async with self._database.begin() as tx:
            camera = await owned(tx, account.id, camera_id)
            await self._refuse_too_many(tx, account, camera, email)
            await tx.shares.invite(invitation)
            facts = {"link": self._links.invitations, "camera": camera.name, "by": account.email}
            key = f"share_invited:{invitation.id}"
            await self._tells.tell(tx, "share_invited", account, key, facts, to=email)
        return invitation

    async def of_camera(
        self, account: Account, camera_id: str
    ) -> tuple[Sequence[tuple[Share, str]], Sequence[Invitation]]:
        """Who looks at it, and who was asked to. Raises UnknownCamera, also for who only looks."""
        async with self._database.read() as tx:
            await owned(tx, account.id, camera_id)
            shares = await tx.shares.of_camera(account.id, camera_id)
            invitations = await tx.shares.invitations_of(account.id, camera_id, self._clock.now_ms())
        return shares, invitations

    async def take_back(self, account: Account, camera_id: str, invitation_id: str) -> None:
        """Raises UnknownCamera or NoSuchShare."""
        async with self._database.begin() as tx:
            await owned(tx, account.id, camera_id)
            if not await tx.shares.take_back(account.id, camera_id, invitation_id):
                raise NoSuchShare("there is no such invitation (any more)")

    async def seen_by(self, account: Account) -> Sequence[tuple[Share, Camera, str]]:
        """What others let this account see, with their e-mail addresses."""
        async with self._database.read() as tx:
            return await tx.shares.with_viewer(account.id)

    async def end(self, account: Account, share_id: str) -> None:
        """By the owner or the viewer: nothing is answered to the viewer from here on. Raises NoSuchShare."""
        async with self._database.begin() as tx:
            share = await tx.shares.end(account.id, share_id)
            if share is None:
                raise NoSuchShare("there is no such share (any more)")
            camera = await tx.cameras.camera(share.camera)
            if camera is not None:
                await tell_ended(tx, self._tells, share, camera, by=account.id)

    async def invitations(self, account: Account) -> Sequence[tuple[Invitation, Camera, str]]:
        """For this account; none before its address is confirmed."""
        if account.confirmed_ms is None:
            return []
        async with self._database.read() as tx:
            return await tx.shares.invitations_for(account.email, self._clock.now_ms())

    async def accept(self, account: Account, invitation_id: str) -> Share:
        """Raises CannotAccept or NoSuchShare."""
        email, now_ms = _able(account), self._clock.now_ms()
        async with self._database.begin() as tx:
            invitation = await tx.shares.take_invitation(invitation_id, email, now_ms)
            if invitation is None:
                raise NoSuchShare("there is no such invitation (any more)")
            seen = {share.camera: share for share, _, _ in await tx.shares.with_viewer(account.id)}
            if invitation.camera in seen:  # invited once more while they look already
                return seen[invitation.camera]
            share = Share(secrets.token_hex(8), invitation.camera, account.id, now_ms)
            await tx.shares.add(share)
        return share

    async def decline(self, account: Account, invitation_id: str) -> None:
        """Raises CannotAccept or NoSuchShare."""
        email = _able(account)
        async with self._database.begin() as tx:
            if await tx.shares.take_invitation(invitation_id, email, self._clock.now_ms()) is None:
                raise NoSuchShare("there is no such invitation (any more)")

    async def _refuse_too_many(self, tx: Transaction, account: Account, camera: Camera, email: str) -> None:
        shares = await tx.shares.of_camera(account.id, camera.id)
        invitations = await tx.shares.invitations_of(account.id, camera.id, self._clock.now_ms())
        if any(viewer == email for _, viewer in shares):
            raise BadAccount(f"{email} sees this camera already", "email")
        if len(shares) + sum(one.email != email for one in invitations) >= MOST_VIEWERS:
            raise TooManyViewers(
                f"{MOST_VIEWERS} people see this camera or are invited to: end one of those first"
            )


async def tell_ended(tx: Transaction, tells: Tells, share: Share, camera: Camera, by: str = "") -> None:
    """To the viewer; to the owner, when it was the viewer who ended it."""
    other = await tx.people.account(camera.account if by == share.viewer else share.viewer)
    if other is not None:
        facts = {"camera": camera.name}
        await tells.tell(tx, "share_ended", other, f"share_ended:{share.id}", facts)


def _able(account: Account) -> str:
    """The address for which this account may answer. Raises CannotAccept."""
    if account.role is not Role.OWNER:
        raise CannotAccept("an operator's account sees no video: use another account")
    if account.confirmed_ms is None:
        raise CannotAccept("confirm your e-mail address first, with the link that was mailed to you")
    return account.email
