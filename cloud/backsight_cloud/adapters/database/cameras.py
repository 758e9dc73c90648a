"""Cameras and their window steps in the database."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Row, case, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from backsight_cloud.adapters.database.statements import batches
from backsight_cloud.adapters.database.tables import CAMERA, ERASED_SPAN, UNBOUND, WINDOW_STEP
from backsight_cloud.adapters.database.tables_accounts import INVITATION, SHARE
from backsight_cloud.adapters.database.viewing import viewed_by
from backsight_cloud.domain.records import Camera, Unbound
from backsight_shared.window import WindowStep

_CHANGEABLE = ("hub", "name", "model", "hardware", "firmware", "plan", "upload")


class SqlCameras:
    """Implements the port `Cameras`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def bind(self, camera: Camera, steps: Sequence[WindowStep]) -> None:
        await self._connection.execute(delete(UNBOUND).where(UNBOUND.c.camera == camera.id))
        await self._connection.execute(insert(CAMERA).values(asdict(camera)))
        await self._add_steps(camera.id, steps)

    async def unbind(self, camera: Camera, now_ms: int) -> None:
        for table in (WINDOW_STEP, ERASED_SPAN, SHARE, INVITATION):
            await self._connection.execute(delete(table).where(table.c.camera == camera.id))
        await self._connection.execute(delete(CAMERA).where(CAMERA.c.id == camera.id))
        left = {"camera": camera.id, "account": camera.account, "at_ms": now_ms}
        await self._connection.execute(insert(UNBOUND).values(left))

    async def unbound(self, camera_id: str) -> Unbound | None:
        rows = await self._connection.execute(select(UNBOUND).where(UNBOUND.c.camera == camera_id))
        return next((Unbound(*row) for row in rows), None)

    async def update(self, camera: Camera) -> None:
        changes = {name: getattr(camera, name) for name in _CHANGEABLE}
        await self._connection.execute(update(CAMERA).where(CAMERA.c.id == camera.id).values(changes))

    async def camera(self, camera_id: str) -> Camera | None:
        return next(iter(await self._select(CAMERA.c.id == camera_id)), None)

    async def owned(self, account: str, camera_id: str) -> Camera | None:
        owned = (CAMERA.c.id == camera_id, CAMERA.c.account == account)
        return next(iter(await self._select(*owned)), None)

    async def viewed(self, viewer: str, camera_id: str) -> Camera | None:
        return next(iter(await self._select(CAMERA.c.id == camera_id, viewed_by(viewer))), None)

    async def all_viewed(self, viewer: str) -> Sequence[Camera]:
        since = select(SHARE.c.since_ms).where(SHARE.c.camera == CAMERA.c.id, SHARE.c.viewer == viewer)
        shared_ms = case((CAMERA.c.account == viewer, -1), else_=since.scalar_subquery())
        wanted = select(CAMERA).where(viewed_by(viewer)).order_by(shared_ms, CAMERA.c.bound_ms, CAMERA.c.id)
        return [Camera(*row) for row in await self._connection.execute(wanted)]

    async def of_account(self, account: str) -> Sequence[Camera]:
        return await self._select(CAMERA.c.account == account)

    async def of_hub(self, hub_id: str) -> Sequence[Camera]:
        return await self._select(CAMERA.c.hub == hub_id)

    async def of_hubs(self, hub_ids: Sequence[str]) -> Sequence[Camera]:
        found = [await self._select(CAMERA.c.hub.in_(some)) for some in batches(hub_ids)]
        return [camera for cameras in found for camera in cameras]

    async def all_cameras(self) -> Sequence[Camera]:
        return await self._select()

    async def steps(self, camera_id: str) -> tuple[WindowStep, ...]:
        wanted = select(WINDOW_STEP).where(WINDOW_STEP.c.camera == camera_id)
        return _steps(await self._connection.execute(wanted.order_by(WINDOW_STEP.c.from_ms)))

    async def steps_of(self, camera_ids: Sequence[str]) -> dict[str, tuple[WindowStep, ...]]:
        found: dict[str, tuple[WindowStep, ...]] = {}
        for some in batches(camera_ids):
            found |= await self._select_steps(WINDOW_STEP.c.camera.in_(some))
        return found

    async def all_steps(self) -> dict[str, tuple[WindowStep, ...]]:
        return await self._select_steps()

    async def replace_steps(self, camera_id: str, steps: Sequence[WindowStep]) -> None:
        await self._connection.execute(delete(WINDOW_STEP).where(WINDOW_STEP.c.camera == camera_id))
        await self._add_steps(camera_id, steps)

    async def _add_steps(self, camera_id: str, steps: Sequence[WindowStep]) -> None:
        rows = [{"camera": camera_id, **asdict(step)} for step in steps]
        if rows:
            await self._connection.execute(insert(WINDOW_STEP), rows)

    async def _select_steps(self, *where: ColumnElement[bool]) -> dict[str, tuple[WindowStep, ...]]:
        wanted = select(WINDOW_STEP).where(*where).order_by(WINDOW_STEP.c.camera, WINDOW_STEP.c.from_ms)
        rows = await self._connection.execute(wanted)
        return {camera: _steps(group) for camera, group in groupby(rows, key=lambda row: row.camera)}

    async def _select(self, *where: ColumnElement[bool]) -> list[Camera]:
        wanted = select(CAMERA).where(*where).order_by(CAMERA.c.bound_ms, CAMERA.c.id)
        return [Camera(*row) for row in await self._connection.execute(wanted)]


def _steps(rows: Iterable[Row[Any]]) -> tuple[WindowStep, ...]:
    return tuple(WindowStep(row.from_ms, row.window_ms) for row in rows)
