"""Streets of small simulated cameras, as the tests of the agent's front have them."""

from agent.front.conftest import film_cache, open_street

__all__ = ["film_cache", "open_street"]
