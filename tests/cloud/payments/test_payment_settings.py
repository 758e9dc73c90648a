"""cloud.toml says who moves the money; keys are files that nobody else can read, and go nowhere in clear."""

from pathlib import Path

import pytest

from backsight_cloud.adapters.payments import SANDBOX_FILE, PaymentKeyUnreadable, make_payments
from backsight_cloud.adapters.payments_sandbox import SandboxPayments
from backsight_cloud.adapters.payments_stripe import StripePayments
from backsight_cloud.adapters.payments_stripe_hook import StripeHook
from backsight_cloud.config import PaymentProvider, load
from backsight_shared.settings import BadSettings
from fakes.clock import FakeClock

STRIPE = """
[payments]
provider = "stripe"
key_file = "stripe.key"
webhook_secret_file = "hook.secret"
publishable_key = "pk_test_x"
"""


def a_file(folder: Path, text: str = "") -> Path:
    file = folder / "cloud.toml"
    file.write_text(f'state = "."\n{text}')
    return file


def a_secret(folder: Path, name: str, text: str, mode: int = 0o600) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(mode)


def test_without_a_word_it_is_the_sandbox(tmp_path: Path) -> None:
    assert load(a_file(tmp_path)).payments.provider is PaymentProvider.SANDBOX


def test_stripe_is_asked_where_stripe_is(tmp_path: Path) -> None:
    assert load(a_file(tmp_path, STRIPE)).payments.api_base == "https://api.stripe.com"


@pytest.mark.parametrize("line", ["key_file", "webhook_secret_file", "publishable_key"])
def test_stripe_needs_all_its_keys(tmp_path: Path, line: str) -> None:
    text = "\n".join(one for one in STRIPE.splitlines() if not one.startswith(line))
    with pytest.raises(BadSettings):
        load(a_file(tmp_path, text))


def test_a_secret_key_is_not_taken_for_the_publishable_one(tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as refused:
        load(a_file(tmp_path, STRIPE.replace("pk_test_x", "sk_test_oops")))
    assert "sk_test_oops" not in str(refused.value)


@pytest.mark.parametrize("address", ["http://127.0.0.1:8420", "http://localhost:1", "https://stripe.example"])
def test_a_key_may_go_to_this_machine_or_by_tls(tmp_path: Path, address: str) -> None:
    assert load(a_file(tmp_path, f'{STRIPE}api_base = "{address}"')).payments.api_base == address


@pytest.mark.parametrize("address", ["http://stripe.example", "http://127.0.0.1.example", "ftp://x", "", "x"])
def test_a_key_goes_nowhere_else(tmp_path: Path, address: str) -> None:
    with pytest.raises(BadSettings):
        load(a_file(tmp_path, f'{STRIPE}api_base = "{address}"'))


async def test_the_sandbox_keeps_its_book_in_the_state_folder(tmp_path: Path) -> None:
    async with make_payments(load(a_file(tmp_path)), FakeClock()) as provider:
        assert isinstance(provider.payments, SandboxPayments)
        assert provider.sandbox is provider.payments
    assert (tmp_path / SANDBOX_FILE).is_file()


async def test_stripe_is_opened_with_the_keys_of_its_files(tmp_path: Path) -> None:
    a_secret(tmp_path, "stripe.key", "sk_test_x\n")
    a_secret(tmp_path, "hook.secret", "whsec_x\n")
    async with make_payments(load(a_file(tmp_path, STRIPE)), FakeClock()) as provider:
        assert isinstance(provider.payments, StripePayments)
        assert isinstance(provider.hook, StripeHook)
        assert provider.sandbox is None


@pytest.mark.parametrize(
    ("text", "mode"),
    [("sk_test_x", 0o640), ("sk_test_x", 0o604), ("", 0o600), ("pk_test_x", 0o600), ("sk_a sk_b", 0o600)],
)
async def test_a_key_file_that_is_wrong_is_said_without_its_content(
    tmp_path: Path, text: str, mode: int
) -> None:
    a_secret(tmp_path, "stripe.key", text, mode)
    a_secret(tmp_path, "hook.secret", "whsec_x")
    with pytest.raises(PaymentKeyUnreadable) as refused:
        async with make_payments(load(a_file(tmp_path, STRIPE)), FakeClock()):
            pass
    assert "stripe.key" in str(refused.value)
    assert not text or text not in str(refused.value)


async def test_a_key_file_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(PaymentKeyUnreadable):
        async with make_payments(load(a_file(tmp_path, STRIPE)), FakeClock()):
            pass
