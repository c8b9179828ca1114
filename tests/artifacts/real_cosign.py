"""The real cosign, built by tests/cluster/build_assets.py; it signs and verifies without the Internet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "cluster"))
from components import components

COMMAND = "python tests/cluster/build_assets.py cosign"


def missing_cosign() -> str:
    """Why cosign is not available; empty if it is."""
    return f"needs cosign: {COMMAND}" if components()["cosign"].missing() else ""


class Cosign:
    """Runs cosign with its own home folder, and only with the keys of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "signing-config.json"
        self.config.write_text('{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}')

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        # A proxy that refuses at once stands for a network without the Internet: cosign asks for public keys first.
        settings = {
            **os.environ,
            "HOME": str(self.folder),
            "TUF_ROOT": str(self.folder / "tuf"),
            "COSIGN_PASSWORD": "",
            "HTTPS_PROXY": "http://127.0.0.1:1",
            "NO_PROXY": "127.0.0.1",
        }
        command = [str(components()["cosign"].program()), *words]
        return subprocess.run(
            command, env=settings, cwd=self.folder, capture_output=True, text=True, timeout=120, check=False
        )

    def verify(self, image: str, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run("verify", "--insecure-ignore-tlog", *words, image)

    def sign(self, image: str, key: Path, *words: str) -> subprocess.CompletedProcess[str]:
        """Sign with a key of ours, which cosign takes into its own form first."""
        taken = self.run("import-key-pair", "--key", str(key), "--output-key-prefix", key.stem, "--yes")
        assert taken.returncode == 0, taken.stderr
        own = ("--key", f"{key.stem}.key", "--signing-config", str(self.config), "--yes")
        return self.run("sign", *own, *words, image)
