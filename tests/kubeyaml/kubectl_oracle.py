"""The real kubectl's reading of YAML, recorded in ``oracle.json``.

``kubectl annotate --local -o json`` reads as every Kubernetes client and server does, and needs no server.
To add a case, add its source with ``null`` to ``oracle.json`` and run this file: it asks kubectl anew about
every case.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

RECORD = Path(__file__).with_name("oracle.json")
KUBECTL = shutil.which("kubectl")
REFUSED = {"refused": True}

_HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: case}\n"


def value_case(source: str) -> str:
    return f"{_HEAD}data:\n  k: {source}\n"


def key_case(source: str) -> str:
    return f"{_HEAD}data:\n  {source}: v\n"


def document_case(source: str) -> str:
    return f"{_HEAD}{source}"


CASES = {"values": value_case, "keys": key_case, "documents": document_case}


def ask(texts: list[str]) -> list[dict[str, Any]]:
    """What kubectl answers, ``{"is": body}`` or ``REFUSED``; many texts that it accepts cost one process."""
    whole = _run("---\n".join(texts))
    if whole is not None and len(whole) == len(texts):
        return [{"is": body} for body in whole]
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(pool.map(_ask_one, texts))


def _ask_one(text: str) -> dict[str, Any]:
    body = _run(text)
    return {"is": body[0]} if body else REFUSED


def _run(text: str) -> list[Any] | None:
    command = [KUBECTL, "annotate", "--local", "-f", "-", "-o", "json", "asked=yes"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False, timeout=120)
    if done.returncode:
        return None
    bodies, at, output = [], 0, done.stdout.decode()
    while match := re.compile(r"\s*").match(output, at):
        if match.end() == len(output):
            break
        body, at = json.JSONDecoder(parse_int=as_kubernetes_counts).raw_decode(output, match.end())
        bodies.append(_without_the_question(body))
    return bodies


def _without_the_question(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in {"apiVersion", "kind", "metadata"}}


def recorded() -> dict[str, Any]:
    """The answers on record, by group and source."""
    answers: dict[str, Any] = json.loads(RECORD.read_text(), parse_int=as_kubernetes_counts)
    return answers


def as_kubernetes_counts(digits: str) -> int | float:
    """Go prints a float without a point; beyond 64 bits it cannot have been an integer."""
    return int(digits) if -(2**63) <= int(digits) < 2**63 else float(digits)


def record() -> None:
    answers = recorded()
    for group, case in CASES.items():
        sources = list(answers[group])
        answers[group] = dict(zip(sources, ask([case(source) for source in sources]), strict=True))
    version = subprocess.run([KUBECTL, "version", "--client", "-o", "json"], capture_output=True, check=True)
    answers["kubectl"] = json.loads(version.stdout)["clientVersion"]["gitVersion"]
    RECORD.write_text(_one_case_a_line(answers))


def _one_case_a_line(answers: dict[str, Any]) -> str:
    groups = [f'"kubectl": {json.dumps(answers["kubectl"])}']
    for group in CASES:
        lines = ",\n".join(
            f"  {json.dumps(source)}: {json.dumps(answer)}" for source, answer in answers[group].items()
        )
        groups.append(f'"{group}": {{\n{lines}\n }}')
    return "{\n " + ",\n ".join(groups) + "\n}\n"


if __name__ == "__main__":
    if KUBECTL is None:
        sys.exit("kubectl is not on PATH")
    record()
