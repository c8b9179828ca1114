"""Runs the linters of other projects on all rendered files: the sample fleet, and every example.

Usage: second_opinions.py [--budget SECONDS] JUDGE=PROGRAM...   (checkov, kube-score, kubeconform, trivy)

Each finding is either fixed, or listed with a reason in second-opinions.yaml. The run fails on a finding that is not
listed, and on a listed finding that no judge reports any more. The output names each judge whose program is missing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.fleet import Fleet, Submission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "golden"))
from stories import stories  # noqa: E402 - the examples, as the golden tests know them

LISTED: Final = Path(__file__).with_name("second-opinions.yaml")
SCHEMAS: Final = (
    ".venv-opinions/lib/python3*/site-packages/kubernetes_validate/kubernetes-json-schema/v1.36*-local-strict"
)
_OK: Final = 10
"""The grade of kube-score for a check without a finding."""
ANY: Final = "any"
"""Stands for every kind in the list."""
EXAMPLES: Final = "clusters/examples"
"""The folder of the examples, among the sample fleet's clusters."""
SAMPLES: Final = ROOT / "tests" / "requests"

Finding = tuple[str, str, str]
"""The judge, the check, and the kind of the object."""


def render(folder: Path) -> list[Path]:
    """Write the sample fleet with every request, and the examples of each golden path. Return the manifests."""
    with Fleet.create(folder, (SAMPLES / "goldenpath.yaml").read_text()) as fleet:
        requests = [file for file in sorted(SAMPLES.glob("*.yaml")) if file.name != "goldenpath.yaml"]
        fleet.publish(*map(Submission.read, requests))
        fleet.publish(*map(Submission.read, sorted((SAMPLES / "services").glob("*.yaml"))))
    subprocess.run(["git", "-C", folder, "reset", "-q", "--hard"], check=True)
    for story in stories():
        own = folder / EXAMPLES / story.name.replace("/", "-")
        for file in story.render().files:
            if file.path.startswith("clusters/"):
                place = own / file.path.removeprefix("clusters/")
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(file.text)
    return sorted((folder / "clusters").rglob("*.yaml"))


def checkov(program: str, folder: Path, _: list[Path]) -> Iterator[Finding]:
    """Run Checkov without its network, which it needs only for links to guidelines."""
    options = (
        "--framework",
        "kubernetes",
        "secrets",
        "-o",
        "json",
        "--quiet",
        "--compact",
        "--skip-download",
    )
    said = _json([program, "-d", folder / "clusters", *options])
    for part in said if isinstance(said, list) else [said]:
        for each in part.get("results", {}).get("failed_checks", ()):
            yield "checkov", each["check_id"], each["resource"].split(".")[0]


def kube_score(program: str, _: Path, files: list[Path]) -> Iterator[Finding]:
    """Run kube-score, and report the checks with a grade below "ok"."""
    for each in _json([program, "score", "--output-format", "json", *files]):
        for check in each["checks"]:
            if not check["skipped"] and check["grade"] < _OK:
                yield "kube-score", check["check"]["id"], each["type_meta"]["kind"]


def kubeconform(program: str, folder: Path, _: list[Path]) -> Iterator[Finding]:
    """Run kubeconform with the schemas of the package kubernetes-validate. They do not cover the kinds of add-ons."""
    schemas = next(ROOT.glob(SCHEMAS), None)
    if schemas is None:
        raise SystemExit(f"{SCHEMAS}: no schemas; install them with `make opinion-tools`")
    # The references point to paths of a server. In the copies they point to files.
    own = folder.parent / "schemas"
    own.mkdir()
    for file in schemas.glob("*.json"):
        (own / file.name).write_text(
            file.read_text().replace('"/api/_definitions.json', f'"{own.as_uri()}/_definitions.json')
        )
    place = f"{own}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    options = ("-output", "json", "-summary", "-ignore-missing-schemas", "-schema-location", place)
    said = _json([program, *options, folder / "clusters"])
    if not said["summary"]["valid"]:
        raise SystemExit("kubeconform checked no object")
    for each in said["resources"]:
        yield "kubeconform", each["status"], each["kind"]


def trivy(program: str, folder: Path, files: list[Path]) -> Iterator[Finding]:
    """Run Trivy's checks of Kubernetes in a small program around its scanner (``tools/trivy-config``).

    The scanner reports no kind, and wrong lines in files with comments. Each object therefore becomes one file in a folder
    with the name of its kind.
    """
    own = folder.parent / "objects"
    for number, file in enumerate(files):
        for place, body in enumerate(kubeyaml.load_all(file.read_text())):
            alone = own / str(body.get("kind", "none")) / f"{number}-{place}.yaml"
            alone.parent.mkdir(parents=True, exist_ok=True)
            alone.write_text(kubeyaml.dump(body))
    said = _json([program, own])
    if not said["judged"]:
        raise SystemExit("trivy checked no object")
    for each in said["findings"]:
        yield "trivy", each["check"], each["file"].partition("/")[0]


JUDGES: Final[dict[str, Callable[[str, Path, list[Path]], Iterator[Finding]]]] = {
    "checkov": checkov,
    "kube-score": kube_score,
    "kubeconform": kubeconform,
    "trivy": trivy,
}


def _json(command: list[Any]) -> Any:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise SystemExit(f"{command[0]} printed no JSON: {done.stderr[-2000:]}") from None


def main(words: list[str]) -> int:
    """Run every installed judge, and compare its findings with the list."""
    budget = float(words.pop(words.index("--budget") + 1)) if "--budget" in words else None
    programs = dict(word.split("=", 1) for word in words if "=" in word)
    started = time.monotonic()
    listed = {
        (each["judge"], each["check"], each["kind"]): each["why"] for each in kubeyaml.load_file(LISTED)
    }
    found: set[Finding] = set()
    asked: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "fleet"
        files = render(folder)
        for name, judge in JUDGES.items():
            program = programs.get(name, "")
            if not Path(program).is_file():
                print(f"NOT JUDGED by {name}: {program or 'its program'} does not exist")
                continue
            asked.append(name)
            found |= set(judge(program, folder, files))
    said = {(judge, check, kind) for each in found for judge, check, kind in (each, (*each[:2], ANY))}
    new = sorted(each for each in found if not {each, (*each[:2], ANY)} & set(listed))
    gone = sorted(each for each in listed if each[0] in asked and each not in said)
    for each in new:
        print(f"NEW: {' '.join(each)}: fix it, or list it with a reason in {LISTED.name}")
    for each in gone:
        print(f"GONE: {' '.join(each)}: remove it from {LISTED.name}")
    seconds = time.monotonic() - started
    print(
        f"{len(files)} files, judged by {', '.join(asked) or 'no judge'}: {len(found)} kinds of findings, {len(new)} new, {len(gone)} gone; {seconds:.0f} s"
    )
    if budget is not None and seconds > budget:
        print(f"longer than the budget of {budget:g} s")
        return 1
    return int(bool(new or gone or not asked))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
