"""Build the parts of `make test-cluster`: Kubernetes, the controllers and the CRDs of `assets/versions.toml`.

Everything is built from Go modules, into $KUBEBUILDER_ASSETS and a folder of the user's cache, with the version in each
name; etcd is Debian's. What is there already is kept: the first time takes an hour on two cores and some 15 GB for
Go's caches, every other time a second. Standard library only, and any Python from 3.11.

    build_assets.py             all of it
    build_assets.py NAME...     some: names of the table, `etcd`, `crds`
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from components import Component, components, from_modules, kubernetes

if TYPE_CHECKING:
    from collections.abc import Sequence

_CRD_NAME = re.compile(r"^  name: (\S+)$", re.MULTILINE)


_SECONDS_BETWEEN_SIGNS_OF_LIFE = 30


class UnavailableError(Exception):
    """Something is not to be had here; the message says what, and what answered so."""


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(wanted: Sequence[str]) -> int:
    every = components()
    names = list(wanted) or ["etcd", *(name for name, one in every.items() if one.build), "crds"]
    if unknown := [name for name in names if name not in {*every, "etcd", "crds"}]:
        say(f"no such part: {', '.join(unknown)}")
        return 2
    failed = []
    for name in names:
        try:
            if name == "etcd":
                provide_etcd(kubernetes())
            elif name == "crds":
                take_from_modules(from_modules())
            else:
                build(every[name])
        except UnavailableError as error:
            failed.append(name)
            say(f"{name} is not to be had: {error}")
    if failed:
        say(f"without {', '.join(failed)}: the tests that need it are skipped")
    return 1 if failed else 0


def build(component: Component) -> None:
    """Build the programs that are missing.

    Raises:
        UnavailableError: there is no Go, or the module proxy or the compiler refused.
    """
    missing = component.missing()
    if not missing:
        say(f"{component.name} {component.version}: there")
        return
    say(f"{component.name} {component.version}: building {', '.join(missing)}")
    component.folder.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    for name in missing:
        # Beside the goal, so that nothing half-written is ever taken for a program.
        part = component.program(f".{name}")
        go(
            "build",
            "-v",  # tells each package: the signs of life
            "-trimpath",
            "-ldflags",
            _link_flags(component),
            "-o",
            str(part),
            component.build[name],
            folder=component.source,
            cgo=component.cgo,
        )
        part.rename(component.program(name))
    say(f"{component.name} {component.version}: built in {time.monotonic() - start:.0f} s")


def _link_flags(component: Component) -> str:
    """Without symbols; and Kubernetes told its version, by which clients and feature gates go: else it is v0.0.0."""
    flags = "-s -w"
    if component.name == "kubernetes":
        major, minor, _ = component.version[1:].split(".")
        for package in ("k8s.io/client-go/pkg/version", "k8s.io/component-base/version"):
            for field, value in (("Version", component.version), ("Major", major), ("Minor", minor)):
                flags += f" -X {package}.git{field}={value}"
    return flags


def go(*words: str, folder: Path, cgo: bool = False) -> str:
    """Run Go behind everything else that the machine does, with a sign of life now and then.

    Raises:
        UnavailableError: with what Go said last, where it failed: that is what the proxy or the compiler answered.
    """
    command = shutil.which("go")
    if command is None:
        raise UnavailableError("Go is not installed (https://go.dev/dl)")
    if nice := shutil.which("nice"):
        words = ("-n", "19", command, *words)
        command = nice
    settings = {**os.environ, "CGO_ENABLED": "1" if cgo else "0", "GOWORK": "off"}
    said: list[str] = []
    reported = time.monotonic()
    with (
        tempfile.TemporaryFile("w+") as output,
        subprocess.Popen(
            [command, *words],
            cwd=folder,
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
        ) as running,
    ):
        for line in running.stderr or ():
            said.append(line.rstrip())
            if time.monotonic() > reported + _SECONDS_BETWEEN_SIGNS_OF_LIFE:
                reported = time.monotonic()
                say(f"  … {len(said)}: {said[-1]}")
        failed = running.wait()
        output.seek(0)
        printed = output.read()
        if failed:
            said += printed.splitlines()  # with -json, errors are in there
            last = [line for line in said if not line.startswith("go: downloading")][-8:]
            raise UnavailableError("\n  ".join(["Go said:", *last]))
        return printed


def provide_etcd(folder: Path) -> None:
    """A link to the machine's etcd, or Debian's, unpacked: that needs no root, and starts no service.

    Raises:
        UnavailableError: neither is there.
    """
    goal = folder / "etcd"
    if not os.access(goal, os.X_OK):
        folder.mkdir(parents=True, exist_ok=True)
        goal.unlink(missing_ok=True)
        if found := os.environ.get("ETCD") or shutil.which("etcd"):
            goal.symlink_to(Path(found).resolve())
        else:
            _unpack_etcd(goal)
    say("etcd: there")


def _unpack_etcd(goal: Path) -> None:
    advice = "apt-get install etcd-server as root, or name a binary: ETCD=/path/to/etcd make cluster-assets"
    with tempfile.TemporaryDirectory() as folder:
        said = ""
        # The lists of packages may never have been fetched on this machine; only root may fetch them.
        for words in (["download", "etcd-server"], ["update"], ["download", "etcd-server"]):
            said = _run("apt-get", "--quiet", "--quiet", *words, folder=folder) or said
            if archives := list(Path(folder).glob("etcd-server_*.deb")):
                said = _run("dpkg-deb", "--extract", archives[0].name, ".", folder=folder)
                break
        unpacked = Path(folder, "usr/bin/etcd")
        if not unpacked.is_file():
            raise UnavailableError(f"{said or 'Debian has no etcd-server'}; {advice}")
        shutil.copy2(unpacked, goal)


def _run(*words: str, folder: str) -> str:
    """Run a command; what it said last where it failed, or that it is not there."""
    try:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return f"there is no {words[0]}"
    return f"{words[0]} said: {' '.join(done.stderr.split())}" if done.returncode else ""


def take_from_modules(goal: Path) -> None:
    """The CRDs of all projects, each file named after its CRD, and the other files of the table.

    Raises:
        UnavailableError: the module proxy refused one of them, or served something else than is pinned.
    """
    if goal.is_dir():
        say("crds: there")
        return
    goal.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=goal.parent) as name:
        for component in components().values():
            if component.crds or component.files:
                _take(component, _module(component), Path(name) / component.name)
        Path(name).chmod(0o755)
        Path(name).rename(goal)
        Path(name).mkdir()  # for who made it to remove
    say("crds: taken from the modules")


def _take(component: Component, module: Path, goal: Path) -> None:
    goal.mkdir()
    for file in sorted((module / component.crds).glob("*.yaml")) if component.crds else []:
        text = file.read_text(encoding="utf-8")
        found = _CRD_NAME.search(text)
        if found and "kind: CustomResourceDefinition" in text:
            (goal / f"{found[1]}.yaml").write_text(text, encoding="utf-8")
    for path in component.files:
        (goal / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(module / path, goal / path)


def _module(component: Component) -> Path:
    """The folder that Go has unpacked the module to."""
    named = f"{component.module}@{component.version}"
    if component.build:  # our own go.sum vouches for it
        reported = json.loads(go("mod", "download", "-json", component.module, folder=component.source))
    else:
        reported = json.loads(go("mod", "download", "-json", named, folder=Path(tempfile.gettempdir())))
        if reported["Sum"] != component.sum:
            raise UnavailableError(f"{named} has the sum {reported['Sum']}, and not {component.sum}")
    return Path(reported["Dir"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
