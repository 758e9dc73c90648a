"""An account closes after it was said what goes: video, shares and person are gone, its books stay."""

from typing import Any

import pytest

from backsight_cloud.services.accounts import SignInRefused
from backsight_cloud.services.closing import Closing, ClosingNotConfirmed
from backsight_cloud.services.proving import PasswordProof, WrongPassword
from fakes.household import DOOR, YARD, a_camera, a_hub, a_run, a_window, segments_of
from fakes.residents import ANN, BOB, HOME, PASSWORD, Residents

QUARTER_MS = 15 * 60_000


class Street(Residents):
    """Ann has two cameras, one recorded and shared with Bob; Bob shares one with Ann."""

    async def moved_in(self) -> "Street":
        await super().moved_in()
        self.ann, self.bob = (await self.account(ANN)).id, (await self.account(BOB)).id
        run = a_run(self.clock.now_ms() - 60_000)
        async with self.database.begin() as tx:
            for hub, account in (("hub-a", self.ann), ("hub-b", self.bob)):
                await tx.hubs.add_hub(a_hub(hub, account))
            await tx.cameras.bind(a_camera(DOOR, self.ann, "hub-a"), a_window())
            await tx.cameras.bind(a_camera(YARD, self.ann, "hub-a", "Yard"), a_window())
            await tx.cameras.bind(a_camera("74fece0a0b0c", self.bob, "hub-b", "Bob's"), a_window())
            await tx.footage.add_run(self.ann, run, 4)
            await tx.footage.add_segments(self.ann, segments_of(run))
            await tx.hubs.set_status("hub-a", '{"online": true}', self.clock.now_ms())
        for owner, camera, viewer in ((ANN, DOOR, BOB), (BOB, "74fece0a0b0c", ANN)):
            asked = await self.people.sharing.invite(await self.account(owner), camera, viewer)
            await self.people.sharing.accept(await self.account(viewer), asked.id)
        return self

    async def close(self, email: str = ANN, password: str = PASSWORD) -> None:
        account = await self.account(email)
        preview = await self.people.closing.preview(account)
        await self.people.closing.close(account, preview.confirm, password)

    @property
    def state(self) -> Any:
        return self.database._state


@pytest.fixture
async def street() -> Street:
    return await Street().moved_in()


async def test_it_is_said_first_what_goes_and_what_is_refunded(street: Street) -> None:
    street.money.refund = 1479
    leaving = (await street.people.closing.preview(await street.account())).leaving
    assert [(camera.id, extent.count) for camera, extent in leaving.cameras] == [(DOOR, 3), (YARD, 0)]
    assert (leaving.hubs, leaving.shares_given, leaving.shares_held) == (1, 1, 1)
    assert leaving.money == {"refund": 1479}
    assert len(street.state.cameras) == 3


async def test_it_needs_the_password_again(street: Street) -> None:
    with pytest.raises(WrongPassword):
        await street.close(password="guess")
    assert await street.sign_in()


async def test_the_video_goes_with_lines_of_the_ledger_that_stay(street: Street) -> None:
    await street.close()
    assert [camera.account for camera in street.state.cameras.values()] == [street.bob]
    assert street.state.segments == {}
    assert len(street.state.garbage) == 4
    (line,) = street.state.erasures.values()
    assert (line.account, line.reason, line.count) == (street.ann, "unbound", 3)


async def test_nobody_is_signed_in_any_more_and_no_hub_brings_anything(street: Street) -> None:
    secret, bobs = await street.sign_in(), await street.sign_in(BOB)
    await street.close()
    assert [await street.is_in(secret), await street.is_in(bobs)] == [False, True]
    with pytest.raises(SignInRefused):
        await street.sign_in()
    unpaired = {hub.id: hub.unpaired_ms is not None for hub in street.state.hubs.values()}
    assert unpaired == {"hub-a": True, "hub-b": False}
    assert street.wakes.revoke.is_set()


async def test_shares_end_both_ways(street: Street) -> None:
    await street.close()
    assert street.state.shares == {}
    assert [told.to for told in street.tells.of("share_ended")] == [BOB, BOB]


