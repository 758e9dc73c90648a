"""Judges a camera from what can be seen without logging in: trying a login could lock its owner out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from backsight_agent.domain.findings import Finding, ok, problem, warning
from backsight_agent.domain.login_rounds import PAUSE_MS
from backsight_agent.domain.states import State

LOCKS = "do not try passwords in a row, cameras lock after about ten"
_WELL = (State.STARTING, State.RECORDING, State.WATCHING, State.NOT_RECORDED)
_TROUBLE = (State.STREAM_REFUSED, State.STREAM_BROKEN, State.NO_KEY_FRAMES)


@dataclass(frozen=True, slots=True)
class SeenCamera:
    """One `[[camera]]`, and what answered at its address."""

    name: str
    camera: str
    host: str  # where it is, as far as is known
    written_host: str  # in agent.toml
    unresolved: bool = False
    ports: Mapping[str, str] = field(
        default_factory=dict
    )  # by what it is for: why it cannot be reached, or ""
    announced: str = ""  # model and firmware, as it announces itself; empty: it is silent
    stranger: str = ""  # another camera that announces itself at this address
    is_child: bool = False  # it hangs on a hub: what answers is that hub
    known: bool = True  # whether there is a profile of its model
    has_login: bool = True
    refused_ms: int | None = None  # when its control refused every login, by the memory of the agent
    state: str = ""  # by the running agent; empty when none runs
    text: str = ""
    control: str = ""  # why its control does not answer, by the running agent
    closed: tuple[str, ...] = ()  # what its firmware keeps from us, in sentences


def judge_camera(seen: SeenCamera, now_ms: int) -> Iterator[Finding]:
    """Is it there, is it the right one, may we in, is it recorded."""
    subject = f"camera {seen.name}"
    yield _presence(subject, seen)
    if seen.host != seen.written_host:
        text = f"It was found at {seen.host}, not at {seen.written_host}: set host"
        yield warning(subject, f"{text}, and give it a fixed address in the router")
    yield from _login(subject, seen, now_ms)
    yield from _recording(subject, seen)
    yield from (warning(subject, why) for why in seen.closed)


def _presence(subject: str, seen: SeenCamera) -> Finding:
    find = "`backsight-agent discover` lists what is there"
    if seen.unresolved:
        return problem(subject, f"{seen.host} has no address: write the camera's address as host; {find}")
    if seen.stranger:
        return problem(subject, f"Another camera ({seen.stranger}) answers at {seen.host}: set host; {find}")
    shut = {use: why for use, why in seen.ports.items() if why}
    if len(shut) == len(seen.ports) and not seen.announced:
        why = next(iter(shut.values()), "it is silent")
        return problem(
            subject, f"Nothing answers at {seen.host} ({why}): is it on, and in this network? {find}"
        )
    if shut:
        ports = " and ".join(f"{use} ({why})" for use, why in shut.items())
        return problem(subject, f"It is at {seen.host}, but does not answer for {ports}: restart it")
    who = "Its hub" if seen.is_child else "It"
    said = (
        f", and announces itself as {seen.announced}" if seen.announced else ", but does not announce itself"
    )
    if seen.announced and not seen.known:
        return warning(subject, f"{who} answers at {seen.host}{said}: a model that is not known yet")
    return ok(subject, f"{who} answers at {seen.host}{said}")


def _login(subject: str, seen: SeenCamera, now_ms: int) -> Iterator[Finding]:
    if not seen.has_login:
        yield warning(
            subject,
            "It is recorded, but not asked how it is: give the password of its account (password_file)",
        )
    elif seen.state == State.LOGIN_REFUSED:
        yield problem(subject, f"{_sentence(seen.text)}; {LOCKS}")
    elif seen.refused_ms is not None and 0 <= now_ms - seen.refused_ms < PAUSE_MS:
        left = (PAUSE_MS - (now_ms - seen.refused_ms)) // 60_000 + 1
        text = (
            f"Its control refused the login in agent.toml: put it right; it is tried again in {left} minutes"
        )
        yield problem(subject, f"{text}; {LOCKS}")
    elif seen.control:
        yield warning(subject, _sentence(seen.control))


def _recording(subject: str, seen: SeenCamera) -> Iterator[Finding]:
    if not seen.state or seen.state == State.LOGIN_REFUSED:
        return
    if seen.state in _WELL:
        yield ok(subject, f"{_sentence(seen.text)}")
    elif seen.state == State.OFF:
        yield warning(subject, f"It is switched off by its owner, and not recorded: {seen.text}")
    else:
        way_out = "; restart it" if seen.state in _TROUBLE else ""
        yield problem(subject, f"{_sentence(seen.text)}{way_out}")


def _sentence(text: str) -> str:
    return (text[:1].upper() + text[1:]).rstrip(".")
