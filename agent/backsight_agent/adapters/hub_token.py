"""The short-lived token by which a hub proves who it is, made when needed and used while it holds."""

from backsight_shared.clock import Clock
from backsight_shared.signing import HUB_TOKEN_LIFE_S, sign_hub_token

RENEWED_BEFORE_S = 60.0  # seconds; a token this near its end is replaced: the call may take a while
_WORTH_CORRECTING_MS = 30_000  # a clock off by less is not why a token was refused


class HubToken:
    """Makes tokens by the hub's clock, or by the cloud's time once the cloud refused the hub's."""

    def __init__(self, private_key_pem: bytes, hub: str, cloud: str, clock: Clock) -> None:
        self._key = private_key_pem
        self._hub = hub
        self._cloud = cloud
        self._clock = clock
        self._zero_ms: int | None = None  # the cloud's time when the monotonic clock was 0, once corrected
        self._token = ""
        self._made_ms = 0  # wall time, as the token says
        self._made_at = 0.0  # monotonic

    def current(self) -> str:
        """A token that holds for a while yet."""
        if not self._token or not self._still_good():
            self._made_at, self._made_ms = self._clock.monotonic(), self._now_ms()
            self._token = sign_hub_token(self._key, self._hub, self._cloud, self._made_ms // 1000)
        return self._token

    def correct(self, refused: str, cloud_time_ms: int | None) -> bool:
        """Go by the cloud's time from now on; False when the refused token was made by that already.

        It is the token's time that counts: the clock may have learned better from the very refusal. A token
        that was replaced while its refusal was on the way needs no more: of two calls the first corrected it.
        """
        if refused != self._token:
            return True
        since_ms = (self._clock.monotonic() - self._made_at) * 1000
        by_token_ms = self._made_ms + since_ms if self._token else self._now_ms()
        if cloud_time_ms is None or abs(by_token_ms - cloud_time_ms) < _WORTH_CORRECTING_MS:
            return False
        self._zero_ms = cloud_time_ms - round(self._clock.monotonic() * 1000)
        self._token = ""
        return True

    def _still_good(self) -> bool:
        """By both clocks: a wall clock that was set since makes a new token, too."""
        longest = HUB_TOKEN_LIFE_S - RENEWED_BEFORE_S
        by_wall = (self._now_ms() - self._made_ms) / 1000
        return self._clock.monotonic() - self._made_at < longest and 0 <= by_wall < longest

    def _now_ms(self) -> int:
        if self._zero_ms is None:
            return self._clock.now_ms()
        return self._zero_ms + round(self._clock.monotonic() * 1000)
