"""What a simulated camera is told when it is made: who it is, its logins, its ports, its habits."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from simcam.multipart import Framing

if TYPE_CHECKING:
    from simcam.models import Model


class Fault(StrEnum):
    """What can be wrong with a camera, seen from outside."""

    OFF = "off"  # switched off (Kasa: the stream answers 503) or lens masked (Tapo: no stream)
    UNAUTHORIZED = "unauthorized"  # stream and control refuse every login
    STALL = "stall"  # connections stay open and nothing comes
    CUT = "cut"  # all connections are cut, once
    REBOOT = "reboot"  # every port is closed for some seconds; the camera's own clock starts anew
    MOVE = "move"  # another address, as after a new DHCP lease
    GARBAGE = "garbage"  # random bytes where frames should be
    TRUNCATE = "truncate"  # one frame breaks off in its middle and the connection closes
    REFUSE = "refuse"  # TCP connections are refused; discovery still answers
    NO_KEY_FRAMES = "no_key_frames"  # pictures come, none of which can be decoded without another
    CLOCK_JUMP = "clock_jump"  # the stream's time stamps leap an hour ahead, once
    FLIP = "flip"  # some bits of what is sent are wrong
    HANG = "hang"  # its control takes calls and never answers
    SILENT = "silent"  # it answers no discovery


class Sound(StrEnum):
    """Whether a camera sends sound."""

    ON = "on"
    OFF = "off"
    INTERMITTENT = "intermittent"  # five seconds on, five seconds off


class Start(StrEnum):
    """Where a stream begins when a client connects."""

    ANYWHERE = "anywhere"  # at the frame of the moment, inside a GOP: what real cameras do
    KEY_FRAME = "key-frame"  # at the next key frame


class ControlLogin(StrEnum):
    """Which Basic login opens a Kasa camera's port 10443: it differs by model and firmware."""

    FACTORY = "factory"  # admin : md5("admin"), the only one python-kasa sends by itself
    MAIL_MD5 = "email-md5"
    MAIL_PLAIN = "email-plain"
    MAIL_BASE64 = "email-base64"
    ADMIN_MD5 = "admin-md5"  # admin : md5(password)
    NONE = "none"  # newer firmware: nothing works locally


@dataclass(frozen=True)
class Logins:
    """The owner's cloud account, and the camera account that RTSP wants."""

    email: str = "owner@example.com"
    password: str = "kasa password 1"
    camera_user: str = "camera"
    camera_password: str = "camera password 2"


@dataclass(frozen=True)
class Ports:
    """The standard ports; those below 1024 can be moved for a run without privileges."""

    kasa_discovery: int = 9999  # UDP
    linkie: int = 10443
    stream: int = 19443
    tapo_discovery: int = 20002  # UDP
    https: int = 443
    rtsp: int = 554
    media: int = 8800


@dataclass(frozen=True)
class Habits:
    """What differs from model to model and firmware to firmware."""

    framing: Framing = Framing.PLAIN
    stamps: bool = True  # X-Timestamp in the parts
    sound: Sound = Sound.ON
    start: Start = Start.ANYWHERE
    control_login: ControlLogin = ControlLogin.FACTORY
    control_path: str = "/data/LINKIE2.json"  # "/data/LINKIE.json" on older models
    unix_stamps: bool = False  # X-Timestamp counts from 1970, not from the camera's start
    app_only: bool = False  # its control is silent to whoever does not say that it is the Kasa app
    hears_broadcast: bool = True
    old_tls: bool = False  # a 1024-bit key, RSA key exchange, and nothing newer than TLS 1.2
    stream_login: bool = True  # whether any login opens the stream at all
    third_party: bool = True  # Tapo: False is the firmware of 2026 with the owner's switch off
    session_s: float | None = None  # Tapo: after so many seconds a session of its control ends
    has_rtsp: bool = True  # Tapo: what runs on a battery has port 8800 only
    media_encrypted: bool = True  # Tapo: with a secret of its owner; else with one that everybody knows
    wide_sound: bool = False  # Tapo: PCMU with 16 kHz


@dataclass(frozen=True)
class Setup:
    """Everything a camera is made from, besides its film."""

    number: int  # painted into its frames
    alias: str
    model: "Model"
    mac: str  # upper case, with colons
    address: str
    logins: Logins = field(default_factory=Logins)
    ports: Ports = field(default_factory=Ports)
    habits: Habits = field(default_factory=Habits)
