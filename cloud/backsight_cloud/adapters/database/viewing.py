"""Who may look at a camera, as a part of every query for its footage: never as a check before it."""

from sqlalchemy import ColumnElement, and_, exists, or_, select

from backsight_cloud.adapters.database.tables import ACCOUNT, CAMERA
from backsight_cloud.adapters.database.tables_accounts import SHARE
from backsight_cloud.domain.people import Role


def viewed_by(viewer: str) -> ColumnElement[bool]:
    """Of a row of `camera`: it is the viewer's, or shared with them; and they are no operator."""
    shared = exists().where(SHARE.c.camera == CAMERA.c.id, SHARE.c.viewer == viewer)
    may_look = exists().where(ACCOUNT.c.id == viewer, ACCOUNT.c.role == Role.OWNER.value)
    return and_(or_(CAMERA.c.account == viewer, shared.correlate(CAMERA)), may_look)


def owner_seen_by(viewer: str, camera: str) -> ColumnElement[str]:
    """The account whose footage of this camera the viewer may see; nobody's for everyone else."""
    owner = select(CAMERA.c.account).where(CAMERA.c.id == camera, viewed_by(viewer))
    return owner.scalar_subquery()
