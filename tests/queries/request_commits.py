"""Fleet repositories that hold requests and nothing that was rendered from them: made at once, for searches."""

from __future__ import annotations

import random
import subprocess
from typing import TYPE_CHECKING, Any

import small_requests

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FLEET: dict[str, Any] = {
    **small_requests.fleet(),
    "clusters": {
        "berlin": {
            "region": "eu",
            "kubernetes": "1.36",
            "accelerators": [
                {"profile": "nvidia-h100-80gb", "count": 9000},
                {"profile": "nvidia-a100-80gb", "count": 9000},
            ],
        },
        "austin": {
            "region": "us",
            "kubernetes": "1.36",
            "accelerators": [{"profile": "nvidia-h100-80gb", "count": 9000}],
        },
    },
}


def commit_files(place: Path, files: Mapping[str, str]) -> None:
    """A new bare repository whose only commit has these files."""
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(place)], check=True)
    who = "committer Ada <ada@example.org> 1700000000 +0000"
    parts = [f"commit refs/heads/main\n{who}\ndata 5\nfirst\n".encode()]
    for path, text in files.items():
        data = text.encode()
        parts.append(f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n")
    subprocess.run(["git", "-C", str(place), "fast-import", "--quiet"], input=b"".join(parts), check=True)


def commit_requests(place: Path, requests: list[dict[str, Any]]) -> None:
    """A new bare fleet repository with these tenants' requests."""
    files = {f"tenants/{each['name']}/tenant.yaml": kubeyaml.dump(each) for each in requests}
    commit_files(place, {"goldenpath.yaml": kubeyaml.dump(FLEET), **files})


def some_requests(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Requests that differ in what expressions ask: each field is set in some and not in others."""
    rng = random.Random(seed)
    return [_request(f"team-{number:05d}", rng) for number in range(count)]


def _request(name: str, rng: random.Random) -> dict[str, Any]:
    clusters = rng.choice([["berlin"], ["austin"], ["berlin", "austin"]])
    request: dict[str, Any] = {"golden_path": "tenant/v1", "name": name, "owner": rng.choice(["red", "blue"])}
    request |= {"clusters": clusters} if rng.random() < 0.7 else {"placement": {"regions": ["eu"]}}
    if rng.random() < 0.5:
        request["environment"] = rng.choice(["production", "staging", "test"])
    if rng.random() < 0.5:
        request["cost_center"] = rng.choice(["cc-1", "cc-2"])
    if rng.random() < 0.6:
        request["compute"] = {"memory": rng.choice(["64Gi", "1Ti", "512Gi"]), "pods": rng.choice([10, 200])}
    if rng.random() < 0.7:
        request["gpus"] = [{"profile": "nvidia-h100-80gb", "quota": rng.randrange(1, 9)}]
        if "berlin" in request.get("clusters", ["berlin"]) and rng.random() < 0.5:
            request["gpus"].append({"profile": "nvidia-a100-80gb", "quota": 1, "clusters": ["berlin"]})
    return request
