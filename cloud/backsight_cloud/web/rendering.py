"""Turns templates into pages, and knows the addresses of the built scripts and styles."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from backsight_shared.errors import NeedsAttention

STATIC = Path(__file__).parent / "static"

_TEMPLATES = Path(__file__).parent / "templates"
_MANIFEST = STATIC / "built" / "manifest.json"
_FOREVER = "public, max-age=31536000, immutable"  # a built file's name changes with its content
_A_WHILE = "public, max-age=3600"


class DashboardNotBuilt(NeedsAttention):
    """The scripts and styles of the pages are missing."""


def page(template: str, *, status: int = 200, **values: Any) -> web.Response:
    """A page; never kept by a browser, for it says how things are now."""
    text = _environment().get_template(template).render(**values)
    headers = {"Cache-Control": "no-store"}
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


async def static_file(request: web.Request) -> web.FileResponse:
    """A file that belongs to the pages, and is the same for everyone."""
    name = request.match_info["name"]
    file = (STATIC / name).resolve()
    if not file.is_relative_to(STATIC) or file.suffix not in {".js", ".css", ".svg"} or not file.is_file():
        raise web.HTTPNotFound
    kept = _FOREVER if name.startswith("built/assets/") else _A_WHILE
    return web.FileResponse(file, headers={"Cache-Control": kept})


@lru_cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(built=_built, static=lambda name: f"/static/{name}")
    return environment


def _built(source: str) -> str:
    """The address of what was built from this source."""
    try:
        written = _MANIFEST.stat().st_mtime_ns
    except OSError as error:
        raise DashboardNotBuilt("the dashboard is not built yet: run scripts/build_dashboard") from error
    return f"/static/built/{_manifest(written)[source]}"


@lru_cache(maxsize=1)
def _manifest(_written: int) -> dict[str, str]:
    """By source; read anew when it was built anew."""
    listed = json.loads(_MANIFEST.read_text())
    return {source: entry["file"] for source, entry in listed.items()}
