"""A forge client of goldenpath with the played forge that answers it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from loopback_forges import Loopback
from played_forges import NAME, OWNER, TOKEN, Played

from goldenpath.forges import ClientOptions, Forge, RetryOptions, Token, forge_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from played_forges import Memory

NOW = 1_800_000_000.0
KNOWN_TOKEN = Token(TOKEN)


@dataclass
class Table:
    """A forge client and its played forge; ``waits`` are the requested sleeps in seconds."""

    played: Played
    server: Loopback
    waits: list[float] = field(default_factory=list)

    @property
    def memory(self) -> Memory:
        return self.played.memory

    @property
    def forge(self) -> Forge:
        return self.forge_with()

    def forge_with(
        self, *, token: Token | None = KNOWN_TOKEN, patience: RetryOptions | None = None, **more: Any
    ) -> Forge:
        options = ClientOptions(
            answer_timeout=more.pop("answer_timeout", 5.0),
            patience=patience or RetryOptions(),
            use_proxies=False,
            sleep=self.waits.append,
            clock=lambda: NOW,
            chance=lambda: 1.0,
        )
        remote = f"{self.server.url}/{OWNER}/{NAME}.git"
        forge = forge_of(remote, kind=self.played.kind, token=token, options=options, **more)
        assert forge is not None
        return forge


def table(played: Played) -> Iterator[Table]:
    with Loopback(played.base, played) as server:
        yield Table(played, server)
    assert server.problems == []
