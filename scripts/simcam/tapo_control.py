"""The Tapo control port: the SslAes login, one session for each client host, encrypted calls."""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simcam.httpwire import Request, answer
from simcam.tapo_crypto import Handshake, sha256

Json = dict[str, Any]

USER = "admin"
SESSION_EXPIRED, DEVICE_BLOCKED = -40401, -40404
BAD_USERNAME, INVALID_NONCE = -40411, -40413
LOGINS_ALLOWED = 10  # wrong ones in a row, before the camera blocks itself
BLOCKED_S = 1800
FIRST_SEQ = 512
LOCKED = -40211  # only the maker's own app may sign in (python-kasa issue 1712)
ENDED = -40421  # what a session that has ended by its age is told (python-kasa issue 1739)


@dataclass
class Session:
    """A client host's one session: a new login ends the one before."""

    handshake: Handshake
    stok: str
    seq: int = FIRST_SEQ
    since: float = field(default_factory=time.monotonic)


class TapoControl:
    """Answers the requests of port 443; what they ask is answered by `call`."""

    def __init__(
        self, password: str, call: Callable[[Json], Json], *, third_party: bool, session_s: float | None
    ) -> None:
        self._third_party = third_party
        self._session_s = session_s
        self._password_hash = sha256(password)
        self._call = call
        self._handshakes: dict[str, Handshake] = {}
        self._sessions: dict[str, Session] = {}
        self._wrong_logins = 0
        self.sessions_begun = 0

    def forget_sessions(self) -> None:
        """As after a reboot, or when the password was changed."""
        self._sessions.clear()
        self._handshakes.clear()

    def respond(self, request: Request, host: str, refuse: bool) -> bytes:
        """The HTTP answer to one request; `refuse` turns every login and session away."""
        body: Json = json.loads(request.body or b"{}")
        if request.path.startswith("/stok="):
            return self._passthrough(request, body, host, refuse)
        if body.get("method") == "login":
            return _json(self._login(body.get("params", {}), host, refuse))
        return _json(_failed(SESSION_EXPIRED, 0))

    def _login(self, params: Json, host: str, refuse: bool) -> Json:
        if not self._third_party:
            return _failed(LOCKED, LOCKED)
        if self._wrong_logins >= LOGINS_ALLOWED:
            return {
                "error_code": SESSION_EXPIRED,
                "data": {"code": DEVICE_BLOCKED, "sec_left": BLOCKED_S, "max_time": LOGINS_ALLOWED},
            }
        if params.get("username") != USER:
            return _failed(SESSION_EXPIRED, BAD_USERNAME)
        if "digest_passwd" in params:
            return self._finish(str(params["digest_passwd"]), host)
        return self._challenge(str(params.get("cnonce", "")), host, refuse)

    def _challenge(self, cnonce: str, host: str, refuse: bool) -> Json:
        """A refusing camera behaves as one whose password was changed: the client finds out by itself."""
        password_hash = sha256(secrets.token_hex(16)) if refuse else self._password_hash
        handshake = Handshake(cnonce, secrets.token_hex(8).upper(), password_hash)
        self._handshakes[host] = handshake
        return _failed(INVALID_NONCE, INVALID_NONCE) | {
            "result": {
                "data": {
                    "code": INVALID_NONCE,
                    "encrypt_type": ["3"],
                    "key": "",
                    "nonce": handshake.nonce,
                    "device_confirm": handshake.device_confirm,
                }
            }
        }

    def _finish(self, digest: str, host: str) -> Json:
        handshake = self._handshakes.pop(host, None)
        if handshake is None or not secrets.compare_digest(digest, handshake.digest_password):
            self._wrong_logins += 1
            return _failed(INVALID_NONCE, INVALID_NONCE)
        self._wrong_logins = 0
        self.sessions_begun += 1
        session = self._sessions[host] = Session(handshake, secrets.token_hex(16))
        return {
            "error_code": 0,
            "result": {"stok": session.stok, "user_group": "root", "start_seq": session.seq},
        }

    def _passthrough(self, request: Request, body: Json, host: str, refuse: bool) -> bytes:
        session = self._sessions.get(host)
        if refuse or session is None or request.path != f"/stok={session.stok}/ds":
            return answer("401 Unauthorized", json.dumps(_failed(SESSION_EXPIRED, SESSION_EXPIRED)).encode())
        if self._session_s is not None and time.monotonic() - session.since > self._session_s:
            del self._sessions[host]
            return answer("401 Unauthorized", json.dumps(_failed(ENDED, ENDED)).encode())
        seq = int(request.headers.get("seq", "0"))
        signed = session.handshake.tag(request.body.decode(), seq) == request.headers.get("tapo_tag")
        if seq != session.seq or not signed:
            return answer("500 Internal Server Error", b'{"error_code": -1, "msg": "Http seq illegaly"}')
        session.seq += 1
        asked = json.loads(session.handshake.decrypted(body["params"]["request"]))
        said = json.dumps({"seq": seq, **self._call(asked)}).encode()
        return _json({"error_code": 0, "seq": seq, "result": {"response": session.handshake.encrypted(said)}})


def _failed(code: int, inner: int) -> Json:
    return {"error_code": code, "result": {"data": {"code": inner, "encrypt_type": ["3"]}}}


def _json(body: Json) -> bytes:
    return answer("200 OK", json.dumps(body).encode(), {"Content-Type": "application/json;charset=UTF-8"})
