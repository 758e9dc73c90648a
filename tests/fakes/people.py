"""Accounts, sessions, proofs and shares in memory: a part of the fake database."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from backsight_cloud.domain.people import Invitation, Role, SecondFactor, Share, Token, TokenKind
from backsight_cloud.domain.records import Account, Camera, Session
from backsight_cloud.ports import AlreadyThere, OwnerMissing
from backsight_cloud.services.people import PeopleTerms

if TYPE_CHECKING:
    from fakes.database import State


PEOPLE_TERMS = PeopleTerms(b"k" * 32, b"confirming key", "https://care.example.org")


def owner_seen_by(state: "State", viewer: str, camera_id: str) -> str | None:
    """Whose footage of the camera the viewer may see."""
    camera, who = state.cameras.get(camera_id), state.accounts.get(viewer)
    if camera is None or who is None or who.role is not Role.OWNER:
        return None
    shared = any((s.camera, s.viewer) == (camera_id, viewer) for s in state.shares.values())
    return camera.account if shared or camera.account == viewer else None


class FakePeople:
    def __init__(self, state: "State") -> None:
        self._state = state

    async def add_account(self, account: Account) -> None:
        if await self.account_by_email(account.email) or account.id in self._state.accounts:
            raise AlreadyThere(f"{account.email} has an account already")
        self._state.accounts[account.id] = account

    async def account(self, account_id: str) -> Account | None:
        return self._state.accounts.get(account_id)

    async def account_by_email(self, email: str) -> Account | None:
        return next((a for a in self._state.accounts.values() if a.email == email), None)

    async def accounts(self) -> Sequence[Account]:
        return sorted(self._state.accounts.values(), key=lambda account: account.email)

    async def update_account(self, account: Account) -> None:
        named = await self.account_by_email(account.email)
        if named is not None and named.id != account.id:
            raise AlreadyThere(f"{account.email} has an account already")
        if before := self._state.accounts.get(account.id):
            self._state.accounts[account.id] = replace(account, created_ms=before.created_ms)

    async def forget_person(self, account_id: str) -> None:
        account = self._state.accounts[account_id]
        nobody = replace(account, email=f"closed {account_id}", password_hash="", zone="UTC")
        self._state.accounts[account_id] = nobody
        await self.end_sessions(account_id)
        for key in [key for key, code in self._state.codes.items() if code.account == account_id]:
            del self._state.codes[key]
        for hub in [hub for hub in self._state.hubs.values() if hub.account == account_id]:
            self._state.hubs[hub.id] = replace(hub, name="", status_json="")

    async def add_session(self, session: Session) -> None:
        _require(self._state.accounts, session.account)
        _add(self._state.sessions, session.token_hash, session)

    async def session(self, token_hash: str) -> Session | None:
        return self._state.sessions.get(token_hash)

    async def sessions(self, account: str) -> Sequence[Session]:
        theirs = [session for session in self._state.sessions.values() if session.account == account]
        return sorted(theirs, key=lambda session: (-session.seen_ms, session.id))

    async def note_seen(self, token_hash: str, now_ms: int) -> None:
        if session := self._state.sessions.get(token_hash):
            self._state.sessions[token_hash] = replace(session, seen_ms=now_ms)

    async def end_session(self, token_hash: str) -> None:
        self._state.sessions.pop(token_hash, None)

    async def end_session_of(self, account: str, session_id: str) -> bool:
        return bool(self._end(lambda s: (s.account, s.id) == (account, session_id)))

    async def end_sessions(self, account: str, but: str = "") -> int:
        return self._end(lambda s: s.account == account and s.token_hash != but)

    async def end_sessions_before(self, now_ms: int) -> None:
        self._end(lambda s: s.expires_ms <= now_ms)

    def _end(self, which: Any) -> int:
        ended = [key for key, session in self._state.sessions.items() if which(session)]
        for key in ended:
            del self._state.sessions[key]
        return len(ended)


class FakeTokens:
    def __init__(self, state: "State") -> None:
        self._state = state

    async def add(self, token: Token) -> None:
        _require(self._state.accounts, token.account)
        self._drop(lambda t: (t.account, t.kind) == (token.account, token.kind))
        _add(self._state.tokens, token.token_hash, token)

    async def token(self, kind: TokenKind, token_hash: str, now_ms: int) -> Token | None:
        token = self._state.tokens.get(token_hash)
        return token if token and token.kind is kind and token.expires_ms > now_ms else None

    async def use(self, kind: TokenKind, token_hash: str, now_ms: int) -> Token | None:
        token = await self.token(kind, token_hash, now_ms)
        if token is not None:
            del self._state.tokens[token_hash]
        return token

    async def drop(self, account: str) -> None:
        self._drop(lambda t: t.account == account)

    async def drop_before(self, now_ms: int) -> None:
        self._drop(lambda t: t.expires_ms <= now_ms)

    def _drop(self, which: Any) -> None:
        for key in [key for key, token in self._state.tokens.items() if which(token)]:
            del self._state.tokens[key]


class FakeSecondFactors:
    def __init__(self, state: "State") -> None:
        self._state = state

    async def factor(self, account: str) -> SecondFactor | None:
        return self._state.factors.get(account)

    async def put(self, factor: SecondFactor) -> None:
        _require(self._state.accounts, factor.account)
        self._state.factors[factor.account] = factor

    async def use_step(self, account: str, step: int) -> bool:
        factor = self._state.factors.get(account)
        if factor is None or factor.last_step >= step:
            return False
        self._state.factors[account] = replace(factor, last_step=step)
        return True

    async def remove(self, account: str) -> None:
        self._state.factors.pop(account, None)
        await self.replace_recovery_codes(account, ())

    async def replace_recovery_codes(self, account: str, hashes: Sequence[str]) -> None:
        for key in [key for key, of in self._state.recovery.items() if of == account]:
            del self._state.recovery[key]
        self._state.recovery.update(dict.fromkeys(hashes, account))

    async def use_recovery_code(self, account: str, code_hash: str) -> bool:
        if self._state.recovery.get(code_hash) != account:
            return False
        del self._state.recovery[code_hash]
        return True

    async def recovery_codes_left(self, account: str) -> int:
        return sum(of == account for of in self._state.recovery.values())


class FakeShares:
    def __init__(self, state: "State") -> None:
        self._state = state

    async def invite(self, invitation: Invitation) -> None:
        _require(self._state.cameras, invitation.camera)
        self._drop(lambda i: (i.camera, i.email) == (invitation.camera, invitation.email))
        self._state.invitations[invitation.id] = invitation

    async def invitations_for(self, email: str, now_ms: int) -> Sequence[tuple[Invitation, Camera, str]]:
        return [(i, *self._camera(i.camera)) for i in self._invitations(now_ms) if i.email == email]

    async def invitations_of(self, owner: str, camera: str, now_ms: int) -> Sequence[Invitation]:
        return [i for i in self._invitations(now_ms) if i.camera == camera and self._owner(camera) == owner]

    async def take_invitation(self, invitation_id: str, email: str, now_ms: int) -> Invitation | None:
        invitation = self._state.invitations.get(invitation_id)
        if invitation is None or invitation.email != email or invitation.expires_ms <= now_ms:
            return None
        return self._state.invitations.pop(invitation_id)

    async def take_back(self, owner: str, camera: str, invitation_id: str) -> bool:
        if self._owner(camera) != owner:
            return False
        return self._drop(lambda i: (i.id, i.camera) == (invitation_id, camera)) > 0

    async def add(self, share: Share) -> None:
        _require(self._state.cameras, share.camera)
        _require(self._state.accounts, share.viewer)
        if any((s.camera, s.viewer) == (share.camera, share.viewer) for s in self._shares()):
            raise AlreadyThere("this camera is shared with you already")
        _add(self._state.shares, share.id, share)

    async def with_viewer(self, viewer: str) -> Sequence[tuple[Share, Camera, str]]:
        return [(s, *self._camera(s.camera)) for s in self._shares() if s.viewer == viewer]

    async def of_camera(self, owner: str, camera: str) -> Sequence[tuple[Share, str]]:
        return [
            (s, self._state.accounts[s.viewer].email)
            for s in self._shares()
            if s.camera == camera and self._owner(camera) == owner
        ]

    async def end(self, account: str, share_id: str) -> Share | None:
        share = self._state.shares.get(share_id)
        if share is None or account not in (share.viewer, self._owner(share.camera)):
            return None
        return self._state.shares.pop(share_id)

    async def end_all_of(self, account: str) -> Sequence[tuple[Share, Camera]]:
        email = self._state.accounts[account].email
        self._drop(lambda i: i.email == email or self._owner(i.camera) == account)
        ended = [s for s in self._shares() if account in (s.viewer, self._owner(s.camera))]
        for share in ended:
            del self._state.shares[share.id]
        return [(share, self._state.cameras[share.camera]) for share in ended]

    async def drop_invitations_before(self, now_ms: int) -> None:
        self._drop(lambda i: i.expires_ms <= now_ms)

    def _shares(self) -> list[Share]:
        return sorted(self._state.shares.values(), key=lambda share: (share.since_ms, share.id))

    def _invitations(self, now_ms: int) -> list[Invitation]:
        held = [i for i in self._state.invitations.values() if i.expires_ms > now_ms]
        return sorted(held, key=lambda i: (i.created_ms, i.id))

    def _camera(self, camera: str) -> tuple[Camera, str]:
        found = self._state.cameras[camera]
        return found, self._state.accounts[found.account].email

    def _owner(self, camera: str) -> str | None:
        found = self._state.cameras.get(camera)
        return found.account if found else None

    def _drop(self, which: Any) -> int:
        dropped = [key for key, invitation in self._state.invitations.items() if which(invitation)]
        for key in dropped:
            del self._state.invitations[key]
        return len(dropped)


def _add(table: dict[str, Any], key: str, record: Any) -> None:
    if key in table:
        raise AlreadyThere(f"{key} exists already")
    table[key] = record


def _require(table: dict[str, Any], key: str) -> None:
    if key not in table:
        raise OwnerMissing(f"{key} does not exist")
