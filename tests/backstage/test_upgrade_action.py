"""``goldenpath:upgrade`` on a real Git repository: permissions, dry run, and commit."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from plain_git import file_at
from sample_callers import ADMIN, TOKENS, VISION
from small_requests import sample

from goldenpath import kubeyaml
from goldenpath.fleet import Fleet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from served_backend import Served


OTHER = "other-" + "o" * 40


def test_a_team_upgrades_only_its_own_tenant(serve: Callable[..., Served], repository: Path) -> None:
    with Fleet.open(repository) as fleet:
        fleet.publish(
            {**kubeyaml.load(file_at(repository, "goldenpath.yaml")), "golden_paths": {"tenant/v1": "1.0.0"}}
        )
    other = {
        "name": "other",
        "sha256": hashlib.sha256(OTHER.encode()).hexdigest(),
        "role": "requester",
        "groups": ["b"],
    }
    backend = serve(tokens=[*TOKENS, other])
    asked = {"golden_path": "tenant/v1", "values": sample("vision.yaml")}
    assert backend.run("publish", asked, token=ADMIN).is_done

    def version() -> str:
        return str(json.loads(file_at(repository, "tenants/vision/goldenpath.lock"))["version"])

    assert version() == "1.0.0"
    wanted = {"goldenPath": "tenant/v1", "name": "vision", "to": "1.1.0", "delivery": "commit"}
    assert not backend.run("upgrade", wanted, token=OTHER).is_done
    dry = backend.run("upgrade", wanted, token=VISION, dryRun=True)
    assert dry.is_done, dry.last
    assert version() == "1.0.0"
    done = backend.run("upgrade", wanted, token=VISION)
    assert done.is_done, done.last
    assert version() == "1.1.0"
