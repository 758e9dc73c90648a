"""The command line of the cloud: one line on standard error when something is wrong, never a traceback."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Iterator

from backsight_cloud.commands import explain
from backsight_cloud.commands.arguments import parse
from backsight_cloud.config import Settings, load
from backsight_cloud.logs import log_to_stderr
from backsight_shared.errors import BacksightError


def main() -> None:
    """Exit code 0, 1 when something is wrong, 2 when the command cannot be understood."""
    arguments = parse(sys.argv[1:])
    os.umask(0o077)  # what we keep is for us only
    level = arguments.log_level or ("info" if arguments.subject == "serve" else "warning")
    log_to_stderr(level, arguments.log_format)
    try:
        if arguments.subject == "simulate":
            sys.exit(_simulate(arguments))
        elif by_rule := _by_rule(arguments):
            print(by_rule)
        else:
            asyncio.run(_run(load(arguments.config), arguments))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last place before a traceback
        _complain(error)
        sys.exit(1)


def _by_rule(arguments: argparse.Namespace) -> str:
    """The answer to what needs no settings, or nothing."""
    answer = explain.BY_RULE.get(arguments.verb) if arguments.subject == "explain" else None
    return answer(arguments).text(as_json=arguments.json) if answer else ""


def _simulate(arguments: argparse.Namespace) -> int:
    """Needs no settings either."""
    from backsight_cloud.commands import simulate  # here, so that other commands load no simulation

    return simulate.run(arguments)


async def _run(settings: Settings, arguments: argparse.Namespace) -> None:
    if arguments.subject == "serve":
        from backsight_cloud.commands import serve  # here, so that short commands load no web server

        await serve.run(settings, arguments)
        return
    from backsight_cloud.commands import accounts, billing, cameras, hubs, ledger, mails, objects
    from backsight_cloud.commands.here import open_here

    commands = {
        "account add": accounts.add,
        "account list": accounts.list_all,
        "account show": accounts.show,
        "account sessions": accounts.sessions,
        "account sign-out": accounts.sign_out,
        "account operator": accounts.operator,
        "account second-factor-off": accounts.second_factor_off,
        "account close": accounts.close,
        "code": accounts.code,
        "hub list": hubs.list_all,
        "hub unpair": hubs.unpair,
        "camera list": cameras.list_all,
        "camera add": cameras.add,
        "camera unbind": cameras.unbind,
        "plan set": cameras.set_plan,
        "ledger": ledger.show,
        "billing show": billing.show,
        "billing refund": billing.refund,
        "billing credit": billing.credit,
        "reconcile": billing.compare,
        "clock": billing.clock,
        "explain account": billing.why,
        "objects verify": objects.verify,
        "mail list": mails.list_all,
        "mail show": mails.show,
        "mail again": mails.again,
    }
    command = commands[" ".join(filter(None, (arguments.subject, getattr(arguments, "verb", None))))]
    async with open_here(settings) as here:
        answer = await command(here, arguments)
    print(answer.text(as_json=arguments.json))


def _complain(error: Exception) -> None:
    logging.getLogger("backsight_cloud").debug("the whole story:", exc_info=error)
    ours = [str(leaf) for leaf in _leaves(error) if isinstance(leaf, BacksightError)]
    unexpected = f"something unexpected: {type(error).__name__} (more with --log-level debug)"
    for line in "\n".join(ours or [unexpected]).splitlines():
        sys.stderr.write(f"backsight-cloud: {line}\n")


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


if __name__ == "__main__":
    main()
