"""Renders, checks and publishes the sample fleet through the real command line, and shows the result of one request.

``make demo`` runs this program. It fails on an unexpected result, such as an error in the sample fleet, or a bad request
that is not refused. The two halves are independent and run at the same time. The output of the second half,
``demo.py story``, follows that of the first.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT: Final = Path(__file__).resolve().parent.parent
SAMPLES: Final = ROOT / "tests" / "requests"
OUT: Final = ROOT / "build" / "demo"
FLEET_REPOSITORY: Final = ROOT / "build" / "demo-fleet"
CHANGE: Final = ROOT / "build" / "demo-change" / "vision.yaml"
PIPELINE: Final = ROOT / "templates" / "model-pipeline" / "examples" / "job-with-a-snapshot"
MODELS: Final = ROOT / "build" / "demo-models"
ADA: Final = ("--author", "Ada <ada@northwind.example>")
COMMAND: Final = Path(sys.executable).with_name("goldenpath")
SHOWN_IN_FULL: Final = "vision"
RETIRED: Final = "no"
SERVICE: Final = "services/assistant.yaml"
FLEET: Final = ("--fleet", "goldenpath.yaml")
STORY: Final = "story"
COLOURED: Final = bool(
    os.environ.get("FORCE_COLOR") or (sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
)
SHOWN_PROBLEMS: Final = 3
SHOWN_BODY_LINES: Final = 45

BOLD, DIM, RED, GREEN, YELLOW = "1", "2", "31", "32", "33"


@dataclass(frozen=True)
class Ran:
    """A finished command."""

    line: str
    code: int
    out: str
    err: str


def main() -> None:
    if sys.argv[1:] == [STORY]:
        tell_story()
        return
    environment = {**os.environ, **({"FORCE_COLOR": "1"} if COLOURED else {})}
    command = [sys.executable, __file__, STORY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as story:
        try:
            summary = show_samples()
            output, _ = story.communicate()
        except BaseException:
            story.kill()
            raise
    print(output, end="")
    if story.returncode:
        sys.exit(story.returncode)
    heading("Summary")
    for name, value in summary.items():
        print(f"  {name:<18}{value:>6}")


def samples() -> list[str]:
    """The sample requests, the fleet first."""
    names = (path.name for path in SAMPLES.glob("*.yaml"))
    return sorted(names, key=lambda name: (name != FLEET[1], name))


def show_samples() -> Mapping[str, int]:
    """Render and check the sample fleet, show refused requests, and return the counts."""
    shutil.rmtree(OUT, ignore_errors=True)
    shown = OUT.relative_to(ROOT)
    heading("Render what the clusters share, and every tenant")
    with ThreadPoolExecutor(2) as pool:
        renders = [("render", name, *FLEET, "--out", str(OUT)) for name in samples()]
        list(pool.map(lambda words: expect(goldenpath(*words), 0), renders))
    files = sorted(path.relative_to(OUT).as_posix() for path in OUT.rglob("*") if path.is_file())

    heading(f"The fleet repository, in {shown}/ ({len(files)} files)")
    print("\n".join(tree(files)))

    heading("Check the requests in it, and every object")
    report = check(OUT)
    for finding in report["findings"]:
        print(f"  {severity(finding['severity'])}  {finding['object']}: {finding['message']}")
        print(f"           {paint('Fix:', BOLD)} {finding['fix']}")

    heading("Requests that are refused, with every problem at once")
    refused = sorted(path.name for path in (SAMPLES / "refused").glob("*.yaml"))
    show_refusals(expect(goldenpath("check", "refused", *FLEET), 2), refused)

    counts = report["summary"]
    return {
        "tenants": counts["requests"],
        "clusters": len({path.split("/")[1] for path in files if path.startswith("clusters/")}),
        "files": len(files),
        "objects checked": counts["objects"],
        **{name: counts[name] for name in ("errors", "warnings", "notes")},
        "requests refused": len(refused),
    }


def tell_story() -> None:
    """Show a fleet repository from its first commit to a retired tenant, with a pull request for a change."""
    _, *requests = samples()
    shutil.rmtree(FLEET_REPOSITORY, ignore_errors=True)
    repository = ("--repo", str(FLEET_REPOSITORY), *ADA)
    heading("A fleet repository: the requests become commits")
    expect(goldenpath("fleet", "init", str(FLEET_REPOSITORY), *FLEET, "--forge", "github", *ADA), 0)
    for name in requests:
        expect(goldenpath("publish", name, *repository), 0)
    publish_again(requests[0], repository)
    expect(goldenpath("fleet", "validate", *repository[:2]), 0)

    heading("A change of one request, as the body of its pull request")
    CHANGE.parent.mkdir(parents=True, exist_ok=True)
    text = (SAMPLES / f"{SHOWN_IN_FULL}.yaml").read_text(encoding="utf-8")
    CHANGE.write_text(text.replace("quota: 8", "quota: 12"), encoding="utf-8")
    body = expect(goldenpath("plan", str(CHANGE), *repository[:2], "--format", "markdown"), 0).out
    print("\n".join(f"  {line}" for line in body.splitlines()[:SHOWN_BODY_LINES]))
    expect(goldenpath("publish", str(CHANGE), *repository, "--pull-request"), 0)

    heading("Retire a tenant: its workloads stop first")
    expect(goldenpath("retire", RETIRED, *repository), 0)

    serve_a_model(repository)
    prove_a_model()

    heading("The tenants of the fleet")
    print(expect(goldenpath("fleet", "list", *repository[:2]), 0).out)

    heading("The history in Git")
    log = ("git", "-C", str(FLEET_REPOSITORY), "log", "--all", "--graph", "--format=%h %an: %s%d")
    print(subprocess.run(log, capture_output=True, text=True, check=True).stdout)


def publish_again(file: str, repository: Sequence[str]) -> None:
    again = expect(goldenpath("publish", file, *repository), 0)
    if "Nothing to commit" not in again.out:
        fail(f"`{again.line}` committed the same request again:\n{again.out}")
    print("  The same request again: nothing to commit.")


def serve_a_model(repository: Sequence[str]) -> None:
    """Publish a workload. The accelerators of its server follow from the model, and its scaler from the goal."""
    heading("A tenant serves a model: one request, and its result")
    print("\n".join(f"  {line}" for line in (SAMPLES / SERVICE).read_text(encoding="utf-8").splitlines()))
    expect(goldenpath("publish", SERVICE, *repository), 0)
    publish_again(SERVICE, repository)
    home = FLEET_REPOSITORY / "tenants" / SHOWN_IN_FULL / "workloads" / Path(SERVICE).stem
    table, _, asked = (home / "README.md").read_text(encoding="utf-8").partition("## Ask it")
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    command = asked.split("```sh\n", 1)[1].split("```", 1)[0]
    if not rows or "/v1/chat/completions" not in command:
        fail(f"{home}/README.md has no command for a request to the model")
    print("\n".join(f"  {line}" for line in [*rows, "", *command.splitlines()]))


def prove_a_model() -> None:
    """Hash a dataset before training, sign the run, and trace a serving Pod back to the dataset."""
    heading("A pipeline proves its inputs: from a Pod back to its dataset")
    shutil.rmtree(MODELS, ignore_errors=True)
    shutil.copytree(PIPELINE, MODELS)
    data, bundles, record = MODELS / "shelves", MODELS / "bundles", MODELS / "record"
    fleet, request, run, served = (
        MODELS / name for name in ("fleet.yaml", "spec.yaml", "run.yaml", "chat.yaml")
    )
    for folder in (data, bundles):
        folder.mkdir()
    (data / "a.csv").write_text("one\n", encoding="utf-8")
    (data / "b.csv").write_text("two\n", encoding="utf-8")
    digest = json.loads(expect(goldenpath("dataset", "hash", str(data), "--format", "json"), 0).out)["digest"]
    with_digest = re.sub(r"(?<=digest: )sha256:[0-9a-f]{64}", digest, request.read_text(encoding="utf-8"))
    request.write_text(with_digest, encoding="utf-8")
    key = ec.generate_private_key(ec.SECP256R1())
    signing = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (MODELS / "key.pem").write_bytes(key.private_bytes(*signing))
    document = kubeyaml.load_file(fleet)
    document["provenance"]["keys"] = [
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    ]
    fleet.write_text(kubeyaml.dump(document), encoding="utf-8")
    of_fleet = ("--fleet", str(fleet))
    expect(goldenpath("render", str(request), *of_fleet, "--out", str(MODELS / "rendered")), 0)
    hashing = ("lineage", "record", f"--tree=dataset-shelves={data}={digest}", "--to", str(record))
    expect(goldenpath(*hashing), 0)

    job = kubeyaml.load_file(next((MODELS / "rendered").rglob("run.yaml")))
    run.write_text(kubeyaml.dump(finished(job, record.read_text(encoding="utf-8"))), encoding="utf-8")
    signed = ("lineage", "attest", str(run), *of_fleet, "--key", str(MODELS / "key.pem"))
    said = expect(goldenpath(*signed, "--out", str(bundles / "labels.json"), "--format", "json"), 0).out
    volume = {"name": "model", "image": {"reference": json.loads(said)["model"]}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "chat", "namespace": "vision"}}
    server = {"name": "server", "image": "registry.example.org/server:1"}
    served.write_text(
        kubeyaml.dump({**pod, "spec": {"containers": [server], "volumes": [volume]}}), encoding="utf-8"
    )
    shown = expect(goldenpath("lineage", "show", str(served), *of_fleet, "--bundles", str(bundles)), 0).out
    if digest not in shown:
        fail(f"the Pod does not lead to its dataset:\n{shown}")
    print("\n".join(f"  {line}" for line in shown.splitlines()))
    (data / "a.csv").write_text("other\n", encoding="utf-8")
    print(f"  {paint(expect(goldenpath(*hashing), 1).err.strip(), RED)}")


def finished(job: Mapping[str, Any], record: str) -> dict[str, Any]:
    """The Pod of a Job as the API server shows it after the run, with the termination message of each container."""
    spec = job["spec"]["template"]["spec"]

    def ended(container: Mapping[str, Any], message: str) -> dict[str, Any]:
        state = {"terminated": {"exitCode": 0, "message": message}}
        return {"name": container["name"], "imageID": container["image"], "restartCount": 0, "state": state}

    status = {
        "phase": "Succeeded",
        "initContainerStatuses": [ended(spec["initContainers"][0], record)],
        "containerStatuses": [ended(spec["containers"][0], f"sha256:{'7' * 64}")],
    }
    metadata = {"name": "labels-0", "namespace": "vision", "uid": "1"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def goldenpath(*arguments: str) -> Ran:
    """Run the real command among the sample requests."""
    done = subprocess.run([COMMAND, *arguments], cwd=SAMPLES, capture_output=True, text=True, check=False)
    line = shlex.join(("goldenpath", *arguments)).replace(f"{ROOT}/", "")
    print(paint(f"  $ {line}", DIM))
    return Ran(line, done.returncode, done.stdout, done.stderr)


def expect(ran: Ran, code: int) -> Ran:
    if ran.code != code:
        fail(f"`{ran.line}` ended with {ran.code} instead of {code}:\n{ran.out}{ran.err}")
    return ran


def check(folder: Path) -> Mapping[str, Any]:
    ran = expect(goldenpath("check", str(folder), *FLEET, "--format", "json"), 0)
    report: Mapping[str, Any] = json.loads(ran.out)
    if report["problems"] or not report["summary"]["requests"] or not report["summary"]["objects"]:
        fail(f"`{ran.line}` refused a request, or checked none:\n{ran.out}")
    return report


def show_refusals(ran: Ran, files: Sequence[str]) -> None:
    """Print the first problems of each file. Every file must have problems."""
    _, *parts = ran.err.split("refused: ")
    accepted = set(files) - {part.split(":")[0].rpartition("/")[2] for part in parts}
    if accepted:
        fail(f"{', '.join(sorted(accepted))} must be refused, but was accepted")
    for part in parts:
        title, *problems = part.strip().splitlines()
        print(f"  {paint(title, RED)}")
        for problem in problems[:SHOWN_PROBLEMS]:
            print(f"  {problem}")
        if len(problems) > SHOWN_PROBLEMS:
            print(paint(f"    … and {len(problems) - SHOWN_PROBLEMS} more", DIM))


def tree(files: Sequence[str]) -> Iterator[str]:
    """The folders with the number of their files, and the files of one tenant."""
    folders: dict[str, list[str]] = {}
    for path in files:
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, []).append(name)
    for folder, names in folders.items():
        full = folder.endswith(f"/{SHOWN_IN_FULL}")
        print_names = "" if full or len(names) > SHOWN_PROBLEMS else f"  {', '.join(names)}"
        yield f"  {folder + '/':<45}{len(names):>3}{paint(print_names, DIM)}"
        yield from (f"      {name}" for name in names if full)


def severity(name: str) -> str:
    return paint(f"{name:<7}", {"error": RED, "warning": YELLOW}.get(name, GREEN))


def heading(text: str) -> None:
    print(f"\n{paint(text, BOLD)}", flush=True)


def paint(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if COLOURED and text else text


def fail(message: str) -> NoReturn:
    sys.exit(f"{paint('The demo found something unexpected.', RED)}\n{message}")


if __name__ == "__main__":
    main()
