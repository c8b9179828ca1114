"""Options of the HTTP client for forges: time-outs, retries, and trusted certificates."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["ClientOptions", "RetryOptions"]


@dataclass(frozen=True, slots=True)
class RetryOptions:
    """Retries. Times are in seconds.

    ``budget`` bounds the total wait of one operation. If a forge asks for a longer wait, the operation fails.
    """

    attempts: int = 5
    first_wait: float = 0.5
    longest_wait: float = 20.0
    budget: float = 90.0

    def backoff(self, attempt: int, chance: float) -> float:
        """The wait after try number ``attempt`` (from 1). ``chance`` in [0, 1) is the jitter."""
        ceiling = min(self.longest_wait, self.first_wait * 2.0 ** (attempt - 1))
        return ceiling * (0.5 + chance / 2)


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """Options of the HTTP client. Times are in seconds.

    ``ca_bundle`` is a PEM file of certificates to trust in addition to the system's. ``use_proxies`` reads
    ``HTTPS_PROXY`` and similar variables. Tests replace ``sleep``, ``clock`` (seconds since 1970) and ``chance``, so that
    they do not wait.
    """

    connect_timeout: float = 10.0
    answer_timeout: float = 30.0
    patience: RetryOptions = field(default_factory=RetryOptions)
    ca_bundle: Path | None = None
    use_proxies: bool = True
    user_agent: str = "goldenpath"
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time
    chance: Callable[[], float] = random.random
