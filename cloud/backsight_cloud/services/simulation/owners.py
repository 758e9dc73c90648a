"""Does what a random owner or operator decided, through the services that the API and the commands use."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from backsight_cloud.domain.billing.events import (
    CameraAdded,
    CameraRemoved,
    CardSaved,
    Closed,
    CreditGiven,
    Event,
    PlanGranted,
    RefundGiven,
    ZoneChanged,
)
from backsight_cloud.domain.billing.sheet import Refused
from backsight_cloud.domain.billing.windows import plan_steps
from backsight_cloud.domain.records import Account
from backsight_cloud.payment_ports import (
    CardForm,
    CardNeedsAuthentication,
    CardRefused,
    CardSetup,
    PaymentsUnavailable,
)
from backsight_cloud.ports import Database, OwnerMissing
from backsight_cloud.services.cameras import CameraBinding
from backsight_cloud.services.care import CareServices
from backsight_cloud.services.people import PeopleServices
from backsight_cloud.services.plans import PlanNotConfirmed, PlanPreview
from backsight_cloud.services.simulation.watching import Watch
from backsight_cloud.services.unbinding import CameraUnbinding
from backsight_shared.clock import Clock

MODELS = ("EC60", "EC70", "KC200", "KC420WS", "C210", "")
FORGETFUL = 0.1  # chance that an owner does not confirm at first
DISAPPROVES = 0.2  # chance that an owner does not approve the card with the bank
YEARS_VALID = (0, 1, 2, 4, 40)  # of a card, from now


@dataclass(frozen=True)
class Owners:
    """The ways in. `cards` are the provider's test cards, each as often as it is likely."""

    database: Database
    care: CareServices
    people: PeopleServices
    cameras: CameraBinding
    unbinding: CameraUnbinding
    form: CardForm
    cards: Sequence[str]
    watch: Watch
    clock: Clock

    async def do(self, dice: Random, account: str, event: Event) -> bool:
        """Whether it was done: owners are refused what they cannot have."""
        try:
            await self._do(dice, account, event)
        except (Refused, CardRefused, PaymentsUnavailable):
            return False
        return True

    async def _do(self, dice: Random, account: str, event: Event) -> None:
        match event:
            case CameraAdded(camera):
                await self._add_camera(dice, account, camera)
            case CameraRemoved(camera):
                await self.unbinding.unbind(camera)
                await self.care.cashier.settle(account)
            case CardSaved(card):
                await self.save_card(dice, account, dice.choice(self.cards), card.exp_month)
            case ZoneChanged(zone):
                await self.people.credentials.set_zone(await self._account(account), zone)
            case Closed():
                await self._close(account)
            case CreditGiven() | RefundGiven():
                await self._give(account, event)
            case PlanGranted(camera, plan):
                await self.cameras.set_plan(camera, plan)
            case _:
                await self._choose(dice, account, event)

    async def save_card(self, dice: Random, account: str, number: str, month: int) -> None:
        """As a browser gives it to the provider. Raises CardRefused."""
        owner = await self._account(account)
        setup = await self.care.plans.begin_card(owner)
        year = 1970 + self.clock.now_ms() // 31_556_952_000 + dice.choice(YEARS_VALID)
        try:
            await self.form.give_card(setup.id, setup.client_secret, number, month, year)
        except CardNeedsAuthentication:
            await self._approve(dice, setup)
        await self.care.plans.finish_card(owner, setup.id)

    async def _approve(self, dice: Random, setup: CardSetup) -> None:
        approve = dice.random() >= DISAPPROVES
        await self.form.authenticate(setup.id, setup.client_secret, approve=approve)

    async def _add_camera(self, dice: Random, account: str, name: str) -> None:
        """Called by its identity, so that mails name it so."""
        number = int(name.removeprefix("camera"))
        mac, model = f"{int(account[1:]):06x}{number:06x}", dice.choice(MODELS)
        one = self.watch.accounts[account]
        if one.care is None or one.care.camera(mac) is None:
            one.models[mac] = model
            await self.cameras.add(f"hub-{account}", account, mac, mac, model)

    async def _give(self, account: str, event: Event) -> None:
        async with self.database.begin() as tx:
            await self.care.billing.apply(tx, account, event, self.clock.now_ms())
        await self.care.cashier.settle(account)

    async def _close(self, account: str) -> None:
        owner = await self._account(account)
        preview = await self.people.closing.preview(owner)
        await self.people.closing.close_for(owner, preview.confirm)
        await self.care.cashier.settle(account)

    async def _choose(self, dice: Random, account: str, event: Event) -> None:
        """Looked at first, and confirmed where a window shrinks: by an owner who forgets it now and then."""
        one, plans = self.watch.accounts[account], self.care.plans
        preview = await plans.preview(account, event)
        if preview.confirm and dice.random() < FORGETFUL:
            try:
                await plans.choose(account, event)
            except PlanNotConfirmed:
                pass
            else:
                text = f"a window shrinks by {event}, and nobody confirmed it"
                self.watch.broken(account, self.clock.now_ms(), text)
                return
        one.confirmed = bool(preview.confirm)
        declined = one.mails["charge_failed"]
        try:
            await plans.choose(account, event, preview.confirm)
        finally:
            one.confirmed = False
        if one.mails["charge_failed"] == declined:
            self._check_promise(account, event, preview)

    def _check_promise(self, account: str, event: Event, preview: PlanPreview) -> None:
        """What was announced came true, once the money came."""
        care, now_ms = self.watch.accounts[account].care, self.clock.now_ms()
        if care is None or care.charges:
            return
        if plan_steps(care, now_ms) != plan_steps(preview.care, now_ms):
            self.watch.broken(account, now_ms, f"{event} came to something else than its preview said")

    async def _account(self, account: str) -> Account:
        async with self.database.read() as tx:
            found = await tx.people.account(account)
        if found is None:
            raise OwnerMissing(f"there is no account {account}")
        return found
