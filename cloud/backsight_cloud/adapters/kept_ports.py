"""Chooses free ports once and keeps them, so that hubs find the service after a restart."""

import json
import socket
from pathlib import Path

from backsight_cloud.adapters.secret_files import write_private
from backsight_shared.settings import Listen


def kept(file: Path, name: str, listen: Listen) -> Listen:
    """The address as it is, or with the port that was chosen for this name when it was 0."""
    if listen.port:
        return listen
    ports = _read(file)
    if name not in ports:
        ports[name] = _free_port(listen.host)
        write_private(file, json.dumps(ports).encode())
    return Listen(listen.host, ports[name])


def _read(file: Path) -> dict[str, int]:
    try:
        read = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    ports = read if isinstance(read, dict) else {}
    return {name: port for name, port in ports.items() if isinstance(port, int)}


def _free_port(host: str) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
