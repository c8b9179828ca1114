"""`goldenpath schemas import` from a real API server gives the same verdicts as shipped schemas."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from stories import stories
from verb_clusters import kubeconfig

from goldenpath.check import Schemas
from goldenpath.check.schema_checks import check_schema
from goldenpath.check.schema_store import known_kinds
from goldenpath.cli.root_command import cli


@pytest.fixture(scope="module")
def imported(custom_resources, tmp_path_factory):
    folder = tmp_path_factory.mktemp("imported")
    config = kubeconfig(custom_resources, folder)
    arguments = ("schemas", "import", "--context", "test", "--kubeconfig", config, "--out", str(folder / "s"))
    done = CliRunner().invoke(cli, arguments, prog_name="goldenpath")
    assert done.exit_code == 0, done.output
    return Schemas.of_folders(folder / "s")


def custom_kinds():
    return [known for known in known_kinds() if "." in known.partition("/")[0] and ".k8s.io/" not in known]


@pytest.mark.parametrize("known", custom_kinds())
def test_a_kind_of_the_cluster_has_the_schema_that_ships(imported, known):
    """The server normalises what it stores: equal schemas say that nothing was lost on the way."""
    api_version, _, kind = known.rpartition("/")

    assert imported.schema_for(api_version, kind) == Schemas().schema_for(api_version, kind)


@pytest.mark.parametrize("story", stories(), ids=lambda story: story.name)
def test_an_example_is_as_good_by_the_schemas_of_the_cluster(imported, story):
    assert list(check_schema(story.render().objects(), imported)) == []
