"""Finds the horizon of a camera at a moment, from its window steps and how far it was acted upon."""

from backsight_cloud.domain.records import Camera
from backsight_cloud.ports import Transaction
from backsight_shared.window import horizon


async def horizon_of(tx: Transaction, camera: Camera, now_ms: int) -> int | None:
    """The moment before which nothing of the camera exists; None while nothing limits its history."""
    return horizon(await tx.cameras.steps(camera.id), camera.reached_ms, now_ms)
