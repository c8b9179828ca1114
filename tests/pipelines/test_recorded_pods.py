"""`goldenpath check --bundles` judges recorded Pods, without a network, in the words of the table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from click.testing import CliRunner
from pipeline_requests import FLEET
from recorded_pods import good_bundle, models, pods

from goldenpath import kubeyaml
from goldenpath.cli.root_command import cli
from goldenpath.provenance.refusals import REFUSALS

if TYPE_CHECKING:
    from pathlib import Path

FEWEST = 60


def test_each_recorded_pod_gets_its_verdict_in_the_words_of_the_table(tmp_path: Path) -> None:
    objects, bundles, fleet = tmp_path / "pods", tmp_path / "bundles", tmp_path / "goldenpath.yaml"
    for folder in (objects, bundles):
        folder.mkdir()
    fleet.write_text(kubeyaml.dump(FLEET))
    (bundles / "good.json").write_bytes(good_bundle())
    expected: dict[str, str] = {}
    for model in models():
        for number, bundle in enumerate(model.bundles):
            (bundles / f"{model.name}-{number}.json").write_bytes(bundle)
        for pod in pods(model):
            name = pod["metadata"]["name"]
            (objects / f"{name}.yaml").write_text(kubeyaml.dump(pod))
            expected[f"Pod {name}"] = model.rule
    assert len(expected) >= FEWEST
    arguments = ["check", str(objects), "--fleet", str(fleet), "--bundles", str(bundles), "--format", "json"]
    result = CliRunner().invoke(cli, arguments, prog_name="goldenpath")
    found = [each for each in json.loads(result.stdout)["findings"] if each["rule"] in REFUSALS]
    said = {each["object"]: each for each in found}
    assert {name: said[name]["rule"] if name in said else "" for name in expected} == expected
    assert len(found) == len(said)
    for each in found:
        assert each["message"].startswith(REFUSALS[each["rule"]].message)
        assert each["fix"] == REFUSALS[each["rule"]].fix
    assert result.exit_code == 1
