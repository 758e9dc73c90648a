"""`backsight-agent unpair`: lets this hub leave its cloud; says first what that does to the history."""

import argparse
import sys

from backsight_agent.adapters.keystore import Keystore
from backsight_agent.config import Settings, load


def main(wanted: argparse.Namespace) -> int:
    """Nothing changes without --yes; an agent that is running notices at its next start."""
    settings = load(wanted.config)
    keystore = Keystore(settings.state)
    paired = keystore.paired()
    if paired is None:
        print("This hub is not paired with a cloud.")
        return 0
    if not wanted.yes:
        print(
            f"This hub would leave {paired.url}. {_afterwards(settings)} Say it again with --yes.",
            file=sys.stderr,
        )
        return 1
    keystore.forget_pairing()
    print(
        f"This hub has left {paired.url}. {_afterwards(settings)} Restart an agent that is running now. "
        f"The cloud goes on listing it as {paired.hub} until it is unpaired there as well."
    )
    return 0


def _afterwards(settings: Settings) -> str:
    if settings.window is None:
        return "From its next start on nothing is deleted here: there is no [history] window."
    hours = settings.window.ms / 3_600_000
    return f"From its next start on it keeps {hours:g} hours ([history] window): what is older is deleted."
