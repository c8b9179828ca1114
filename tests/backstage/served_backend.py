"""The backend in a thread of the test, with its own port and a client."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from goldenpath_backstage.server import new_server
from goldenpath_backstage.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import uvicorn

EVENTS = "application/x-ndjson"
REQUEST: dict[str, Any] = {
    "name": "vision",
    "owner": "vision-team",
    "clusters": ["eu-train-1"],
}


@dataclass
class Served:
    """A running backend."""

    url: str
    server: uvicorn.Server

    def client(self, token: str | None = None, **options: Any) -> httpx.Client:
        headers = {"accept": EVENTS, **({"authorization": f"Bearer {token}"} if token else {})}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False, **options)

    def get(self, path: str, token: str | None = None, **options: Any) -> httpx.Response:
        with self.client(token) as client:
            return client.get(path, **options)

    def post(self, path: str, token: str | None = None, **options: Any) -> httpx.Response:
        with self.client(token) as client:
            return client.post(path, **options)

    def run(self, action: str, given: Any, *, token: str | None = None, **more: Any) -> Run:
        headers = more.pop("headers", {})
        body = {"input": given, **more}
        answer = self.post(f"/v1/actions/goldenpath:{action}/runs", token, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == EVENTS
        return Run([json.loads(line) for line in answer.text.splitlines()])

    def sample(self, name: str) -> float:
        """The value of a sample in the metrics, with its labels as Prometheus writes them."""
        for line in self.get("/metrics").text.splitlines():
            if line.startswith(f"{name} "):
                return float(line.rsplit(" ", 1)[1])
        return 0.0


@dataclass
class Run:
    """The events of a run."""

    events: list[dict[str, Any]]

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1]

    @property
    def is_done(self) -> bool:
        return self.last == {"type": "done"}

    @property
    def problem(self) -> dict[str, Any]:
        assert self.last["type"] == "error", self.last
        return self.last["problem"]

    @property
    def problems(self) -> list[tuple[str, str]]:
        return [(each["path"], each["rule"]) for each in self.problem["problems"]]

    @property
    def files(self) -> dict[str, str]:
        return {each["path"]: each["content"] for each in self.events if each["type"] == "file"}

    @property
    def removed(self) -> list[str]:
        return [each["path"] for each in self.events if each["type"] == "removed"]

    @property
    def outputs(self) -> dict[str, Any]:
        return {each["name"]: each["value"] for each in self.events if each["type"] == "output"}

    @property
    def log(self) -> str:
        return "\n".join(each["message"] for each in self.events if each["type"] == "log")


@contextlib.contextmanager
def serving(document: dict[str, Any], *, fleet: Any = None, forge: Any = None) -> Iterator[Served]:
    """The backend with these settings, until the end of the block."""
    settings = read_settings(None, environment={}, changes={"database": "sqlite://", "port": 0, **document})
    server = new_server(settings, fleet=fleet, forge=forge)
    thread = threading.Thread(target=server.run, name="backend")
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        assert server.started, "the backend did not start; its log says why"
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Served(f"http://127.0.0.1:{port}", server)
    finally:
        server.should_exit = True
        thread.join()
