"""RTSP (RFC 2326) as a camera speaks it: answers, Digest login, the session description."""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence

from simcam.filming import Codec
from simcam.rtp import VIDEO_CLOCK
from simcam.settings import Logins

REALM = "TP-Link IP-Camera"
VIDEO_TYPE = 96  # RTP payload type: dynamic
METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"

_FIELD = re.compile(r'(\w+)="?([^",]*)"?')


def rtsp_answer(cseq: str, status: str, headers: Mapping[str, str] | None = None, body: str = "") -> bytes:
    """An answer; `status` is code and reason."""
    named = {"CSeq": cseq, **(headers or {})}
    if body:
        named["Content-Length"] = str(len(body))
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"RTSP/1.0 {status}\r\n{lines}\r\n{body}".encode()


def challenge() -> tuple[str, dict[str, str]]:
    """A nonce, and the header that asks for a Digest login with it."""
    nonce = secrets.token_hex(16)
    return nonce, {"WWW-Authenticate": f'Digest realm="{REALM}", nonce="{nonce}"'}


def login_fits(header: str, method: str, nonce: str, logins: Logins) -> bool:
    """Whether an Authorization header proves the camera account's password."""
    fields = dict(_FIELD.findall(header.removeprefix("Digest ")))
    secret = _md5(f"{logins.camera_user}:{REALM}:{logins.camera_password}")
    asked = _md5(f"{method}:{fields.get('uri', '')}")
    wanted = _md5(f"{secret}:{nonce}:{asked}")
    return (
        fields.get("username") == logins.camera_user
        and fields.get("nonce") == nonce
        and secrets.compare_digest(fields.get("response", ""), wanted)
    )


def session_description(address: str, sets: Sequence[bytes], codec: Codec, sound: str | None) -> str:
    """The SDP of a stream; `sound` is its encoding and clock ("PCMA/8000"), None without any."""
    lines = [
        "v=0",
        f"o=- 14665860 31787219 1 IN IP4 {address}",
        "s=Session streamed by simcam",
        "t=0 0",
        f"m=video 0 RTP/AVP {VIDEO_TYPE}",
        "c=IN IP4 0.0.0.0",
        f"a=rtpmap:{VIDEO_TYPE} {'H264' if codec == 'h264' else 'H265'}/{VIDEO_CLOCK}",
        f"a=fmtp:{VIDEO_TYPE} {_video_format(sets, codec)}",
        "a=control:track1",
    ]
    if sound:
        lines += [
            f"m=audio 0 RTP/AVP {sound_type(sound)}",
            f"a=rtpmap:{sound_type(sound)} {sound}",
            "a=control:track2",
        ]
    return "\r\n".join([*lines, ""])


def sound_type(sound: str) -> int:
    """Its RTP payload type: static for 8 kHz (RFC 3551), dynamic else."""
    return {"PCMU/8000": 0, "PCMA/8000": 8}.get(sound, 97)


def _video_format(sets: Sequence[bytes], codec: Codec) -> str:
    coded = [base64.b64encode(unit).decode() for unit in sets]
    if codec == "hevc":
        return ";".join(f"sprop-{name}={one}" for name, one in zip(("vps", "sps", "pps"), coded, strict=True))
    profile = sets[0][1:4].hex().upper()
    return f"packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={','.join(coded)}"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
