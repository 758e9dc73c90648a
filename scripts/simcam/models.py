"""Every camera model that can be simulated: its recorded answers where there are any, its habits, its codec.

What is not recorded is what firmware_profiles/ says of the model, with its source.
"""

from dataclasses import dataclass, field

from simcam.filming import Codec
from simcam.multipart import Framing
from simcam.settings import ControlLogin, Habits, Sound

OLDER = "/data/LINKIE.json"


@dataclass(frozen=True)
class Model:
    """What makes one model differ from the others of its family."""

    name: str  # without its region
    family: str
    habits: Habits = field(default_factory=Habits)
    file: str = ""  # its own recorded answers in data/; "": its family's first, under its name
    sent_name: str = ""  # as it writes its model; its name with a region, when not given
    hardware: str = "1.0"
    firmware: str = "2.3.22 Build 20230731 rel.69808"  # Kasa; a Tapo camera's is in its file
    modules: tuple[str, ...] = ()  # Kasa: what it has besides what all have
    codec: Codec = "h264"
    law: str = "ulaw"
    child: str = ""  # a hub: the recorded answers of what hangs on it, whose film it plays

    @property
    def announced(self) -> str:
        """The model as it announces itself."""
        return self.sent_name or (f"{self.name}(US)" if self.family == "kasa" else self.name)


def _kasa(name: str, habits: Habits | None = None, **more: object) -> Model:
    return Model(name, "kasa", habits or Habits(), "EC60(US)_4.0_2.3.22.json", **more)  # type: ignore[arg-type]


def _tapo(file: str, habits: Habits | None = None, **more: object) -> Model:
    name = file.partition("(")[0].partition("_")[0]
    return Model(name, "tapo", habits or Habits(), f"{file}.json", law="alaw", **more)  # type: ignore[arg-type]


_PTZ = ("ptz",)
_OLDER = Habits(control_login=ControlLogin.MAIL_BASE64, control_path=OLDER)
_CHUNKED = Habits(framing=Framing.CHUNKED, control_login=ControlLogin.MAIL_MD5)
_OLD_TLS = Habits(control_login=ControlLogin.MAIL_PLAIN, old_tls=True)
_HUB_ONLY = Habits(control_login=ControlLogin.NONE, stream_login=False)

_ALL = (
    _kasa("KC100", _OLDER),
    _kasa("KC105", _OLDER),
    _kasa("KC110", _OLDER, modules=_PTZ),
    _kasa("KC115", _OLDER),
    _kasa(
        "KC120",
        Habits(control_login=ControlLogin.MAIL_BASE64, control_path=OLDER, framing=Framing.MINUS_ONE),
    ),
    _kasa("KC200", Habits(framing=Framing.MINUS_ONE, stamps=False, sound=Sound.INTERMITTENT)),
    _kasa("KC300", _HUB_ONLY),
    _kasa("KC310", _HUB_ONLY),
    _kasa("KC400", _CHUNKED, modules=("intelligence",)),
    _kasa("KC401", _CHUNKED, modules=("intelligence",)),
    _kasa("KC410S", _OLD_TLS, modules=("intelligence", "ptz")),
    _kasa("KC411S", _OLD_TLS, modules=("intelligence", "ptz")),
    _kasa(
        "KC420WS",
        Habits(
            framing=Framing.CHUNKED, control_login=ControlLogin.MAIL_MD5, app_only=True, hears_broadcast=False
        ),
        modules=("intelligence", "siren", "lamp"),
    ),
    _kasa("KD110", Habits(framing=Framing.CHUNKED)),
    _kasa("EC60", hardware="4.0"),
    _kasa("EC70", _OLDER, modules=_PTZ, hardware="2.0", firmware="2.3.14 Build 20220902 rel.1234"),
    _kasa(
        "EC71",
        Habits(control_login=ControlLogin.NONE, unix_stamps=True),
        modules=_PTZ,
        firmware="2.3.27 Build 20250101 rel.1234",
    ),
    _tapo("C100_4.0_1.3.14"),
    _tapo("C101(US)_5.0_1.4.3", Habits(third_party=False)),
    _tapo("C110(EU)_2.0_1.4.3"),
    _tapo("C200_1.0_1.3.17"),
    _tapo("C210(EU)_2.0_1.4.3"),
    _tapo("C220(EU)_1.0_1.2.5", Habits(session_s=600)),
    _tapo("C225(US)_2.0_1.0.11"),
    _tapo("C325WB(EU)_1.0_1.1.17"),
    _tapo("C460(CA)_1.0_1.2.0", Habits(has_rtsp=False, media_encrypted=False), codec="hevc"),
    _tapo("C520WS(US)_1.0_1.2.8"),
    _tapo("C720(US)_1.0_1.2.3", codec="hevc"),  # its owner may choose: encode_types of its answers
    _tapo("D130(US)_1.0_1.1.9", Habits(wide_sound=True)),  # newer firmware: go2rtc issue 1954
    _tapo("H200(EU)_1.0_1.3.6", Habits(has_rtsp=False), child="D230(EU)_1.20_1.1.19.json"),
    _tapo("TC40(EU)_2.0_1.0.4"),
    _tapo("TC65_1.0_1.3.9"),
    _tapo("TC70_3.0_1.3.11"),
    _tapo("TD21(EU)_2.0_1.1.5", Habits(has_rtsp=False, wide_sound=True)),
)

MODELS = {model.name: model for model in _ALL}
DEFAULTS = {"kasa": MODELS["EC60"], "tapo": MODELS["C210"]}
