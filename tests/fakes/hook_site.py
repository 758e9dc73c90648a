"""The pages for the provider and for the sandbox's browser, in front of a sandbox, without the site."""

from aiohttp import web

from backsight_cloud.adapters.payments_sandbox import SandboxPayments
from backsight_cloud.payment_ports import HookEvent
from backsight_cloud.web.payment_hook import PaymentPages, mount
from backsight_cloud.web.problems import answer_problems


class FakeTaker:
    """Implements the port `TakesHooks`: keeps events by their names."""

    def __init__(self) -> None:
        self.taken: dict[str, HookEvent] = {}
        self.fails_with: Exception | None = None

    async def take(self, event: HookEvent) -> None:
        if self.fails_with:
            raise self.fails_with
        self.taken[event.event] = event


def hook_site(sandbox: SandboxPayments, taker: FakeTaker) -> web.Application:
    site = web.Application(middlewares=[answer_problems])
    mount(site, PaymentPages(sandbox.hook, taker, sandbox))
    return site
