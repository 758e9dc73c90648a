"""What accounts, signing in and sharing need of the database."""

from collections.abc import Sequence
from typing import Protocol

from backsight_cloud.domain.people import Invitation, SecondFactor, Share, Token, TokenKind
from backsight_cloud.domain.records import Account, Camera, Session


class People(Protocol):
    """Accounts and their sessions."""

    async def add_account(self, account: Account) -> None:
        """Raises AlreadyThere when the e-mail address is taken."""
        ...

    async def account(self, account_id: str) -> Account | None: ...
    async def account_by_email(self, email: str) -> Account | None: ...
    async def accounts(self) -> Sequence[Account]:
        """All, in order of their e-mail addresses; also those that were closed, which have none."""
        ...

    async def update_account(self, account: Account) -> None:
        """Everything but its identity and when it was made. Raises AlreadyThere when the address is taken."""
        ...

    async def forget_person(self, account_id: str) -> None:
        """Whatever says who it was and lets them in; what they were charged, and what was erased, stays."""
        ...

    async def add_session(self, session: Session) -> None: ...
    async def session(self, token_hash: str) -> Session | None: ...
    async def sessions(self, account: str) -> Sequence[Session]:
        """Of the account, the one that was used last first; also those that have ended."""
        ...

    async def note_seen(self, token_hash: str, now_ms: int) -> None: ...
    async def end_session(self, token_hash: str) -> None: ...
    async def end_session_of(self, account: str, session_id: str) -> bool:
        """False when the account has no such session."""
        ...

    async def end_sessions(self, account: str, but: str = "") -> int:
        """All of the account's but the one with this hash; how many."""
        ...

    async def end_sessions_before(self, now_ms: int) -> None: ...


class Tokens(Protocol):
    """Permissions that are used once."""

    async def add(self, token: Token) -> None:
        """In the place of the account's others of this kind: the newest mail counts."""
        ...

    async def token(self, kind: TokenKind, token_hash: str, now_ms: int) -> Token | None:
        """Without using it; None when it is not there (any more) or has ended."""
        ...

    async def use(self, kind: TokenKind, token_hash: str, now_ms: int) -> Token | None:
        """The same, and it is gone: of two who use it at once, one has it."""
        ...

    async def drop(self, account: str) -> None:
        """All of the account's."""
        ...

    async def drop_before(self, now_ms: int) -> None: ...


class SecondFactors(Protocol):
    """One-time codes and the recovery codes beside them."""

    async def factor(self, account: str) -> SecondFactor | None: ...
    async def put(self, factor: SecondFactor) -> None:
        """In the place of the one that is there."""
        ...

    async def use_step(self, account: str, step: int) -> bool:
        """Note that the code of this step was used; False when it, or a later one, was already."""
        ...

    async def remove(self, account: str) -> None:
        """With its recovery codes."""
        ...

    async def replace_recovery_codes(self, account: str, hashes: Sequence[str]) -> None: ...
    async def use_recovery_code(self, account: str, code_hash: str) -> bool:
        """It is gone; False when there is none like it."""
        ...

    async def recovery_codes_left(self, account: str) -> int: ...


class Shares(Protocol):
    """Who may look at whose cameras. What is not in here is not shared: ending is deleting."""

    async def invite(self, invitation: Invitation) -> None:
        """In the place of one for the same camera and address."""
        ...

    async def invitations_for(self, email: str, now_ms: int) -> Sequence[tuple[Invitation, Camera, str]]:
        """With the camera and its owner's e-mail address, of those that hold."""
        ...

    async def invitations_of(self, owner: str, camera: str, now_ms: int) -> Sequence[Invitation]: ...
    async def take_invitation(self, invitation_id: str, email: str, now_ms: int) -> Invitation | None:
        """It is used up; None unless it is for this address and still holds."""
        ...

    async def take_back(self, owner: str, camera: str, invitation_id: str) -> bool:
        """The owner has thought better of it; False when there is no such invitation of theirs."""
        ...

    async def add(self, share: Share) -> None:
        """Raises AlreadyThere when the viewer sees the camera already."""
        ...

    async def with_viewer(self, viewer: str) -> Sequence[tuple[Share, Camera, str]]:
        """What others let this account see, with the owner's e-mail address."""
        ...

    async def of_camera(self, owner: str, camera: str) -> Sequence[tuple[Share, str]]:
        """Who sees a camera of this owner, with the viewer's e-mail address."""
        ...

    async def end(self, account: str, share_id: str) -> Share | None:
        """By its owner or its viewer; None when it is neither's."""
        ...

    async def end_all_of(self, account: str) -> Sequence[tuple[Share, Camera]]:
        """With its invitations both ways; the shares that ended, with their cameras."""
        ...

    async def drop_invitations_before(self, now_ms: int) -> None: ...
