"""Writes letters: from a mail's facts and its kind's template, once as text and once as HTML.

Both come from the same template, whose parts (a paragraph, a bill, a button) are there for either. The HTML
goes through MJML, which knows what mail programs can show; nothing in it is loaded from anywhere.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import mrml
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from backsight_cloud.adapters import mail_layout
from backsight_cloud.domain import mail_words
from backsight_cloud.domain.documents import OTHER_ITEMS
from backsight_cloud.domain.letters import Letter
from backsight_cloud.domain.money import money
from backsight_cloud.domain.notices import KINDS
from backsight_cloud.domain.unsubscribing import Unsubscribing
from backsight_cloud.mail_ports import Mail

LONGEST_SUBJECT = 150  # characters

_TEMPLATES = Path(__file__).parent / "mail_templates"
_WHY_OWN = "You get this mail because you have an account at Backsight."
_WHY = {
    "confirm_address": "You get this mail because somebody made an account at Backsight with this address.",
    "share_invited": "You get this mail because somebody with an account at Backsight gave us this address.",
}
_ISOLATED = "\N{FIRST STRONG ISOLATE}{}\N{POP DIRECTIONAL ISOLATE}"


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Whose mail it is."""

    domain: str  # of the sender's address: for Message-IDs
    base: str  # of the pages that mails lead to, without a slash at its end
    currency: str
    can_answer: bool = False  # whether somebody reads what people answer

    def page(self, path: str) -> str:
        return f"{self.base}{path}"


@dataclass(frozen=True)
class LetterWriter:
    """Implements the port `Writer`."""

    head: Letterhead
    unsubscribing: Unsubscribing = field(repr=False)

    def letter(self, mail: Mail) -> Letter:
        """Raises jinja2's errors and KeyError for a kind, or facts, that we have no words for."""
        link = self._unsubscribe(mail)
        values = self._values(mail, link)
        subject = self._subject(mail, values)
        text = self._text.get_template("letter.j2").render(**values, subject=subject)
        html = self._html.get_template("letter.j2").render(**values, subject=subject)
        return Letter(
            message_id=f"{mail.id}.{mail.round}@{self.head.domain}",
            name=f"{mail.kind}-{mail.id}-{mail.round}",
            at_ms=mail.at_ms,
            to=mail.to,
            subject=subject,
            text=_tidied(text),
            html=mrml.to_html(html).content,
            headers=_list_headers(link),
        )

    def _unsubscribe(self, mail: Mail) -> str:
        if KINDS[mail.kind].required:
            return ""
        return self.head.page(f"/mail/unsubscribe/{self.unsubscribing.token(mail.account, mail.kind)}")

    def _values(self, mail: Mail, unsubscribe: str) -> dict[str, Any]:
        return {
            **KINDS[mail.kind].complete(mail.facts),
            "kind": mail.kind,
            "told_ms": mail.at_ms,
            "zone": mail.zone,
            "zone_name": mail_words.zone_name(mail.zone),
            "own_zone": mail.kind != "share_invited",  # who is invited may have no account
            "names": mail.names,
            "currency": self.head.currency,
            "pages": {"me": self.head.page("/me"), "cameras": self.head.page("/")},
            "can_answer": self.head.can_answer,
            "unsubscribe": unsubscribe,
            "why": _WHY.get(mail.kind, _WHY_OWN),
        }

    def _subject(self, mail: Mail, values: Mapping[str, Any]) -> str:
        written = self._text.from_string(KINDS[mail.kind].subject).render(**values)
        return " ".join(written.split())[:LONGEST_SUBJECT]

    @cached_property
    def _text(self) -> Environment:
        environment = _environment("text", autoescape=False)
        environment.filters.update(
            named=_named_in_text,
            camera=pass_context(_camera(_named_in_text)),
            line=pass_context(_line(_named_in_text)),
            wrapped=mail_layout.wrapped,
            figures=mail_layout.figures,
            bill=mail_layout.bill,
            items=mail_layout.items,
        )
        return environment

    @cached_property
    def _html(self) -> Environment:
        environment = _environment("html", autoescape=True)
        environment.filters.update(
            named=_named_in_html,
            camera=pass_context(_camera(_named_in_html)),
            line=pass_context(_line(_named_in_html)),
        )
        return environment


