"""Passwords without the cost of hashing them; counts the work that is done."""


class FakePasswords:
    """Implements the port `Passwords`."""

    def __init__(self) -> None:
        self.verified = 0

    async def hash(self, password: str) -> str:
        return f"hash of {password}"

    async def verify(self, password_hash: str, password: str) -> bool:
        self.verified += 1
        return password_hash == f"hash of {password}"
