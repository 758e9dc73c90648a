"""The sandbox's own book: who has which card, what was charged and refunded, and what is still to be told.

A file of its own, apart from the service's database, as a provider's would be: it knows nothing of our
crashes, and we nothing of its. Every method is one transaction, and blocks.
"""

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from backsight_cloud.adapters.payments_sandbox_cards import TestCard
from backsight_cloud.payment_ports import Card, Moved, Movement, PaymentsRefuseUs, PaymentsUnavailable

BUSY_S = 10.0  # seconds that one process waits for another one's transaction

_TABLES = """
CREATE TABLE IF NOT EXISTS book (name TEXT NOT NULL, hook_secret TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS customer (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL UNIQUE, email TEXT NOT NULL,
    forgotten INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS card (
    id INTEGER PRIMARY KEY, customer TEXT NOT NULL, brand TEXT NOT NULL, last4 TEXT NOT NULL,
    exp_month INTEGER NOT NULL, exp_year INTEGER NOT NULL, at_charge TEXT NOT NULL, trouble TEXT NOT NULL,
    charges INTEGER NOT NULL DEFAULT 0, forgotten INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS setup (
    id INTEGER PRIMARY KEY, customer TEXT NOT NULL, client_secret TEXT NOT NULL,
    card INTEGER, state TEXT NOT NULL, code TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS answer (
    key TEXT PRIMARY KEY, target TEXT NOT NULL, cents INTEGER NOT NULL, currency TEXT NOT NULL,
    id TEXT NOT NULL, code TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unanswered (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS movement (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, charge INTEGER NOT NULL,
    card INTEGER NOT NULL, cents INTEGER NOT NULL, currency TEXT NOT NULL, at_ms INTEGER NOT NULL,
    left_cents INTEGER NOT NULL, fails_ms INTEGER);
CREATE INDEX IF NOT EXISTS movement_at ON movement (at_ms);
CREATE INDEX IF NOT EXISTS movement_failing ON movement (charge) WHERE fails_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS event (
    id INTEGER PRIMARY KEY AUTOINCREMENT, due_ms INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS event_due ON event (due_ms);
"""


@dataclass(frozen=True, slots=True)
class Setup:
    """A card that is being given."""

    number: int
    customer: str
    client_secret: str
    card: int | None
    state: str  # "empty", "authenticate", "done" or "refused"
    code: str  # why it was refused


@dataclass(frozen=True, slots=True)
class KeptCard:
    """A card as the book has it."""

    number: int
    customer: str
    card: Card
    at_charge: str
    trouble: str
    charges: int
    forgotten: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """How an order was answered, for ever."""

    target: str  # the customer who was charged, or the charge that was refunded
    cents: int
    currency: str
    id: str  # of the charge or refund; empty: it was declined or refused
    code: str  # why


@dataclass(frozen=True, slots=True)
class KeptCharge:
    """A charge as the book has it."""

    number: int
    card: int
    currency: str
    left_cents: int


