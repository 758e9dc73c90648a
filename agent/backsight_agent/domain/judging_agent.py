"""Judges the agent: does it run, is it this version, what does it say is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass

from backsight_agent.domain.findings import Finding, ok, problem, warning

SUBJECT = "agent"
OVERDUE_S = 30.0


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """As it answers."""

    running: bool
    error: str = ""  # it should, and does not answer as it should
    version: str = ""
    problems: tuple[str, ...] = ()
    overdue_s: float = 0.0


def judge_agent(agent: AgentFacts, own_version: str) -> Iterator[Finding]:
    """First whether there is one."""
    if agent.error:
        yield problem(SUBJECT, agent.error)
        return
    if not agent.running:
        text = "It is not running: nothing is recorded or deleted. Start it: systemctl start backsight-agent"
        yield problem(SUBJECT, f"{text}, or backsight-agent run")
        return
    if agent.version != own_version:
        text = f"Version {agent.version} is running, {own_version} is installed: restart it"
        yield warning(SUBJECT, f"{text} (systemctl restart backsight-agent)")
    else:
        yield ok(SUBJECT, f"It is running, version {agent.version}")
    if agent.overdue_s >= OVERDUE_S:
        yield problem(
            SUBJECT, f"It is {agent.overdue_s:.0f} s late in deleting what has expired: see its log"
        )
    yield from (problem(SUBJECT, text) for text in agent.problems)
