"""Kubeconfigs, contexts, completion, and messages of a base install."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from goldenpath.cli.root_command import cli
from goldenpath.cluster import connect, context_names
from goldenpath.errors import ClusterError, InputError

CONFIG = """\
apiVersion: v1
kind: Config
current-context: berlin
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: hush-hush}}]
contexts:
  - {name: berlin, context: {cluster: c, user: u}}
  - {name: boston, context: {cluster: gone, user: u}}
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    file = tmp_path / "config"
    file.write_text(CONFIG)
    monkeypatch.setenv("KUBECONFIG", str(file))
    return file


def test_the_contexts_of_several_files_are_one_list(config, tmp_path, monkeypatch):
    (tmp_path / "more").write_text("contexts: [{name: munich}, {name: berlin}]")
    monkeypatch.setenv("KUBECONFIG", f"{config}:{tmp_path / 'more'}:{tmp_path / 'absent'}")

    assert context_names() == ("berlin", "boston", "munich")


@pytest.mark.parametrize("text", ["", "- a", "contexts: 1", "contexts: [1, {name: 2}]"])
def test_an_invalid_kubeconfig_has_no_contexts(config, text):
    config.write_text(text)

    assert context_names() == ()


def test_a_missing_kubeconfig_is_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))

    with pytest.raises(InputError, match="no kubeconfig exists"):
        connect()


def test_a_context_that_is_not_there_is_reported_with_the_nearest(config):
    with pytest.raises(InputError) as raised:
        connect("berlni")

    assert raised.value.problems[0].nearest == "berlin"


def test_a_context_that_cannot_be_used_is_reported_in_one_line(config):
    with pytest.raises(ClusterError, match=r"^context boston cannot be used: [^\n]*gone[^\n]*$") as raised:
        connect("boston")

    assert "hush" not in str(raised.value)


def test_an_in_cluster_login_fails_outside_of_a_cluster():
    with pytest.raises(ClusterError, match="this Pod cannot be used"):
        connect(in_cluster=True)


def test_connecting_asks_nothing_of_the_server(config):
    with connect("berlin") as cluster:
        assert cluster.server == "https://127.0.0.1:1"


@pytest.mark.parametrize("command", [("diff",), ("apply",), ("status",), ("cluster", "inspect")])
def test_contexts_are_offered_on_tab(config, command):
    complete = ShellComplete(cli, {}, "goldenpath", "_GOLDENPATH_COMPLETE")

    offered = complete.get_completions([*command, "--context"], "b")

    assert [item.value for item in offered] == ["berlin", "boston"]


def test_a_base_install_names_the_missing_extra(config):
    code = (
        "import sys\n"
        "class No:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in {'kubernetes', 'urllib3', 'requests'}:\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, No())\n"
        "sys.argv = ['goldenpath', 'cluster', 'inspect', '--context', 'berlin']\n"
        "from goldenpath.cli import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "pip install 'goldenpath[cluster]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [("diff",), ("apply",), ("status",), ("adopt",), ("cluster", "inspect"), ("schemas", "import")])  # fmt: skip
def test_help_loads_no_client(command):
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom goldenpath.cli.root_command import cli\n"
        f"assert CliRunner().invoke(cli, {[*command, '--help']!r}).exit_code == 0\n"
        "print([name for name in ('kubernetes', 'urllib3', 'pydantic', 'git') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("text", ["10", "soon", "10 m", "-1s", ""])
def test_an_invalid_duration_is_reported(config, text):
    refused = CliRunner().invoke(cli, ("apply", "a.yaml", "--timeout", text))

    assert refused.exit_code == 2
    assert "write 90s, 10m or 1h30m" in refused.output
