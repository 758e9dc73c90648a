"""Turns what Stripe's library raises into our errors: nobody else catches it, and no key gets into a text."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import aiohttp
from stripe import (
    APIConnectionError,
    APIError,
    AuthenticationError,
    CardError,
    IdempotencyError,
    InvalidRequestError,
    PermissionError,  # noqa: A004 - Stripe's word for a key that may not do this
    RateLimitError,
    StripeError,
)

from backsight_cloud.payment_ports import Declined, PaymentsRefuseUs, PaymentsUnavailable

_FINAL = frozenset({"stolen_card", "lost_card", "pickup_card", "expired_card", "invalid_account"})
_NEVER_AGAIN = "do_not_try_again"  # Stripe's advice_code


@contextmanager
def our_errors(what: str) -> Iterator[None]:
    """Whatever was not caught before. CardError is for the caller, and passes.

    An answer that we cannot understand is no answer: it may be true, or not, that the money moved.
    """
    try:
        yield
    except CardError:
        raise
    except (AuthenticationError, PermissionError):
        # Stripe's text shows a part of the key.
        raise PaymentsRefuseUs(
            f"Stripe does not accept our key for {what}: put a valid one into [payments] key_file"
        ) from None
    except (RateLimitError, APIConnectionError, IdempotencyError, APIError) as error:
        raise PaymentsUnavailable(f"Stripe did not answer {what}: {_short(error)}") from error
    except InvalidRequestError as error:
        raise PaymentsRefuseUs(f"Stripe does not understand {what}: {_short(error)}") from error
    except StripeError as error:
        raise PaymentsUnavailable(f"Stripe did not answer {what}: {_short(error)}") from error
    except (aiohttp.ClientError, TimeoutError) as error:  # while the answer's body was read
        raise PaymentsUnavailable(f"Stripe's answer to {what} broke off: {type(error).__name__}") from error


def is_missing(error: InvalidRequestError, *names: str) -> bool:
    """Whether it says that what one of these parameters names does not exist (any more)."""
    gone = error.http_status == 404 or error.code == "resource_missing"
    return gone and (not names or error.param is None or error.param in names)


def declined(error: Mapping[str, Any]) -> Declined:
    """From an error's JSON, or an intent's `last_payment_error`."""
    code = error.get("decline_code") or error.get("code") or ""
    if code in ("", "card_declined"):
        code = "generic_decline"
    final = code in _FINAL or error.get("advice_code") == _NEVER_AGAIN
    return Declined(code, error.get("message") or "Your card was declined.", final)


def declined_by(error: CardError) -> Declined:
    body = error.json_body
    told = body.get("error") if isinstance(body, dict) else None
    return declined(told if isinstance(told, dict) else {"message": error.user_message, "code": error.code})


def _short(error: StripeError) -> str:
    """Stripe's own sentence, which names objects and parameters, never a key or a card."""
    if isinstance(error, APIConnectionError):  # the library's own text is an essay
        return type(error.__cause__ or error).__name__
    return " ".join((error.user_message or type(error).__name__).split())[:300]