class Book:
    """One connection to the file, for one caller at a time; others wait."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = Lock()
        self.name, self.hook_secret = self._opened()

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator["Page"]:
        """All of it or nothing, durably. Raises PaymentsUnavailable or PaymentsRefuseUs."""
        with self._lock, _our_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Page(self._connection, self.name)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _opened(self) -> tuple[str, str]:
        """The name makes identities unlike those of a book that was lost."""
        with _our_errors():
            self._connection.executescript(_TABLES)
            self._connection.execute("BEGIN IMMEDIATE")
            row = self._connection.execute("SELECT name, hook_secret FROM book").fetchone()
            if row is None:
                row = (secrets.token_hex(3), secrets.token_hex(24))
                self._connection.execute("INSERT INTO book VALUES (?, ?)", row)
            self._connection.execute("COMMIT")
        return str(row[0]), str(row[1])


def open_book(file: Path | None, *, durable: bool = True) -> Book:
    """The book in this file, or one in memory. Not durable: what a power cut takes, it takes."""
    if file is not None:
        file.touch(0o600)  # the secret of its hook is in there; SQLite's files beside it become like it
    with _our_errors():
        connection = sqlite3.connect(
            str(file or ":memory:"), timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
    return Book(connection)


class Page:
    """What can be read and written inside one transaction."""

    def __init__(self, connection: sqlite3.Connection, book: str) -> None:
        self._execute = connection.execute
        self._book = book

    def id(self, kind: str, number: int) -> str:
        """How the outside calls it."""
        return f"{kind}_{self._book}_{number}"

    def number(self, kind: str, name: str) -> int:
        """The inverse of `id`; 0, which nothing has, for any other text."""
        begin = f"{kind}_{self._book}_"
        rest = name.removeprefix(begin)
        return int(rest) if name.startswith(begin) and rest.isascii() and rest.isdigit() else 0

    # ------------------------------------------------------------ customers and cards

    def customer(self, account: str, email: str) -> str:
        self._execute(
            "INSERT INTO customer (account, email) VALUES (?, ?)"
            " ON CONFLICT (account) DO UPDATE SET email = excluded.email, forgotten = 0",
            (account, email),
        )
        row = self._execute("SELECT id FROM customer WHERE account = ?", (account,)).fetchone()
        return self.id("cus", row[0])

    def has_customer(self, customer: str) -> bool:
        row = self._execute(
            "SELECT 1 FROM customer WHERE id = ? AND NOT forgotten", (self.number("cus", customer),)
        )
        return row.fetchone() is not None

    def forget_customer(self, customer: str) -> None:
        """The address is no longer known; what was charged stays."""
        self._execute("UPDATE card SET forgotten = 1 WHERE customer = ?", (customer,))
        self._execute(
            "UPDATE customer SET forgotten = 1, email = '' WHERE id = ?", (self.number("cus", customer),)
        )

    def add_card(self, customer: str, behaviour: TestCard, last4: str, exp_month: int, exp_year: int) -> int:
        return _made(
            self._execute(
                "INSERT INTO card (customer, brand, last4, exp_month, exp_year, at_charge, trouble)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    customer,
                    behaviour.brand,
                    last4,
                    exp_month,
                    exp_year,
                    behaviour.at_charge,
                    behaviour.trouble,
                ),
            )
        )

    def card(self, number: int) -> KeptCard | None:
        row = self._execute(
            "SELECT id, customer, brand, last4, exp_month, exp_year, at_charge, trouble, charges, forgotten"
            " FROM card WHERE id = ?",
            (number,),
        ).fetchone()
        if row is None:
            return None
        card = Card(self.id("pm", row[0]), row[2], row[3], row[4], row[5])
        return KeptCard(row[0], row[1], card, row[6], row[7], row[8], bool(row[9]))

    def forget_card(self, customer: str, token: str) -> None:
        self._execute(
            "UPDATE card SET forgotten = 1 WHERE id = ? AND customer = ?",
            (self.number("pm", token), customer),
        )

    def renew_card(self, number: int, exp_year: int) -> None:
        self._execute("UPDATE card SET exp_year = ? WHERE id = ?", (exp_year, number))

    # ------------------------------------------------------------ giving a card

    def add_setup(self, customer: str, client_secret: str) -> str:
        made = self._execute(
            "INSERT INTO setup (customer, client_secret, state) VALUES (?, ?, 'empty')",
            (customer, client_secret),
        )
        return self.id("seti", _made(made))

    def setup(self, setup: str) -> Setup | None:
        row = self._execute(
            "SELECT id, customer, client_secret, card, state, code FROM setup WHERE id = ?",
            (self.number("seti", setup),),
        ).fetchone()
        return None if row is None else Setup(*row)

    def set_setup(self, number: int, state: str, card: int | None = None, code: str = "") -> None:
        self._execute(
            "UPDATE setup SET state = ?, card = ?, code = ? WHERE id = ?", (state, card, code, number)
        )

    # ------------------------------------------------------------ answers

    def answer(self, key: str) -> Answer | None:
        row = self._execute(
            "SELECT target, cents, currency, id, code FROM answer WHERE key = ?", (key,)
        ).fetchone()
        return None if row is None else Answer(*row)

    def write_answer(self, key: str, answer: Answer) -> None:
        self._execute(
            "INSERT INTO answer VALUES (?, ?, ?, ?, ?, ?)",
            (key, answer.target, answer.cents, answer.currency, answer.id, answer.code),
        )

    def leave_unanswered(self, key: str) -> bool:
        """False when this key was left unanswered before."""
        made = self._execute("INSERT INTO unanswered VALUES (?) ON CONFLICT DO NOTHING", (key,))
        return made.rowcount == 1

    # ------------------------------------------------------------ money

    def add_charge(self, key: str, card: int, cents: int, currency: str, at_ms: int) -> str:
        made = self._execute(
            "INSERT INTO movement (kind, key, charge, card, cents, currency, at_ms, left_cents)"
            " VALUES ('charge', ?, 0, ?, ?, ?, ?, ?)",
            (key, card, cents, currency, at_ms, cents),
        )
        self._execute("UPDATE card SET charges = charges + 1 WHERE id = ?", (card,))
        return self.id("ch", _made(made))

    def charge(self, charge: str, now_ms: int) -> KeptCharge | None:
        """With what is left of it; a refund that failed by now is left again."""
        row = self._execute(
            "SELECT id, card, currency, left_cents, (SELECT coalesce(sum(cents), 0) FROM movement AS refund"
            " WHERE refund.charge = movement.id AND refund.fails_ms <= ?)"
            " FROM movement WHERE id = ? AND kind = 'charge'",
            (now_ms, self.number("ch", charge)),
        ).fetchone()
        return None if row is None else KeptCharge(row[0], row[1], row[2], row[3] + row[4])

    def add_refund(
        self, key: str, charge: KeptCharge, cents: int, at_ms: int, fails_ms: int | None = None
    ) -> str:
        made = self._execute(
            "INSERT INTO movement (kind, key, charge, card, cents, currency, at_ms, left_cents, fails_ms)"
            " VALUES ('refund', ?, ?, ?, ?, ?, ?, 0, ?)",
            (key, charge.number, charge.card, cents, charge.currency, at_ms, fails_ms),
        )
        self._execute("UPDATE movement SET left_cents = left_cents - ? WHERE id = ?", (cents, charge.number))
        return self.id("re", _made(made))

    def has_failed(self, refund: str, now_ms: int) -> bool:
        row = self._execute(
            "SELECT 1 FROM movement WHERE id = ? AND fails_ms <= ?", (self.number("re", refund), now_ms)
        )
        return row.fetchone() is not None

    def movements(
        self, after: tuple[int, int], to_ms: int, limit: int, now_ms: int
    ) -> tuple[Sequence[Movement], tuple[int, int]]:
        """From behind a place (moment, number), and the place of the last one."""
        rows = self._execute(
            "SELECT kind, id, key, charge, cents, currency, at_ms FROM movement"
            " WHERE at_ms >= ? AND at_ms < ? AND (at_ms, id) > (?, ?)"
            " AND (fails_ms IS NULL OR fails_ms > ?) ORDER BY at_ms, id LIMIT ?",
            (after[0], to_ms, *after, now_ms, limit),
        ).fetchall()
        place = (rows[-1][6], rows[-1][1]) if rows else after
        return [self._movement(row) for row in rows], place

    def _movement(self, row: tuple[Any, ...]) -> Movement:
        kind, number, key, charge, cents, currency, at_ms = row
        moved = Moved(kind)
        own = self.id("ch" if moved is Moved.CHARGE else "re", number)
        return Movement(
            moved, own, key, own if moved is Moved.CHARGE else self.id("ch", charge), cents, currency, at_ms
        )

    # ------------------------------------------------------------ what is to be told

    def tell(self, body: str, due_ms: int) -> None:
        self._execute("INSERT INTO event (due_ms, body) VALUES (?, ?)", (due_ms, body))

    def to_tell(self, now_ms: int, limit: int) -> Sequence[tuple[int, str]]:
        return self._execute(
            "SELECT id, body FROM event WHERE due_ms <= ? ORDER BY due_ms, id LIMIT ?", (now_ms, limit)
        ).fetchall()

    def next_to_tell_ms(self) -> int | None:
        found: int | None = self._execute("SELECT min(due_ms) FROM event").fetchone()[0]
        return found

    def told(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._execute("DELETE FROM event WHERE id = ?", (number,))


def _made(cursor: sqlite3.Cursor) -> int:
    return cursor.lastrowid or 0


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise PaymentsUnavailable(f"the sandbox's book does not answer: {error}") from error
    except sqlite3.DatabaseError as error:
        raise PaymentsRefuseUs(
            f"the sandbox's book is damaged: {error}: put a backup in its place"
        ) from error
