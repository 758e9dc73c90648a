"""A shared camera may be looked at by whom its owner invited, from acceptance until either ends it."""

import pytest

from backsight_cloud.domain.credentials import BadAccount
from backsight_cloud.services.limits import TooManyTries
from backsight_cloud.services.playback import NothingThere, Playback, UnknownCamera
from backsight_cloud.services.sharing import (
    INVITATION_LIFE_MS,
    MOST_VIEWERS,
    CannotAccept,
    NoSuchShare,
    TooManyViewers,
)
from backsight_cloud.services.unbinding import CameraUnbinding
from backsight_shared.segment import Run
from fakes.household import DAY_MS, DOOR, HOUR_MS, YARD, a_camera, a_hub, a_run, a_window, segments_of
from fakes.objects import FakeObjects
from fakes.residents import ANN, BOB, PASSWORD, Residents

CAT = "cat@example.org"


class Street(Residents):
    """Ann has a door and a yard, recorded a minute ago; Bob and Cat have no camera."""

    async def moved_in(self) -> "Street":
        await super().moved_in()
        await self.people.accounts.add(CAT, PASSWORD, "UTC")
        ann = (await self.account(ANN)).id
        self.run: Run = a_run(self.clock.now_ms() - 60_000)
        self.playback = Playback(self.database, FakeObjects(), self.clock)
        async with self.database.begin() as tx:
            await tx.hubs.add_hub(a_hub("hub", ann))
            await tx.cameras.bind(a_camera(DOOR, ann, "hub"), a_window())
            await tx.cameras.bind(a_camera(YARD, ann, "hub", "Yard"), a_window())
            await tx.footage.add_run(ann, self.run, 4)
            await tx.footage.add_segments(ann, segments_of(self.run))
        return self

    async def shared(self, email: str = BOB, camera: str = DOOR) -> str:
        """Invited and accepted; the share's identity."""
        invitation = await self.people.sharing.invite(await self.account(ANN), camera, email)
        return (await self.people.sharing.accept(await self.account(email), invitation.id)).id

    async def sees(self, email: str = BOB) -> list[str]:
        return [view.camera.id for view in await self.playback.cameras((await self.account(email)).id)]

    async def looks(self, email: str = BOB, camera: str = DOOR) -> int:
        """How many segments are shown."""
        span = (self.run.run_ms, self.clock.now_ms())
        return len(await self.playback.segments((await self.account(email)).id, camera, *span))


@pytest.fixture
async def street() -> Street:
    return await Street().moved_in()


# ------------------------------------------------------------ beginning


async def test_an_invitation_alone_shows_nothing(street: Street) -> None:
    await street.people.sharing.invite(await street.account(), DOOR, BOB)
    assert await street.sees() == []
    with pytest.raises(UnknownCamera):
        await street.looks()


async def test_who_accepts_sees_the_camera_and_its_history(street: Street) -> None:
    await street.shared()
    assert await street.sees() == [DOOR]
    assert await street.looks() == 3


async def test_the_invited_see_who_invites_them_to_what(street: Street) -> None:
    await street.people.sharing.invite(await street.account(), DOOR, " Bob@Example.org")
    ((invitation, camera, owner),) = await street.people.sharing.invitations(await street.account(BOB))
    assert (invitation.email, camera.name, owner) == (BOB, "Front door", ANN)
    mail = street.tells.last("share_invited")
    assert (mail.to, mail.facts["by"], mail.facts["camera"]) == (BOB, ANN, "Front door")


async def test_an_invitation_is_for_its_address_only(street: Street) -> None:
    invitation = await street.people.sharing.invite(await street.account(), DOOR, BOB)
    with pytest.raises(NoSuchShare):
        await street.people.sharing.accept(await street.account(CAT), invitation.id)
    assert await street.sees(CAT) == []


async def test_an_address_that_is_not_confirmed_accepts_nothing(street: Street) -> None:
    invitation = await street.people.sharing.invite(await street.account(), DOOR, BOB)
    bob = await street.change(BOB, confirmed_ms=None)
    assert await street.people.sharing.invitations(bob) == []
    with pytest.raises(CannotAccept):
        await street.people.sharing.accept(bob, invitation.id)


async def test_an_invitation_is_used_once_and_ends(street: Street) -> None:
    ann, bob = await street.account(ANN), await street.account(BOB)
    used = await street.people.sharing.invite(ann, DOOR, BOB)
    await street.people.sharing.accept(bob, used.id)
    late = await street.people.sharing.invite(ann, YARD, BOB)
    street.clock.jump(INVITATION_LIFE_MS)
    for over in (used, late):
        with pytest.raises(NoSuchShare):
            await street.people.sharing.accept(bob, over.id)
    assert await street.sees() == [DOOR]


async def test_an_invitation_may_be_declined_or_taken_back(street: Street) -> None:
    ann, bob = await street.account(ANN), await street.account(BOB)
    declined = await street.people.sharing.invite(ann, DOOR, BOB)
    await street.people.sharing.decline(bob, declined.id)
    taken = await street.people.sharing.invite(ann, YARD, BOB)
    await street.people.sharing.take_back(ann, YARD, taken.id)
    for over in (declined, taken):
        with pytest.raises(NoSuchShare):
            await street.people.sharing.accept(bob, over.id)


