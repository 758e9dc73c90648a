"""Puts together everything that accounts consist of, so that site, commands and tests have the same."""

from dataclasses import dataclass, field

from backsight_cloud.account_ports import TELLS_NOBODY, ClosingMoney, NoMoney, Tells
from backsight_cloud.domain.sealing import Seal
from backsight_cloud.identity_ports import Passwords
from backsight_cloud.ports import Database
from backsight_cloud.services.accounts import Accounts
from backsight_cloud.services.billing import Billing
from backsight_cloud.services.closing import Closing
from backsight_cloud.services.credentials import Credentials
from backsight_cloud.services.links import Links
from backsight_cloud.services.proving import CodeProof, PasswordProof
from backsight_cloud.services.second_factor import SecondFactors
from backsight_cloud.services.sessions import Sessions
from backsight_cloud.services.sharing import Sharing
from backsight_cloud.services.signing_up import SigningUp
from backsight_cloud.services.tokens import MailedTokens
from backsight_cloud.services.unbinding import CameraUnbinding
from backsight_cloud.services.wakes import Wakes
from backsight_shared.clock import Clock


@dataclass(frozen=True, slots=True)
class PeopleTerms:
    """What the service decides about accounts, and the keys for it."""

    account_key: bytes = field(repr=False)  # 32 bytes: seals second factors
    confirm_key: bytes = field(repr=False)  # signs what was announced
    address: str = "http://127.0.0.1:8470"  # by which browsers reach us: mails link to it
    sign_up: bool = True
    confirmed_only: bool = False


@dataclass(frozen=True, slots=True)
class PeopleServices:
    """One for each thing that a person can do with their account."""

    accounts: Accounts
    signing_up: SigningUp
    sessions: Sessions
    credentials: Credentials
    second_factors: SecondFactors
    sharing: Sharing
    closing: Closing


def people_services(
    database: Database,
    passwords: Passwords,
    terms: PeopleTerms,
    wakes: Wakes,
    clock: Clock,
    tells: Tells = TELLS_NOBODY,
    money: ClosingMoney | None = None,
    billing: Billing | None = None,
    machine: Clock | None = None,
) -> PeopleServices:
    """All of them, with the same limits on guessing. One-time codes go by the clock of the `machine`."""
    seal, links, tokens = Seal(terms.account_key), Links(terms.address), MailedTokens(clock)
    proof, codes = PasswordProof(passwords, clock), CodeProof(seal, tells, machine or clock)
    unbind = CameraUnbinding(database, wakes, clock, billing).unbind
    return PeopleServices(
        accounts=Accounts(database, passwords, clock, tells, codes, confirmed_only=terms.confirmed_only),
        signing_up=SigningUp(database, passwords, tokens, tells, links, clock, is_open=terms.sign_up),
        sessions=Sessions(database, clock),
        credentials=Credentials(database, passwords, proof, tokens, tells, links, clock, billing),
        second_factors=SecondFactors(database, seal, proof, codes, tells, machine or clock),
        sharing=Sharing(database, tells, links, clock),
        closing=Closing(database, unbind, money or NoMoney(), proof, tells, terms.confirm_key, wakes, clock),
    )
