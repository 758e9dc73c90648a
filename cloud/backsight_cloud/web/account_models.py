"""What accounts, sessions and second factors are asked with, and what they answer."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, Field

from backsight_cloud.domain.credentials import LONGEST_EMAIL, LONGEST_PASSWORD
from backsight_cloud.domain.people import Role
from backsight_cloud.web.checking import Asked, AskedLoosely, Shown

# Longer ones than can be are refused before anything is spent on them; the rules are the service's.
Email = Annotated[str, Field(max_length=LONGEST_EMAIL, description="an e-mail address, in any case")]
Password = Annotated[str, Field(max_length=LONGEST_PASSWORD, repr=False)]
Code = Annotated[str, Field(max_length=64, repr=False, description="a one-time code, or a recovery code")]
Secret = Annotated[str, Field(max_length=128, pattern="^[A-Za-z0-9_-]+$", repr=False)]
Identity = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
Confirm = Annotated[str, Field(max_length=16384, description="what the preview gave")]


class SignIn(AskedLoosely):
    email: Email
    password: Password


class SecondStep(Asked):
    challenge: Secret
    code: Code


class SignUp(Asked):
    email: Email
    password: Password
    zone: Annotated[str, Field(max_length=64, description="IANA name, like America/New_York")] | None = None


class Opened(Asked):
    token: Annotated[Secret, Field(description="what the link in the mail ends with")]


class TokenNamed(Asked):
    token: Annotated[Secret, Field(description="what the link in the mail ends with")]


class SessionNamed(Asked):
    session: Identity


class Which(AskedLoosely):
    others: Annotated[bool, Field(description="true: this session goes on")] = False


class AccountChange(Asked):
    zone: Annotated[str, Field(max_length=64)]


class PasswordChange(Asked):
    password: Annotated[Password, Field(description="as it is")]
    new_password: Password


class AddressChange(Asked):
    email: Email
    password: Password


class Forgotten(Asked):
    email: Email


class NewPassword(Asked):
    password: Password


class OnlyPassword(Asked):
    password: Password


class OnlyCode(Asked):
    code: Code


class BothFactors(Asked):
    password: Password
    code: Code


class Close(Asked):
    confirm: Confirm
    password: Password


class Mailed(Shown):
    """The same for an address that has an account and for one that has none."""

    detail: str = "a mail is on its way to this address: it says how to go on"


class SignedIn(Shown):
    account: str
    email: str
    zone: str
    role: Role
    confirmed: bool


class Challenge(Shown):
    second_factor: bool = True
    challenge: Annotated[str, Field(repr=False)]
    until_ms: int


class ShownSession(Shown):
    id: str
    current: bool
    browser: str
    address: str
    created_ms: int
    seen_ms: Annotated[int, Field(description="to within ten minutes")]
    expires_ms: int


class ShownSessions(Shown):
    sessions: list[ShownSession]


class Ended(Shown):
    sessions_ended: int


class Confirmed(Shown):
    email: str
    confirmed: bool = True


class ShownAccount(Shown):
    account: str
    email: str
    confirmed: bool
    zone: str
    role: Role
    created_ms: int
    password_changed_ms: int | None
    second_factor: bool
    recovery_codes_left: int


class ShownFactor(Shown):
    on: bool
    since_ms: int | None
    recovery_codes_left: int


class ShownSetup(Shown):
    secret: Annotated[str, Field(repr=False, description="for typing; shown once")]
    uri: Annotated[str, Field(repr=False, description="for a QR code: otpauth://totp/...")]


class RecoveryCodes(Shown):
    """Shown once, each good once."""

    recovery_codes: Annotated[list[str], Field(repr=False)]


class LeavingCamera(Shown):
    camera: str
    name: str
    count: Annotated[int, Field(description="segments")]
    size_bytes: int
    events: int
    first_ms: int | None
    last_ms: int | None


class ShownLeaving(Shown):
    """What goes; the same shape before and after."""

    closed: bool
    cameras: list[LeavingCamera]
    hubs: int
    shares_given: int
    shares_held: int
    money: dict[str, Any]


class ShownClosing(ShownLeaving):
    confirm: str
    confirm_until_ms: int


def answer(model: BaseModel, status: int = 200) -> web.Response:
    """The model as JSON, kept by nobody."""
    headers = {"Cache-Control": "no-store"}
    return web.json_response(model.model_dump(mode="json"), status=status, headers=headers)


def done() -> web.Response:
    """204: there is no more to say."""
    return web.Response(status=204, headers={"Cache-Control": "no-store"})