async def test_only_its_owner_shares_a_camera(street: Street) -> None:
    await street.shared()
    bob = await street.account(BOB)
    for asked in (
        street.people.sharing.invite(bob, DOOR, CAT),
        street.people.sharing.of_camera(bob, DOOR),
        street.people.sharing.take_back(bob, DOOR, "0" * 16),
    ):
        with pytest.raises(UnknownCamera):
            await asked


async def test_whether_the_invited_has_an_account_is_not_said(street: Street) -> None:
    ann = await street.account()
    known = await street.people.sharing.invite(ann, DOOR, BOB)
    unknown = await street.people.sharing.invite(ann, DOOR, "nobody@example.org")
    assert (known.created_ms, known.expires_ms) == (unknown.created_ms, unknown.expires_ms)
    assert [told.to for told in street.tells.of("share_invited")] == [BOB, "nobody@example.org"]


async def test_nobody_invites_themselves_or_twice(street: Street) -> None:
    with pytest.raises(BadAccount):
        await street.people.sharing.invite(await street.account(), DOOR, ANN)
    await street.shared()
    with pytest.raises(BadAccount, match="already"):
        await street.people.sharing.invite(await street.account(), DOOR, BOB)


async def test_twenty_people_look_at_one_camera_at_most(street: Street) -> None:
    ann = await street.account()
    for number in range(MOST_VIEWERS):
        await street.clock.advance(600)
        await street.people.sharing.invite(ann, DOOR, f"n{number}@example.org")
    await street.clock.advance(600)
    with pytest.raises(TooManyViewers):
        await street.people.sharing.invite(ann, DOOR, BOB)
    await street.people.sharing.invite(ann, DOOR, "n0@example.org")  # once more is no one more


async def test_mails_to_others_are_limited(street: Street) -> None:
    ann = await street.account()
    for _ in range(20):
        await street.people.sharing.invite(ann, DOOR, BOB)
    with pytest.raises(TooManyTries):
        await street.people.sharing.invite(ann, DOOR, BOB)


# ------------------------------------------------------------ looking


async def test_a_viewer_sees_that_camera_and_no_other(street: Street) -> None:
    await street.shared()
    for camera in (YARD, "000000000000"):
        with pytest.raises(UnknownCamera):
            await street.looks(camera=camera)


async def test_a_viewer_sees_what_the_owners_window_keeps_and_no_more(street: Street) -> None:
    await street.shared()
    await street.clock.advance(12 * HOUR_MS / 1000)
    assert await street.looks(BOB) == await street.looks(ANN) == 0


async def test_a_viewer_of_a_viewer_is_nobody(street: Street) -> None:
    await street.shared()
    assert await street.sees(CAT) == []


async def test_an_operator_sees_no_video_not_even_what_is_shared(street: Street) -> None:
    await street.shared()
    operator = await street.made_operator(BOB)
    assert await street.sees() == []
    with pytest.raises(UnknownCamera):
        await street.looks()
    invitation = await street.people.sharing.invite(await street.account(), YARD, BOB)
    with pytest.raises(CannotAccept):
        await street.people.sharing.accept(operator, invitation.id)


# ------------------------------------------------------------ ending


@pytest.mark.parametrize("ended_by", [ANN, BOB])
async def test_either_ends_it_and_nothing_is_answered_from_then_on(street: Street, ended_by: str) -> None:
    share = await street.shared()
    await street.people.sharing.end(await street.account(ended_by), share)
    assert await street.sees() == []
    bob = (await street.account(BOB)).id
    with pytest.raises((UnknownCamera, NothingThere)):
        await street.playback.segment(bob, DOOR, street.run.run_ms)


async def test_the_other_one_is_told(street: Street) -> None:
    for ended_by in (ANN, BOB):
        await street.people.sharing.end(await street.account(ended_by), await street.shared())
    assert [told.to for told in street.tells.of("share_ended")] == [BOB, ANN]


async def test_nobody_else_ends_it(street: Street) -> None:
    share = await street.shared()
    with pytest.raises(NoSuchShare):
        await street.people.sharing.end(await street.account(CAT), share)
    assert await street.sees() == [DOOR]


async def test_a_camera_that_leaves_its_account_is_shared_with_nobody_any_more(street: Street) -> None:
    await street.shared()
    invitation = await street.people.sharing.invite(await street.account(), DOOR, CAT)
    await CameraUnbinding(street.database, street.wakes, street.clock).unbind(DOOR)
    assert await street.sees() == []
    async with street.database.begin() as tx:
        ann = (await street.account()).id
        await tx.cameras.bind(a_camera(DOOR, ann, "hub"), a_window(DAY_MS))
    assert await street.sees() == []
    with pytest.raises(NoSuchShare):
        await street.people.sharing.accept(await street.account(CAT), invitation.id)
