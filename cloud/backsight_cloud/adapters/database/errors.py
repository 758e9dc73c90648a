"""Turns the database's errors into ours, where they arise: nobody else catches SQLAlchemy's."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, ExceptionContext, event
from sqlalchemy.exc import DatabaseError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as QueueTimeout

from backsight_cloud.ports import AlreadyThere, DatabaseUnavailable, OwnerMissing
from backsight_shared.errors import NeedsAttention


class NoFolder(NeedsAttention):
    """The database's folder does not exist."""


class DatabaseDamaged(NeedsAttention):
    """The file is not a database, or one that was damaged."""


def translate_errors(engine: Engine) -> None:
    """From now on the engine's statements raise our errors.

    Neither statements nor parameters get into the text: they may hold secrets.
    """
    event.listen(engine, "handle_error", _raise_ours)


def _raise_ours(context: ExceptionContext) -> None:
    error, original = context.sqlalchemy_exception, context.original_exception
    if isinstance(error, (OperationalError, InterfaceError)):
        raise DatabaseUnavailable(f"the database does not answer: {original}") from original
    if isinstance(error, IntegrityError):
        if "foreign key" in str(original).lower():
            raise OwnerMissing("what this would belong to does not exist") from original
        raise AlreadyThere("something with this identity exists already") from original
    if type(error) is DatabaseError:  # SQLite's word for NOTADB and CORRUPT, and for nothing else
        raise DatabaseDamaged(f"{original}: put a backup of the database in its place") from original


@contextmanager
def queue_errors() -> Iterator[None]:
    """No connection became free in time: the one error that is not a statement's."""
    try:
        yield
    except QueueTimeout as error:
        raise DatabaseUnavailable("the database is too busy to answer") from error
