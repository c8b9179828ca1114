"""Measures the CPU seconds to pack and sign a fleet's tenants, and compares them with tar, gzip and openssl.

    python benchmarks/artifact_packing.py                    # 1,000 tenants
    python benchmarks/artifact_packing.py --tenants 200 --peer 50

Each tenant has the files that the golden path `tenant` renders, under its own name. Every side writes an archive and an
ECDSA signature on P-256 of its digest. Goldenpath also writes a configuration, a manifest and a bundle. The shell script
runs one process for each step, as in CI, so most of its time is the start of programs. The line with tarfile and gzip
shows the cost of the same steps in one process.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from process_figures import cpu_seconds

from goldenpath import kubeyaml
from goldenpath.artifacts.artifact import Artifact, ArtifactSource
from goldenpath.pipeline import Pipeline, load
from goldenpath.signatures.bundle import signed_bundle
from goldenpath.signatures.signing_keys import SigningKey
from goldenpath.spec.parse import parse_fleet
from goldenpath.spec.ref import Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SAMPLES = Path(__file__).resolve().parent.parent / "tests" / "requests"

SCRIPT = """\
set -e
for folder in "$1"/*/; do
  name="${folder%/}"
  tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=0644 -C "$folder" -cf - . | gzip -n > "$name.tgz"
  openssl dgst -sha256 -sign "$2" -out "$name.sig" "$name.tgz"
done
"""
WHEN = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)


def rendered() -> dict[str, str]:
    """The files of one tenant's folder on a cluster."""
    fleet = parse_fleet(kubeyaml.load_file(SAMPLES / "goldenpath.yaml"))
    pipeline = Pipeline(fleet)
    files = pipeline.run(load(SAMPLES / "vision.yaml", fleet=fleet)).manifests.files
    cluster = next(file.path for file in files if file.path.startswith("clusters/")).split("/")[1]
    inside = "/tenants/vision/"
    return {
        file.path.partition(inside)[2]: file.text
        for file in files
        if file.path.startswith(f"clusters/{cluster}/") and inside in file.path
    }


def folders(number: int) -> list[tuple[str, dict[str, bytes]]]:
    one = rendered()
    named = [f"team-{each}" for each in range(number)]
    return [
        (name, {path: text.replace("vision", name).encode() for path, text in one.items()}) for name in named
    ]


def ours(tenants: Sequence[tuple[str, dict[str, bytes]]], key: SigningKey) -> int:
    """Pack and sign the tenants, and return the number of bytes."""
    size = 0
    for name, files in tenants:
        source = ArtifactSource(Ref.of_tenant(name), "berlin", "a" * 40, "b" * 40, WHEN)
        artifact = Artifact(source, files)
        bundle = signed_bundle(artifact.signature, key)
        size += (
            len(artifact.layer.data)
            + len(artifact.config.data)
            + len(artifact.manifest.data)
            + len(bundle.data)
        )
    return size


def in_one_process(tenants: Sequence[tuple[str, dict[str, bytes]]], key: SigningKey) -> int:
    """Pack with tarfile and gzip of Python, and sign without a bundle."""
    size = 0
    for _, files in tenants:
        output = io.BytesIO()
        with tarfile.open(fileobj=output, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for path, data in sorted(files.items()):
                info = tarfile.TarInfo(path)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        packed = gzip.compress(output.getvalue(), mtime=0)
        size += len(packed) + len(key.sign(hashlib.sha256(packed).digest()).value)
    return size


def by_programs(tenants: Sequence[tuple[str, dict[str, bytes]]], key: SigningKey) -> int:
    with tempfile.TemporaryDirectory(prefix="gp-") as name:
        root = Path(name)
        (root / "key.pem").write_bytes(
            key.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        place = root / "tenants"
        for tenant, files in tenants:
            for path, data in files.items():
                file = place / tenant / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
        subprocess.run(["bash", "-c", SCRIPT, "bench", str(place), str(root / "key.pem")], check=True)
        return sum(file.stat().st_size for file in place.glob("*.*"))


def measure(work: Callable[[], int]) -> dict[str, float]:
    """CPU and wall seconds of this process and its children."""
    before, started = cpu_seconds(), time.perf_counter()
    size = work()
    return {"cpu_s": cpu_seconds() - before, "wall_s": time.perf_counter() - started, "bytes": size}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument(
        "--peer", type=int, default=100, help="tenants of the peers; the table scales them up"
    )
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds; the best one counts")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    tenants = folders(options.tenants)
    key = SigningKey(ec.generate_private_key(ec.SECP256R1()))
    some = tenants[: options.peer]
    found = {}
    for name, work, group in (
        ("goldenpath", ours, tenants),
        ("tarfile + gzip + cryptography", in_one_process, some),
        ("tar | gzip, openssl", by_programs, some),
    ):
        rounds = [measure(partial(work, group, key)) for _ in range(options.rounds)]
        best = min(rounds, key=lambda each: each["cpu_s"])
        scale = options.tenants / len(group)
        found[name] = {each: value * scale for each, value in best.items()}
    if options.json:
        print(json.dumps({"tenants": options.tenants, "results": found}, indent=2))
        return
    files = len(tenants[0][1])
    print(f"{options.tenants:,} tenants of {files} files, packed and signed (best of {options.rounds}):")
    for name, each in found.items():
        print(
            f"  {name:<31} {each['cpu_s']:>7.2f} s CPU {each['wall_s']:>7.2f} s wall {each['bytes'] / 1e6:>8.1f} MB"
        )


if __name__ == "__main__":
    main()
