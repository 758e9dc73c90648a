"""Who may look at whose cameras, and who was invited to, in the database."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from backsight_cloud.adapters.database.tables import ACCOUNT, CAMERA
from backsight_cloud.adapters.database.tables_accounts import INVITATION, SHARE
from backsight_cloud.domain.people import Invitation, Share
from backsight_cloud.domain.records import Camera
from backsight_cloud.ports import AlreadyThere

_SHARES = len(SHARE.c)
_INVITATIONS = len(INVITATION.c)


class SqlShares:
    """Implements the port `Shares`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def invite(self, invitation: Invitation) -> None:
        same = (INVITATION.c.camera == invitation.camera, INVITATION.c.email == invitation.email)
        await self._connection.execute(delete(INVITATION).where(*same))
        await self._connection.execute(insert(INVITATION).values(asdict(invitation)))

    async def invitations_for(self, email: str, now_ms: int) -> Sequence[tuple[Invitation, Camera, str]]:
        wanted = (
            select(INVITATION, CAMERA, ACCOUNT.c.email.label("owner_email"))
            .join(CAMERA, CAMERA.c.id == INVITATION.c.camera)
            .join(ACCOUNT, ACCOUNT.c.id == CAMERA.c.account)
            .where(INVITATION.c.email == email, INVITATION.c.expires_ms > now_ms)
            .order_by(INVITATION.c.created_ms, INVITATION.c.id)
        )
        return [
            (Invitation(*row[:_INVITATIONS]), Camera(*row[_INVITATIONS:-1]), row[-1])
            for row in await self._connection.execute(wanted)
        ]

    async def invitations_of(self, owner: str, camera: str, now_ms: int) -> Sequence[Invitation]:
        wanted = (
            select(INVITATION)
            .join(CAMERA, CAMERA.c.id == INVITATION.c.camera)
            .where(CAMERA.c.account == owner, CAMERA.c.id == camera, INVITATION.c.expires_ms > now_ms)
            .order_by(INVITATION.c.created_ms, INVITATION.c.id)
        )
        return [Invitation(*row) for row in await self._connection.execute(wanted)]

    async def take_invitation(self, invitation_id: str, email: str, now_ms: int) -> Invitation | None:
        """One statement: of two that come at once, one has it."""
        this = (INVITATION.c.id == invitation_id, INVITATION.c.email == email)
        take = delete(INVITATION).where(*this, INVITATION.c.expires_ms > now_ms).returning(*INVITATION.c)
        return next((Invitation(*row) for row in await self._connection.execute(take)), None)

    async def take_back(self, owner: str, camera: str, invitation_id: str) -> bool:
        theirs = select(CAMERA.c.id).where(CAMERA.c.account == owner, CAMERA.c.id == camera)
        this = (INVITATION.c.id == invitation_id, INVITATION.c.camera.in_(theirs))
        return (await self._connection.execute(delete(INVITATION).where(*this))).rowcount > 0

    async def add(self, share: Share) -> None:
        try:
            await self._connection.execute(insert(SHARE).values(asdict(share)))
        except AlreadyThere as error:
            raise AlreadyThere("this camera is shared with you already") from error

    async def with_viewer(self, viewer: str) -> Sequence[tuple[Share, Camera, str]]:
        wanted = (
            select(SHARE, CAMERA, ACCOUNT.c.email.label("owner_email"))
            .join(CAMERA, CAMERA.c.id == SHARE.c.camera)
            .join(ACCOUNT, ACCOUNT.c.id == CAMERA.c.account)
            .where(SHARE.c.viewer == viewer)
            .order_by(SHARE.c.since_ms, SHARE.c.id)
        )
        return [
            (Share(*row[:_SHARES]), Camera(*row[_SHARES:-1]), row[-1])
            for row in await self._connection.execute(wanted)
        ]

    async def of_camera(self, owner: str, camera: str) -> Sequence[tuple[Share, str]]:
        wanted = (
            select(SHARE, ACCOUNT.c.email)
            .join(CAMERA, CAMERA.c.id == SHARE.c.camera)
            .join(ACCOUNT, ACCOUNT.c.id == SHARE.c.viewer)
            .where(CAMERA.c.account == owner, CAMERA.c.id == camera)
            .order_by(SHARE.c.since_ms, SHARE.c.id)
        )
        return [(Share(*row[:-1]), row[-1]) for row in await self._connection.execute(wanted)]

    async def end(self, account: str, share_id: str) -> Share | None:
        shared_by = select(CAMERA.c.id).where(CAMERA.c.account == account)
        theirs = or_(SHARE.c.viewer == account, SHARE.c.camera.in_(shared_by))
        end = delete(SHARE).where(SHARE.c.id == share_id, theirs).returning(*SHARE.c)
        return next((Share(*row) for row in await self._connection.execute(end)), None)

    async def end_all_of(self, account: str) -> Sequence[tuple[Share, Camera]]:
        shared_by = select(CAMERA.c.id).where(CAMERA.c.account == account)
        theirs = or_(SHARE.c.viewer == account, SHARE.c.camera.in_(shared_by))
        wanted = select(SHARE, CAMERA).join(CAMERA, CAMERA.c.id == SHARE.c.camera).where(theirs)
        rows = (await self._connection.execute(wanted.order_by(SHARE.c.since_ms, SHARE.c.id))).all()
        email = select(ACCOUNT.c.email).where(ACCOUNT.c.id == account)
        invited = or_(INVITATION.c.camera.in_(shared_by), INVITATION.c.email.in_(email))
        await self._connection.execute(delete(INVITATION).where(invited))
        await self._connection.execute(delete(SHARE).where(theirs))
        return [(Share(*row[:_SHARES]), Camera(*row[_SHARES:])) for row in rows]

    async def drop_invitations_before(self, now_ms: int) -> None:
        await self._connection.execute(delete(INVITATION).where(INVITATION.c.expires_ms <= now_ms))
