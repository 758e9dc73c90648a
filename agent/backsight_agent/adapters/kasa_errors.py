"""Turns python-kasa's errors into ours; their texts may carry answers and hashes, so none is passed on."""

import asyncio

from kasa.exceptions import (
    AuthenticationError,
    DeviceError,
    KasaException,
    SmartErrorCode,
    TimeoutError,  # noqa: A004 - theirs is no KasaException of another name
    _ConnectionError,
)

from backsight_agent.camera_ports import CameraRefusedLogin, CameraUnreachable
from backsight_shared.errors import BacksightError

# What firmware of 2026 answers to python-kasa while the owner's switch is off (python-kasa issue 1712).
LOCKED_CODES = ("-40211", "-40214")


class ControlLocked(CameraRefusedLogin):
    """The firmware keeps its control side to the maker's own app. Recording is not touched by it."""


def translated(error: Exception, where: str) -> BacksightError:
    """Our error for one of theirs, or for running out of time. `where` is the address that was asked."""
    chain = list(_chain(error))
    if any(_is_locked(one) for one in chain):
        return ControlLocked(
            f"{where} keeps its control to the Tapo app; video is recorded all the same. To change that, "
            "switch Third-Party Compatibility off and on in the Tapo app (Me, Third-Party Services)"
        )
    if blocked := next((one for one in chain if _is_blocked(one)), None):
        return CameraRefusedLogin(
            f"{where} locked its logins after too many wrong ones{_left(blocked)}: check password_file"
        )
    if any(isinstance(one, AuthenticationError) for one in chain) or "status code 401" in str(error):
        return CameraRefusedLogin(f"{where} refused the login: check username and password_file")
    if any(isinstance(one, (TimeoutError, _ConnectionError, asyncio.TimeoutError, OSError)) for one in chain):
        return CameraUnreachable(f"nothing answers at {where}: is the camera on and is `host` right?")
    return CameraUnreachable(f"{where} answers, but not as a camera's control does ({type(error).__name__})")


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.append(following)
        following = following.__cause__
    return chain


def _is_locked(error: BaseException) -> bool:
    code = getattr(error, "error_code", None)
    # python-kasa knows neither code: it calls them unknown, or quotes the answer.
    unknown = isinstance(error, DeviceError) and code is SmartErrorCode.INTERNAL_UNKNOWN_ERROR
    return isinstance(error, KasaException) and (unknown or any(code in str(error) for code in LOCKED_CODES))


def _is_blocked(error: BaseException) -> bool:
    return isinstance(error, DeviceError) and error.error_code is SmartErrorCode.DEVICE_BLOCKED


def _left(error: BaseException) -> str:
    seconds = "".join(sign for sign in str(error).partition(" for ")[2].partition(" ")[0] if sign.isdigit())
    return f" for {seconds} s" if seconds else ""
