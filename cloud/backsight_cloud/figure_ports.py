"""What the page of metrics needs of the database; the rest of it is in `ports.py`."""

from typing import Protocol

from backsight_cloud.domain.vitals import Town


class Figures(Protocol):
    """How much there is. Nothing here takes longer as histories grow."""

    async def town(self) -> Town:
        """As things are now."""
        ...
