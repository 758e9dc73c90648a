"""The addresses that mails send people to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Links:
    """Pages below the address by which browsers reach the service.

    Opening one changes nothing: mail programs look at links too. The page asks, and posts the token.
    """

    base: str  # without a slash at its end

    def confirm(self, secret: str) -> str:
        return f"{self.base}/confirm/{secret}"

    def reset(self, secret: str) -> str:
        return f"{self.base}/reset/{secret}"

    def address(self, secret: str) -> str:
        return f"{self.base}/address/{secret}"

    @property
    def invitations(self) -> str:
        return f"{self.base}/invitations"

    @property
    def sign_in(self) -> str:
        return f"{self.base}/login"
