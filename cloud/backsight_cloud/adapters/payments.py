"""Opens the payment provider that cloud.toml names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from backsight_cloud.adapters.payments_sandbox import SandboxPayments, open_sandbox
from backsight_cloud.adapters.payments_stripe import StripeKeys, open_stripe
from backsight_cloud.adapters.payments_stripe_hook import StripeHook
from backsight_cloud.config import PaymentProvider, PaymentsSettings, Settings
from backsight_cloud.payment_ports import PaymentHook, Payments
from backsight_shared.clock import Clock
from backsight_shared.errors import NeedsAttention

SANDBOX_FILE = "sandbox-payments.db"  # in the state folder


class PaymentKeyUnreadable(NeedsAttention):
    """A file with what the provider gave us cannot be used."""


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider as the service uses it."""

    payments: Payments
    hook: PaymentHook
    sandbox: SandboxPayments | None = None  # when it is the sandbox: its card form, and what it has to tell


@asynccontextmanager
async def make_payments(settings: Settings, clock: Clock) -> AsyncIterator[Provider]:
    """The provider, closed with the block. Raises PaymentKeyUnreadable."""
    chosen = settings.payments
    if chosen.provider is PaymentProvider.SANDBOX:
        async with open_sandbox(settings.state / SANDBOX_FILE, clock) as sandbox:
            yield Provider(sandbox, sandbox.hook, sandbox)
        return
    keys, hook = _stripe_keys(chosen)
    async with open_stripe(keys, chosen.api_base) as stripe:
        yield Provider(stripe, hook)


def _stripe_keys(chosen: PaymentsSettings) -> tuple[StripeKeys, StripeHook]:
    secret = _read(chosen.key_file, ("sk_", "rk_"))
    hook = StripeHook(_read(chosen.webhook_secret_file, ("whsec_",)))
    return StripeKeys(secret, chosen.publishable_key), hook


def _read(file: Path | None, begins: tuple[str, ...]) -> str:
    """One line that nobody else can read; the text of an error never holds it."""
    if file is None:
        raise PaymentKeyUnreadable("[payments] names no file with the key")
    try:
        mode, text = file.stat().st_mode, file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not plain text"
        raise PaymentKeyUnreadable(f"{file}: cannot be read: {reason}") from None
    if mode & 0o077:
        raise PaymentKeyUnreadable(f"{file}: can be read by others: chmod 600 {file}")
    if not text.startswith(begins) or len(text.split()) != 1:
        raise PaymentKeyUnreadable(f"{file}: must hold one line that begins with {' or '.join(begins)}")
    return text
