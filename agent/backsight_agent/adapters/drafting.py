"""Drafts the profile of a model that nobody has described, by asking a camera of it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from backsight_agent.adapters.discovery import ONE_CAMERA_S, Found, discover
from backsight_agent.adapters.kasa_linkie import LinkieControl
from backsight_agent.adapters.kasa_smartcam import SmartcamControl
from backsight_agent.adapters.login_memory import LoginMemory
from backsight_agent.camera_ports import CameraUnreachable, SettingRefused
from backsight_agent.domain.family import Family
from backsight_agent.domain.login import Login
from backsight_agent.domain.profile_files import profile_of
from backsight_agent.domain.profiles import Abilities, Audio, Profile, StreamFacts, Video
from backsight_shared.clock import Clock

ASKED = "measured: asked one camera of this model"

_VIDEO = {"getVideoQualities": {"video": {"name": ["main"]}}}
_SOUND = {"getAudioConfig": {"audio_config": {"name": ["microphone"]}}}
_CODECS = {"H264": Video.H264, "H265": Video.HEVC}
_LAWS = {"G711alaw": Audio.ALAW, "G711ulaw": Audio.MULAW}


async def draft(host: str, login: Login | None, clock: Clock) -> Profile:
    """What can be known of the camera at this address; the rest as its family's. Raises the camera errors."""
    found = next(iter(await discover((host,), ONE_CAMERA_S)), None)
    if found is None:
        raise CameraUnreachable(f"no camera announces itself at {host}")
    profile = _announced(profile_of(found.family, ""), found)
    if login is None:
        return profile
    with TemporaryDirectory() as folder:
        if found.family is Family.KASA:
            memory = LoginMemory(Path(folder))
            port, facts = profile.control.port, profile.control
            return await _asked(profile, LinkieControl(found.camera, host, port, login, facts, memory, clock))
        control = SmartcamControl(found.camera, host, found.https_port or profile.control.port, login, clock)
        return await _asked(profile, control)


def _announced(default: Profile, found: Found) -> Profile:
    camera = replace(
        default.camera,
        model=found.model,
        title=f"{found.family.capitalize()} {found.model}",
        hardware=(found.hardware,) if found.hardware else (),
        firmware=(found.firmware,) if found.firmware else (),
    )
    sources = {fact: _doubted(source) for fact, source in default.sources.items()}
    told = {name: ASKED for name in ("hardware", "firmware") if getattr(camera, name)}
    sources |= {f"camera.{name}": source for name, source in told.items()}
    return replace(default, camera=camera, sources=sources)


async def _asked(profile: Profile, control: LinkieControl | SmartcamControl) -> Profile:
    try:
        can = _abilities(await control.settings())
        with suppress(SettingRefused):
            can = replace(can, presets=bool(await control.presets()), ptz=True)
        if isinstance(control, SmartcamControl):
            profile = _measured(profile, await control.ask({**_VIDEO, **_SOUND}))
    finally:
        await control.close()
    return replace(profile, can=can, sources=profile.sources | {"can": ASKED})


def _abilities(settings: Mapping[str, str]) -> Abilities:
    names = {field.name for field in fields(Abilities)} & settings.keys()
    return replace(Abilities(**dict.fromkeys(names, True)), sensitivity="motion_sensitivity" in settings)


def _measured(profile: Profile, answer: Mapping[str, Any]) -> Profile:
    """Its main streams with the picture and the sound that it says of itself."""
    video = _inside(answer, "getVideoQualities", "video", "main")
    sound = _inside(answer, "getAudioConfig", "audio_config", "microphone")
    streams, sources = [], dict(profile.sources)
    for stream in profile.stream:
        if stream.name == "main":
            stream, measured = _with(stream, video, sound)
            sources |= {f"stream.main.{stream.kind}.{fact}": ASKED for fact in measured}
        streams.append(stream)
    return replace(profile, stream=tuple(streams), sources=sources)


def _with(
    stream: StreamFacts, video: Mapping[str, Any], sound: Mapping[str, Any]
) -> tuple[StreamFacts, list[str]]:
    said: dict[str, Any] = {}
    width, _, height = str(video.get("resolution", "")).partition("*")
    if width.isdigit() and height.isdigit():
        said |= {"width": int(width), "height": int(height)}
    rate = str(video.get("frame_rate", ""))
    if rate.isdigit():
        said["fps"] = int(rate) & 0xFFFF  # facts, section 2: the low half is frames a second
    if codec := _CODECS.get(str(video.get("encode_type"))):
        said["video"] = codec
    if law := _LAWS.get(str(sound.get("encode_type"))):
        said |= {"audio": law, "audio_hz": 16_000 if str(sound.get("sampling_rate")) == "16" else 8_000}
    return replace(stream, **said), list(said)


def _inside(answer: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    found: Any = answer
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _doubted(source: str) -> str:
    """A source of the family's defaults says nothing of this model."""
    return f"assumed: as its family; {source.partition(': ')[2]}"
