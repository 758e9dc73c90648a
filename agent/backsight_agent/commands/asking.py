"""Asks the running agent through its local API; without a running one its history is read from the disk."""

import http.client
import json
from typing import Any
from urllib.parse import urlencode, urlsplit

from backsight_agent.config import Settings
from backsight_agent.config_camera import CameraSettings
from backsight_shared.errors import NeedsAttention, TryLater
from backsight_shared.segment import camera_id

ANSWER_S = 30.0  # seconds; a week's history of a busy hub takes a moment


class UnknownCamera(NeedsAttention):
    """There is no such camera in agent.toml."""


class AgentTrouble(TryLater):
    """The agent runs, but does not answer as it should."""


def ask_agent(settings: Settings, path: str, **query: int) -> Any | None:
    """The answer of the running agent, or None when none is running. Raises AgentTrouble."""
    return _talk(settings, "GET", f"{path}?{urlencode(query)}" if query else path)


def tell_agent(settings: Settings, path: str, body: object) -> Any | None:
    """Have the running agent change something; its answer, or None when none is running.

    Raises AgentTrouble.
    """
    return _talk(settings, "POST", path, json.dumps(body).encode())


def _talk(settings: Settings, method: str, path: str, body: bytes | None = None) -> Any | None:
    try:
        running = json.loads((settings.state / "running.json").read_text(encoding="utf-8"))
        address = urlsplit(str(running["url"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=ANSWER_S)
    try:
        headers = {"Authorization": f"Bearer {settings.token}"} if settings.token else {}
        headers |= {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return _understood(answer.status, answer.read())
    except ConnectionRefusedError:
        return None  # it was killed: nobody took running.json away
    except (OSError, http.client.HTTPException) as error:
        raise AgentTrouble(f"the agent at {address.netloc} does not answer ({error}): see its log") from error
    finally:
        connection.close()


def has_history(settings: Settings) -> bool:
    """Whether an agent has ever run here."""
    return (settings.state / "agent.db").exists()


def camera_named(settings: Settings, text: str) -> CameraSettings:
    """The camera of this name or MAC; raises UnknownCamera that names those that exist."""
    try:
        wanted = camera_id(text)
    except ValueError:
        wanted = ""
    for camera in settings.cameras:
        if camera.camera == wanted or camera.name.casefold() == text.strip().casefold():
            return camera
    there = ", ".join(f"{camera.name} ({camera.camera})" for camera in settings.cameras)
    raise UnknownCamera(f"there is no camera {text!r}; there are: {there}")


def _understood(status: int, body: bytes) -> Any:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise AgentTrouble(f"what answers in the agent's place is none (it answered {status})") from error
    if status != http.client.OK:
        said = value.get("detail") if isinstance(value, dict) else None
        raise AgentTrouble(f"the agent refused: {said or status}")
    return value
