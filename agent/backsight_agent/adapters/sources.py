"""Makes a camera's stream: of which kind it is, with its login, at the address of the moment."""

import uuid
from functools import partial

from backsight_agent.adapters.hub_child import ChildSource, HubChild
from backsight_agent.adapters.multipart_stream import MultipartSource
from backsight_agent.adapters.rtsp_stream import RtspSource
from backsight_agent.adapters.vhttpd_stream import VhttpdSource
from backsight_agent.camera_ports import Source
from backsight_agent.config_camera import CameraSettings
from backsight_agent.domain.profiles import StreamFacts, StreamKind
from backsight_agent.domain.states import Board
from backsight_agent.domain.vhttpd import OWN, Target, of_child
from backsight_agent.tasks.masked import MaskableSource
from backsight_shared.clock import Clock


def source_of(
    camera: CameraSettings, facts: StreamFacts, child: HubChild, board: Board, clock: Clock, host: str
) -> Source:
    """`child` counts for what hangs on a hub only."""
    if facts.kind is StreamKind.MULTIPART:
        return MultipartSource(host, camera.ports.stream, camera.stream, clock)
    if camera.is_child:
        source: Source = ChildSource(child, host, partial(_on_hub, camera, facts, clock, host))
    elif facts.kind is StreamKind.RTSP:
        source = RtspSource(host, camera.ports.stream, facts.path, camera.stream, clock)
    else:
        source = _vhttpd(camera, facts, clock, host, OWN)
    return MaskableSource(source, camera.camera, board)


def _on_hub(camera: CameraSettings, facts: StreamFacts, clock: Clock, host: str, device_id: str) -> Source:
    return _vhttpd(camera, facts, clock, host, of_child(device_id, str(uuid.uuid4())))


def _vhttpd(camera: CameraSettings, facts: StreamFacts, clock: Clock, host: str, target: Target) -> Source:
    return VhttpdSource(
        host,
        camera.ports.stream,
        camera.stream.password,
        clock,
        target=target,
        quality=facts.name,
        audio_hz=facts.audio_hz,
    )