def _environment(medium: str, *, autoescape: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([_TEMPLATES / medium, _TEMPLATES]),
        autoescape=autoescape,  # noqa: S701 - off for plain text only
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        address=lambda text: " ".join(mail_words.visible(str(text), 254).split()),
        amount=pass_context(lambda context, cents: money(cents, context["currency"])),
        brand=lambda text: mail_words.plain(str(text).replace("_", " ").title(), 20) if text else "card",
        counted=mail_words.counted,
        day=pass_context(lambda context, at_ms: mail_words.day(at_ms, context["zone"])),
        first_up=lambda text: type(text)(text[:1].upper() + text[1:]),
        has_clips=lambda leaves: any(one["count"] for one in leaves),
        hours=mail_words.hours,
        is_ahead=_is_ahead,
        moment=pass_context(lambda context, at_ms: mail_words.moment(at_ms, context["zone"])),
        month_name=lambda month: mail_words.MONTHS[int(month) - 1],
        plain=mail_words.plain,
        plan=lambda plan: plan.capitalize(),
        sentence=_sentence,
        short=pass_context(lambda context, at_ms: mail_words.short_moment(at_ms, context["zone"])),
        size=mail_words.size,
    )
    return environment


def _is_ahead(leaves: Iterable[Mapping[str, Any]], now_ms: int) -> bool:
    return any((one["at_ms"] or 0) > now_ms for one in leaves if one["count"])


def _camera(named: Callable[[str], str]) -> Callable[[Context, str], str]:
    """A camera by its name; one of which only the identity is known, by that."""
    return lambda context, camera: named(context["names"].get(camera, camera))


def _line(named: Callable[[str], str]) -> Callable[[Context, Mapping[str, Any]], str]:
    """What a line of a bill is for."""
    camera = _camera(named)

    def line(context: Context, one: Mapping[str, Any]) -> str:
        said = type(named(""))(OTHER_ITEMS.get(one["plan"], one["plan"].capitalize()))
        if one.get("camera"):
            said += " for " + camera(context, one["camera"])
        if one.get("cycle"):
            said += f", by the {one['cycle']}"
        if one.get("from_ms") is not None and one.get("to_ms") is not None:
            days = (mail_words.day(one[name], context["zone"]) for name in ("from_ms", "to_ms"))
            said += ", from {} to {}".format(*days)
        if one.get("unused_days") is not None and one.get("period_days") is not None:
            said += f", {one['unused_days']} of {one['period_days']} days not used"
        return said

    return line


def _named_in_text(name: str) -> str:
    """What is written from right to left shall not turn around what stands beside it."""
    shown = mail_words.plain(name)
    return f"“{_ISOLATED.format(shown) if mail_words.turns(shown) else shown}”"


def _named_in_html(name: str) -> Markup:
    return Markup("<b><bdi>{}</bdi></b>").format(mail_words.plain(name))


def _sentence(text: str) -> str:
    """A reason in a provider's words, as the end of a sentence of ours."""
    return mail_words.plain(text, 200).rstrip(".") + "."


def _tidied(text: str) -> str:
    """One empty line between paragraphs, none at the ends."""
    lines = [line if line == "-- " else line.rstrip() for line in text.splitlines()]
    kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
    return "\n".join(kept).strip("\n") + "\n"


def _list_headers(unsubscribe: str) -> dict[str, str]:
    """RFC 8058: mail programs show a button of their own, and post to the address when it is pressed."""
    if not unsubscribe:
        return {}
    return {"List-Unsubscribe": f"<{unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
