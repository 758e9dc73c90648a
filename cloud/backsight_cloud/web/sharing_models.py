"""What sharing a camera is asked with, and what it answers."""

from typing import Annotated

from pydantic import Field

from backsight_cloud.web.account_models import Email, Identity
from backsight_cloud.web.checking import Asked, Shown

CameraId = Annotated[str, Field(pattern="^[0-9a-f]{12}$", description="its MAC: 12 hex digits")]


class SharedCamera(Asked):
    camera: CameraId


class CameraInvitation(Asked):
    camera: CameraId
    invitation: Identity


class ShareNamed(Asked):
    share: Identity


class InvitationNamed(Asked):
    invitation: Identity


class Invite(Asked):
    email: Email


class Viewer(Shown):
    id: str
    email: str
    since_ms: int


class Invited(Shown):
    id: str
    email: str
    created_ms: int
    expires_ms: int


class Viewers(Shown):
    shares: list[Viewer]
    invitations: list[Invited]


class HeldShare(Shown):
    id: str
    camera: str
    name: str
    owner: Annotated[str, Field(description="e-mail address")]
    since_ms: int


class HeldShares(Shown):
    shares: list[HeldShare]


class ShownInvitation(Shown):
    """The camera's identity is told with the share, not before."""

    id: str
    name: str
    owner: Annotated[str, Field(description="e-mail address")]
    expires_ms: int


class ShownInvitations(Shown):
    invitations: list[ShownInvitation]


class Accepted(Shown):
    id: str
    camera: str
    since_ms: int
