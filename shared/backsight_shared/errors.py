"""Errors by who can act: the base class says that, the name says what happened."""


class BacksightError(Exception):
    """The root of every error that we raise on purpose. Its text is written for a person."""


class TryLater(BacksightError):
    """The world is in the way. The same call may work after a wait."""


class NeedsAttention(BacksightError):
    """Trying again cannot help; a person must change something."""


class Malformed(NeedsAttention):
    """A message or document does not have the shape it must have; the text names the place."""
