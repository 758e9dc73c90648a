"""Every kind of mail says, as text and as HTML, each number that matters, where to go, and nothing hidden."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest

from backsight_cloud.adapters.mail_letters import LetterWriter
from backsight_cloud.domain.letters import Letter
from backsight_cloud.domain.notices import KINDS, OPTIONAL, Notice
from backsight_cloud.mail_ports import Mail
from cloud.mail.examples import EXAMPLES, LATER_MS, NAMES, TOLD_MS
from fakes.household import ANNA, DOOR
from fakes.mail import HEAD, WRITER

HOSTILE = (
    "Evil\r\nBcc: all@example.org\x00 <script>alert(1)</script> \u202egnp.exe https://evil.example/?a=\"'&"
)


def a_mail(kind: str, zone: str = "America/New_York", **facts: object) -> Mail:
    notice = Notice(ANNA, kind, kind, TOLD_MS, {**EXAMPLES[kind].facts, **facts})
    return Mail(notice.id, ANNA, kind, TOLD_MS, "anna@example.org", zone, notice.facts, NAMES)


def a_letter(kind: str, zone: str = "America/New_York", **facts: object) -> Letter:
    return WRITER.letter(a_mail(kind, zone, **facts))


def seen(html: str) -> str:
    """What a reader sees of it, and where its links lead."""

    class Seen(HTMLParser):
        said: list[str]

        def handle_data(self, data: str) -> None:
            if self.lasttag != "style":
                self.said.append(data)

        def handle_starttag(self, _tag: str, attributes: list[tuple[str, str | None]]) -> None:
            self.said += [value or "" for name, value in attributes if name == "href"]

    reader = Seen()
    reader.said = []
    reader.feed(html)
    return " ".join(" ".join(reader.said).split()).replace(" ,", ",").replace(" :", ":")


def one_line(text: str) -> str:
    return " ".join(text.split())


every_kind = pytest.mark.parametrize("kind", sorted(KINDS))


# ------------------------------------------------------------ each kind


def test_there_is_an_example_of_every_kind() -> None:
    assert set(EXAMPLES) == set(KINDS)


@every_kind
def test_its_example_has_every_fact(kind: str) -> None:
    given = set(EXAMPLES[kind].facts)
    rare = {"carried_cents", "cameras", "count", "size_bytes", "money", "at_ms"}
    assert set(KINDS[kind].names) - given <= rare


@every_kind
def test_its_subject_says_what_it_is_about(kind: str) -> None:
    assert EXAMPLES[kind].subject.lower() in a_letter(kind).subject.lower()


@every_kind
def test_its_text_says_everything_that_matters(kind: str) -> None:
    text = one_line(a_letter(kind).text)
    assert [said for said in EXAMPLES[kind].says if said not in text] == []


@every_kind
def test_its_html_says_everything_that_matters(kind: str) -> None:
    shown = seen(a_letter(kind).html)
    assert [said for said in EXAMPLES[kind].says if said not in shown] == []


@every_kind
def test_it_can_be_written_when_every_fact_that_may_be_missing_is(kind: str) -> None:
    needed = {name: value for name, value in EXAMPLES[kind].facts.items() if name in KINDS[kind].needed}
    notice = Notice(ANNA, kind, kind, TOLD_MS, needed)
    letter = WRITER.letter(replace(a_mail(kind), facts=notice.facts))
    assert "None" not in letter.text + seen(letter.html)


@every_kind
def test_nothing_of_its_template_is_left_in_it(kind: str) -> None:
    letter = a_letter(kind)
    assert not re.search(r"\{\{|\{%|<Macro|<mj-|&lt;mj|Undefined", letter.subject + letter.text + letter.html)


@every_kind
def test_its_text_has_no_html_and_no_line_that_is_too_long(kind: str) -> None:
    text = a_letter(kind).text
    assert not re.search(r"<[a-z/]|&[a-z]+;", text)
    assert [line for line in text.splitlines() if len(line) > 76 and "https://" not in line] == []


@every_kind
def test_it_loads_nothing_and_tells_nobody_that_it_was_read(kind: str) -> None:
    html = a_letter(kind).html
    addresses = set(re.findall(r"https?://[^/\"'\s<>)]+", html)) - {"http://www.w3.org"}
    assert addresses <= {"https://care.example.org"}
    assert not re.search(r"<img|<script|<link|@import|url\(", html)


# ------------------------------------------------------------ who may refuse it


@pytest.mark.parametrize("kind", sorted(OPTIONAL))
def test_what_is_optional_has_a_way_to_refuse_it_for_people_and_for_mail_programs(kind: str) -> None:
    letter = a_letter(kind)
    address = letter.headers["List-Unsubscribe"].strip("<>")
    assert letter.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert address in letter.text
    assert WRITER.unsubscribing.read(address.rpartition("/")[2]) == (ANNA, kind)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - OPTIONAL))
def test_what_is_required_has_none(kind: str) -> None:
    letter = a_letter(kind)
    assert letter.headers == {}
    assert "unsubscribe" not in letter.text


# ------------------------------------------------------------ zones


def test_a_moment_is_said_in_the_zone_of_the_account() -> None:
    text = one_line(a_letter("password_changed", "Asia/Kathmandu").text)
    assert "Friday, 5 June 2026, 07:45 (Asia/Kathmandu, UTC+5:45)" in text


def test_the_day_in_a_subject_is_that_of_the_zone() -> None:
    assert "5 July 2026" in a_letter("plan_pending", "Pacific/Kiritimati").subject
    assert "4 July 2026" in a_letter("plan_pending", "Pacific/Niue").subject


def test_of_an_hour_that_occurs_twice_it_is_said_which() -> None:
    first_ms = 1_793_511_000_000  # 2026-11-01T05:30:00Z: 01:30 in New York, an hour before 01:30
    said = [one_line(a_letter("password_changed", at_ms=first_ms + add).text) for add in (0, 3_600_000)]
    assert "01:30 (America/New_York, UTC−4)" in said[0]
    assert "01:30 (America/New_York, UTC−5)" in said[1]


def test_a_zone_that_nobody_knows_any_more_is_no_reason_for_silence() -> None:
    assert "(UTC)" in one_line(a_letter("password_changed", "Mars/Olympus").text)


# ------------------------------------------------------------ hostile names


@pytest.mark.parametrize("kind", ["camera_added", "camera_removed"])
def test_a_hostile_name_is_no_header_no_html_and_no_link(kind: str) -> None:
    letter = a_letter(kind, name=HOSTILE)
    assert not re.search(r"[\r\n\x00\u202e]", letter.subject)
    assert "\u202e" not in letter.text + letter.html
    assert "<script" not in letter.html
    assert "https://evil.example" not in letter.subject + letter.text + unescape(letter.html)


@every_kind
def test_hostile_names_of_cameras_are_harmless_everywhere(kind: str) -> None:
    mail = replace(a_mail(kind), names=dict.fromkeys(NAMES, HOSTILE))
    letter = WRITER.letter(mail)
    assert "<script" not in letter.html
    assert "\u202e" not in letter.subject + letter.text + letter.html
    assert "https://evil.example" not in letter.subject + letter.text + unescape(letter.html)


def test_a_name_from_right_to_left_does_not_turn_its_sentence_around() -> None:
    name = "המצלמה"
    letter = WRITER.letter(replace(a_mail("resumed"), names={DOOR: name}))
    assert f"“\u2068{name}\u2069”" in letter.text
    assert f"<bdi>{name}</bdi>" in letter.html


def test_a_camera_whose_name_is_not_known_is_called_by_its_identity() -> None:
    letter = WRITER.letter(replace(a_mail("resumed"), names={}))
    assert DOOR in letter.text


def test_a_name_is_shown_no_longer_than_one_can_read() -> None:
    assert "x" * 60 not in a_letter("camera_added", name="x" * 5000).text


# ------------------------------------------------------------ money


def test_a_sum_has_its_currency() -> None:
    writer = LetterWriter(replace(HEAD, currency="EUR"), WRITER.unsubscribing)
    assert "€14.79" in writer.letter(a_mail("refund_failed")).subject


def test_a_receipt_that_nothing_was_charged_for_says_so() -> None:
    text = one_line(a_letter("receipt", credit_cents=1298, charged_cents=0).text)
    assert "Paid from your credit -$12.98" in text
    assert "Charged $0.00" in text


def test_a_receipt_says_what_comes_with_the_next_bill() -> None:
    text = one_line(a_letter("receipt", credit_cents=0, carried_cents=30, charged_cents=1268).text)
    assert "Comes with your next bill -$0.30" in text


def test_the_last_try_says_that_service_stops_now() -> None:
    text = one_line(a_letter("charge_failed", next_try_ms=None, stops_ms=TOLD_MS, attempt=5).text)
    assert "This was the last try (number 5): Plus stops now" in text


def test_a_first_charge_that_failed_says_that_nothing_was_charged() -> None:
    text = one_line(a_letter("charge_failed", next_try_ms=None, stops_ms=None).text)
    assert "Nothing was charged" in text


# ------------------------------------------------------------ what leaves


def test_nothing_that_leaves_is_said_too() -> None:
    assert "Nothing leaves your history" in a_letter("cancelled", leaves=[]).text


def test_what_is_gone_is_not_offered_for_download() -> None:
    text = a_letter("cancelled", leaves=EXAMPLES["plan_ended"].facts["leaves"]).text
    assert "It is gone" in text
    assert "download" not in text


def test_a_camera_of_which_nothing_leaves_is_not_listed() -> None:
    assert "Yard" not in a_letter("cancelled").text


# ------------------------------------------------------------ who it is


def test_the_same_mail_always_has_the_same_message_id() -> None:
    mail = a_mail("resumed")
    assert WRITER.letter(mail).message_id == WRITER.letter(mail).message_id == f"{mail.id}.1@care.example.org"


def test_one_that_an_operator_sends_again_has_another() -> None:
    mail = a_mail("resumed")
    assert WRITER.letter(replace(mail, round=2)).message_id != WRITER.letter(mail).message_id


def test_people_are_told_that_they_can_answer_only_when_somebody_reads_it() -> None:
    writer = LetterWriter(replace(HEAD, can_answer=True), WRITER.unsubscribing)
    assert "answer this mail" in writer.letter(a_mail("refund_failed")).text
    assert "answer this mail" not in a_letter("refund_failed").text


def test_a_moment_in_the_future_is_not_said_to_be_over() -> None:
    assert LATER_MS > TOLD_MS
    assert "It leaves on Saturday, 4 July 2026" in one_line(a_letter("cancelled").text)
