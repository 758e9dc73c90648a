"""Starts simulated cameras from the command line: `python -m simcam --kasa 2 --tapo 2`.

The first line of output is JSON and describes everything; SIGTERM or SIGINT ends it.
"""

import argparse
import asyncio
import json
import signal
import sys

from simcam.block import NoFreeBlock
from simcam.control_api import control_api, described
from simcam.multipart import Framing
from simcam.settings import ControlLogin, Habits, Ports, Sound, Start
from simcam.street import Street


def main() -> int:
    """Run until told to stop."""
    try:
        asyncio.run(_run(_arguments()))
    except PermissionError as error:
        print(f"simcam: {error}: move the ports below 1024 (--rtsp-port, --https-port)", file=sys.stderr)
        return 1
    except (NoFreeBlock, OSError) as error:
        print(f"simcam: {error}", file=sys.stderr)
        return 1
    return 0


async def _run(wanted: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    host, _, port = wanted.control.rpartition(":")
    async with _street(wanted) as street, control_api(street, host, int(port)) as url:
        print(json.dumps({"control": url, "block": street.prefix, "cameras": described(street)}), flush=True)
        if not wanted.json:
            _print_for_people(street, url)
        await stop.wait()


def _street(wanted: argparse.Namespace) -> Street:
    return Street(
        kasa=wanted.kasa,
        models=[name.strip() for name in wanted.models.split(",") if name.strip()],
        tapo=wanted.tapo,
        names=[name.strip() for name in wanted.names.split(",") if name.strip()],
        block=wanted.block,
        size=wanted.size,
        still=wanted.still,
        ports=Ports(rtsp=wanted.rtsp_port, https=wanted.https_port),
        habits=None if wanted.models else _habits(wanted),
    )


def _habits(wanted: argparse.Namespace) -> Habits:
    return Habits(
        framing=wanted.framing,
        stamps=not wanted.no_stamps,
        sound=wanted.sound,
        start=wanted.start,
        control_login=wanted.kasa_login,
    )


def _print_for_people(street: Street, url: str) -> None:
    for camera in street.cameras:
        print(f"{camera.setup.alias:20} {camera.model:9} {camera.setup.mac}  {camera.stream_url()}")
    print(f"control: {url}/cameras", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="simcam", description="Simulated Kasa and Tapo cameras on loopback."
    )
    parser.add_argument("--kasa", type=int, default=1, help="how many Kasa EC60")
    parser.add_argument("--tapo", type=int, default=1, help="how many Tapo C210")
    parser.add_argument("--models", default="", help='these instead: "KC420WS,C720", each as it behaves')
    parser.add_argument("--names", default="", help='their names: "Front door,Garden"')
    parser.add_argument("--block", help="addresses: 127.x.y; any free block when not given")
    parser.add_argument("--size", type=_size, default=(1920, 1080), help="picture size, 1920x1080")
    parser.add_argument("--still", type=int, default=0, help="frames of each cycle in which nothing moves")
    parser.add_argument("--rtsp-port", type=int, default=Ports.rtsp)
    parser.add_argument("--https-port", type=int, default=Ports.https, help="Tapo control")
    parser.add_argument("--control", default="127.0.0.1:0", help="where the control API listens")
    parser.add_argument("--framing", type=Framing, choices=list(Framing), default=Framing.PLAIN)
    parser.add_argument("--no-stamps", action="store_true", help="Kasa streams without X-Timestamp")
    parser.add_argument("--sound", type=Sound, choices=list(Sound), default=Sound.ON)
    parser.add_argument("--start", type=Start, choices=list(Start), default=Start.ANYWHERE)
    parser.add_argument(
        "--kasa-login", type=ControlLogin, choices=list(ControlLogin), default=ControlLogin.FACTORY
    )
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    return parser.parse_args()


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


if __name__ == "__main__":
    sys.exit(main())
