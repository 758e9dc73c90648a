"""The two families of cameras, which have nothing in common but their maker."""

from enum import StrEnum


class Family(StrEnum):
    """How a camera is spoken to. Values are what agent.toml and the profiles say."""

    KASA = "kasa"  # Linkie for control, multipart over HTTPS for video
    TAPO = "tapo"  # SslAes for control, RTSP for video

    @classmethod
    def from_text(cls, text: str) -> "Family":
        """Raises ValueError for anything else."""
        try:
            return cls(text)
        except ValueError as error:
            raise ValueError('must be "kasa" or "tapo"') from error
