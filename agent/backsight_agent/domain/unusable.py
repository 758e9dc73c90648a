"""The error of the pure media rules; adapters and tasks turn it into the port's StreamBroken."""

from backsight_shared.errors import TryLater


class Unusable(TryLater):
    """What arrives is not the video that it should be. The text says what was seen, for a person."""


class NoKeyFrames(Unusable):
    """Video comes, but nothing in it that a picture could begin with."""