async def test_the_person_is_forgotten_and_the_address_free(street: Street) -> None:
    await street.with_second_factor()
    await street.people.credentials.forgotten(ANN, HOME)
    await street.close()
    kept = repr(street.state)
    assert ANN not in kept
    assert "Attic" not in kept.replace(repr(street.state.hubs["hub-b"]), "")
    assert street.state.factors == street.state.recovery == street.state.tokens == {}
    again = await street.people.accounts.add(ANN, PASSWORD, "UTC")
    assert again.id != street.ann


async def test_the_mail_goes_to_the_address_that_is_forgotten(street: Street) -> None:
    await street.close()
    told = street.tells.last("account_closed")
    assert (told.to, told.facts["cameras"], told.facts["count"]) == (ANN, ["Front door", "Yard"], 3)


async def test_the_money_is_settled(street: Street) -> None:
    await street.close()
    assert street.money.closed == [street.ann]


async def test_a_confirmation_is_good_for_a_quarter_of_an_hour(street: Street) -> None:
    account = await street.account()
    preview = await street.people.closing.preview(account)
    assert preview.confirm_until_ms == street.clock.now_ms() + QUARTER_MS
    street.clock.jump(QUARTER_MS)
    with pytest.raises(ClosingNotConfirmed):
        await street.people.closing.close(account, preview.confirm, PASSWORD)


async def test_a_confirmation_closes_its_own_account_only(street: Street) -> None:
    preview = await street.people.closing.preview(await street.account(BOB))
    with pytest.raises(ClosingNotConfirmed):
        await street.people.closing.close(await street.account(ANN), preview.confirm, PASSWORD)


@pytest.mark.parametrize("confirm", ["", "guess", "e30=.00"])
async def test_what_is_no_confirmation_closes_nothing(street: Street, confirm: str) -> None:
    with pytest.raises(ClosingNotConfirmed):
        await street.people.closing.close(await street.account(), confirm, PASSWORD)


async def test_what_changed_since_must_be_looked_at_again(street: Street) -> None:
    account = await street.account()
    preview = await street.people.closing.preview(account)
    street.money.refund = 5
    with pytest.raises(ClosingNotConfirmed):
        await street.people.closing.close(account, preview.confirm, PASSWORD)


async def test_what_a_camera_records_meanwhile_is_no_change_but_days_are(street: Street) -> None:
    account = await street.account()
    later = a_run(street.clock.now_ms(), YARD)
    preview = await street.people.closing.preview(account)
    async with street.database.begin() as tx:
        await tx.footage.add_run(street.ann, later, 4)
        await tx.footage.add_segments(street.ann, segments_of(later, 121))
    with pytest.raises(ClosingNotConfirmed, match="arrived"):
        await street.people.closing.close(account, preview.confirm, PASSWORD)
    async with street.database.begin() as tx:
        camera = await tx.cameras.owned(street.ann, YARD)
        assert camera is not None
        await tx.erasing.erase_lost(camera, [later.run_ms], street.clock.now_ms())
    await street.people.closing.close(account, preview.confirm, PASSWORD)


@pytest.mark.parametrize("dies_at", [DOOR, YARD])
async def test_a_crash_half_way_is_finished_later_and_lets_nobody_in_meanwhile(
    street: Street, dies_at: str
) -> None:
    real = street.people.closing._unbind

    async def dying(camera: str) -> object:
        if camera == dies_at:
            raise RuntimeError("killed")
        return await real(camera)

    proof = PasswordProof(street.passwords, street.clock)
    parts = (street.database, dying, street.money, proof, street.tells, b"confirming key", street.wakes)
    closing, account = Closing(*parts, street.clock), await street.account()
    with pytest.raises(RuntimeError):
        await closing.close(account, (await closing.preview(account)).confirm, PASSWORD)
    with pytest.raises(SignInRefused):
        await street.sign_in()
    assert await street.people.closing.finish_forgotten() == 1
    assert [camera.account for camera in street.state.cameras.values()] == [street.bob]
    assert ANN not in repr(street.state.accounts)
    assert await street.people.closing.finish_forgotten() == 0
    assert street.money.closed == [street.ann]
