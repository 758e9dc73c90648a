"""The problems that accounts answer with, and which refusal of a service is which."""

from collections.abc import Iterator
from contextlib import contextmanager

from backsight_cloud.domain.credentials import BadAccount
from backsight_cloud.services.accounts import AddressNotConfirmed
from backsight_cloud.services.closing import ClosingNotConfirmed
from backsight_cloud.services.playback import UnknownCamera
from backsight_cloud.services.proving import WrongCode, WrongPassword
from backsight_cloud.services.second_factor import ConfirmFirst, FactorIsOff, FactorIsOn
from backsight_cloud.services.sessions import NoSuchSession
from backsight_cloud.services.sharing import CannotAccept, NoSuchShare, TooManyViewers
from backsight_cloud.services.signing_up import SignUpClosed
from backsight_cloud.services.tokens import TokenRefused
from backsight_cloud.web.problem_kinds import CANNOT_BE_DONE, NO_SUCH_CAMERA, NOT_CONFIRMED, Kind, kind
from backsight_cloud.web.problems import Problem
from backsight_shared.errors import NeedsAttention

WRONG_PASSWORD = kind(403, "Wrong password", "Ask for the password of this account again.")
WRONG_CODE = kind(
    403, "Wrong code", "Ask for the code that the app shows now, or for a recovery code; each is good once."
)
ADDRESS_NOT_CONFIRMED = kind(
    403,
    "Address not confirmed",
    "The link in the mail confirms it; POST /v1/account/confirmation sends another, a new sign-up does too.",
)
NO_SIGN_UP = kind(403, "No sign-up here", "Whoever runs this service makes the accounts.")
CANNOT_ACCEPT = kind(403, "Cannot accept", "`detail` says why this account sees nobody's camera.")
NO_SUCH_SESSION = kind(404, "No such session", "GET /v1/sessions lists those that last.")
NO_SUCH_SHARE = kind(404, "No such share", "It was ended, or never was this account's.")
FACTOR_IS_ON = kind(409, "Second factor is on", "Take it away first: POST /v1/account/second-factor/removal.")
FACTOR_IS_OFF = kind(409, "Second factor is off", "Set it up first: POST /v1/account/second-factor.")
TOO_MANY_VIEWERS = kind(409, "Too many viewers", "End a share or take an invitation back first.")
LINK_IS_OVER = kind(410, "Link no longer good", "It was used, or is too old. Ask for a new mail.")

_KINDS: tuple[tuple[type[NeedsAttention], Kind, str], ...] = (
    (WrongPassword, WRONG_PASSWORD, "password"),
    (WrongCode, WRONG_CODE, "code"),
    (AddressNotConfirmed, ADDRESS_NOT_CONFIRMED, "email"),
    (ConfirmFirst, ADDRESS_NOT_CONFIRMED, ""),
    (SignUpClosed, NO_SIGN_UP, ""),
    (CannotAccept, CANNOT_ACCEPT, ""),
    (TokenRefused, LINK_IS_OVER, "token"),
    (FactorIsOn, FACTOR_IS_ON, ""),
    (FactorIsOff, FACTOR_IS_OFF, ""),
    (ClosingNotConfirmed, NOT_CONFIRMED, "confirm"),
    (TooManyViewers, TOO_MANY_VIEWERS, ""),
    (NoSuchSession, NO_SUCH_SESSION, ""),
    (NoSuchShare, NO_SUCH_SHARE, ""),
    (UnknownCamera, NO_SUCH_CAMERA, ""),
)


@contextmanager
def account_problems() -> Iterator[None]:
    """Around everything that an account asks for itself."""
    try:
        yield
    except BadAccount as error:
        raise _problem(CANNOT_BE_DONE, error, error.field) from error
    except NeedsAttention as error:
        found = next(((one, field) for refusal, one, field in _KINDS if isinstance(error, refusal)), None)
        if found is None:
            raise
        raise _problem(found[0], error, found[1]) from error


def _problem(one: Kind, error: NeedsAttention, field: str) -> Problem:
    return Problem.of(one, str(error), extra={"field": field} if field else {})
