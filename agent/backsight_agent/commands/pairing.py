"""`backsight-agent pair URL CODE`: lets this hub belong to an account of a cloud."""

import argparse
import asyncio
import sys

from backsight_agent.adapters.keystore import Keystore
from backsight_agent.adapters.pairing import pair
from backsight_agent.config import load
from backsight_shared.clock import SystemClock


def main(wanted: argparse.Namespace) -> int:
    """The running agent, if there is one, notices at its next start."""
    settings = load(wanted.config)
    code = sys.stdin.readline() if wanted.code == "-" else wanted.code
    name = wanted.name or settings.name
    paired = asyncio.run(pair(wanted.url, code, name, wanted.ca, Keystore(settings.state), SystemClock()))
    print(f"This hub is paired with {paired.url}. An agent that is running now has to be restarted.")
    return 0
