"""Asks an HTTP API, as an owner's program would."""

from typing import Any

import aiohttp


async def get_json(http: aiohttp.ClientSession, url: str, query: dict[str, int]) -> Any:
    """An answer's JSON."""
    async with http.get(url, params=query) as answer:
        answer.raise_for_status()
        return await answer.json()


async def get_bytes(http: aiohttp.ClientSession, url: str, query: dict[str, int]) -> bytes:
    """Media. Raises FileNotFoundError for what is not there (any more)."""
    async with http.get(url, params=query) as answer:
        if answer.status == 404:
            raise FileNotFoundError(url)
        answer.raise_for_status()
        return await answer.read()
