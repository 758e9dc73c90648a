"""Speaks as much of the Tapo app's protocol on port 8800 as a stream needs: login, request, parts. Pure.

HTTP with a Digest login whose password is hashed beforehand, then multipart in both directions; the parts'
bodies may be encrypted with a key made of the password and the camera's nonce (facts: go2rtc, pytapo).
"""

import hashlib
import json
from dataclasses import dataclass
from urllib.parse import urlencode

from backsight_agent.domain.media import AudioChunk, VideoCodec
from backsight_agent.domain.rtsp import parameters
from backsight_agent.domain.unusable import Unusable

USER = "admin"
PATH = "/stream"
BOUNDARY = "--client-stream-boundary--"
CNONCE_COUNT = "00000001"
UNENCRYPTED_SECRET = "TPL075526460603"  # noqa: S105 - what firmware uses for everybody with encryption off

VIDEO: dict[int, VideoCodec] = {0x1B: "h264", 0x24: "hevc"}  # MPEG-TS stream types


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a part is decrypted with: AES-128-CBC, the same IV for each part."""

    key: bytes
    iv: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """Whose stream is asked for, and how the password is hashed for it."""

    path: str = PATH  # with its query, which the login's proof is made of, too
    always_sha256: bool = False  # even where challenge and key exchange do not say encrypt_type 3
    holder: str = "camera"  # what is at the address, for its owner

    @property
    def powered(self) -> str:
        """What its owner should look at when nothing answers."""
        return f"the {self.holder} {'charged' if self.holder == 'camera' else 'plugged in'}"


OWN = Target()  # the stream of the camera that is asked


def of_child(device_id: str, player: str) -> Target:
    """What hangs on a hub, by the hub's id for it; `player` is any id of ours (go2rtc issue 1174, pytapo)."""
    query = urlencode({"deviceId": device_id, "playerId": player, "type": "video"})
    return Target(f"{PATH}?{query}", always_sha256=True, holder="hub")


def request(host: str, port: int, login: str, target: Target = OWN) -> bytes:
    """The request for a stream; `login` is an Authorization header's value or empty."""
    lines = [
        f"POST {target.path} HTTP/1.1",
        f"Host: {host}:{port}",
        f"Content-Type: multipart/mixed; boundary={BOUNDARY}",
        "Content-Length: 0",
        *([f"Authorization: {login}"] if login else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def preview(quality: str) -> bytes:
    """The part that asks for live picture and sound: "HD" or "VGA"."""
    asked = {"preview": {"audio": ["default"], "channels": [0], "resolutions": [quality]}, "method": "get"}
    body = json.dumps({"type": "request", "seq": 1, "params": asked}, separators=(",", ":")).encode()
    head = f"--{BOUNDARY}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body + b"\r\n"


def hashed_password(password: str, asked: str, target: Target = OWN) -> str:
    """As the camera holds it: SHA-256 where its challenge or key exchange says encrypt_type 3, else MD5."""
    secret = password.encode()
    if target.always_sha256 or parameters(asked).get("encrypt_type") == "3":
        return hashlib.sha256(secret).hexdigest().upper()
    return hashlib.md5(secret, usedforsecurity=False).hexdigest().upper()


def authorization(challenge: str, password: str, cnonce: str, target: Target = OWN) -> str:
    """The answer to a Digest challenge (RFC 2617). Raises Unusable for another kind."""
    if not challenge.lower().startswith("digest"):
        raise Unusable("the camera asks for a login of a kind that we do not know")
    asked = parameters(challenge.partition(" ")[2])
    realm, nonce = asked.get("realm", ""), asked.get("nonce", "")
    user = _md5(f"{USER}:{realm}:{hashed_password(password, challenge, target)}")
    call = _md5(f"POST:{target.path}")
    said = {"username": USER, "realm": realm, "nonce": nonce, "uri": target.path}
    bare: dict[str, str] = {}
    if "qop" in asked:
        response = _md5(f"{user}:{nonce}:{CNONCE_COUNT}:{cnonce}:auth:{call}")
        said |= {"response": response, "cnonce": cnonce}
        bare |= {"qop": "auth", "nc": CNONCE_COUNT}
    else:
        said["response"] = _md5(f"{user}:{nonce}:{call}")
    if "opaque" in asked:
        said["opaque"] = asked["opaque"]
        bare["algorithm"] = "MD5"
    fields = [f'{name}="{value}"' for name, value in said.items()]
    return "Digest " + ", ".join(fields + [f"{name}={value}" for name, value in bare.items()])


def secrets_of(key_exchange: str, password: str, target: Target = OWN) -> Secrets | None:
    """What the answer's Key-Exchange header leads to; None without one: nothing will be encrypted."""
    told = parameters(key_exchange)
    nonce, user = told.get("nonce", ""), told.get("username", USER)
    if not nonce:
        return None
    secret = UNENCRYPTED_SECRET if user == "none" else hashed_password(password, key_exchange, target)
    return Secrets(_digest(f"{nonce}:{secret}"), _digest(f"{user}:{nonce}"))


def refusal(body: bytes) -> str | None:
    """What a JSON part says against the stream; None when it says nothing of the kind."""
    try:
        said = json.loads(body)
        params = said.get("params") or {}
        code, event = params.get("error_code", 0), params.get("status")
    except (ValueError, AttributeError) as error:
        raise Unusable("the camera sends a message that is no JSON") from error
    if code:
        return f"error {code}"
    return "it ended the stream" if event == "finished" else None


def chunk(stream_type: int, data: bytes, pts_us: int, rate_hz: int) -> AudioChunk | None:
    """A block of sound, None for a law that we do not know."""
    if stream_type == 0x90:
        return AudioChunk(data, pts_us, "alaw", rate_hz)
    return AudioChunk(data, pts_us, "mulaw", rate_hz) if stream_type == 0x91 else None


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _digest(text: str) -> bytes:
    return hashlib.md5(text.encode(), usedforsecurity=False).digest()
