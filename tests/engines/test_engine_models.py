"""Model architectures of engines by version, from their sources."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from goldenpath.engines import engine_catalogue, model_architectures
from goldenpath.models import model_catalogue

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

from engine_models import PROJECTS, document

NEW = "Qwen3_5ForConditionalGeneration"


def said(version: str, *names: str, engine: str = "vllm") -> str | None:
    found = model_architectures(engine)
    assert found is not None
    return found.problem(version, names)


# What release notes say, read apart from the extraction.
FACTS = [
    ("vllm", "0.10.2", "GptOssForCausalLM", True),  # release notes of 0.10.1
    ("vllm", "0.10.2", "DeepseekV32ForCausalLM", False),  # release notes of 0.11.0
    ("vllm", "0.12.0", "DeepseekV32ForCausalLM", True),
    ("sglang", "0.5.4", "DeepseekV32ForCausalLM", True),  # release notes of 0.5.3
    ("sglang", "0.5.4", "MiniMaxM2ForCausalLM", False),
    ("sglang", "0.5.9", "MiniMaxM2ForCausalLM", True),
]


@pytest.mark.parametrize(("engine", "version", "name", "known"), FACTS)
def test_an_architecture_is_there_when_its_release_has_it(
    engine: str, version: str, name: str, known: bool
) -> None:
    assert (said(version, name, engine=engine) is None) == known


@pytest.mark.parametrize("engine", PROJECTS)
def test_the_newest_version_implements_every_model_of_the_catalogue(engine: str) -> None:
    newest = list(getattr(model_architectures(engine), "versions", {}))[-1]
    for name in model_catalogue():
        classes = model_catalogue().get(name).classes
        assert classes, name
        assert said(newest, *classes, engine=engine) is None, name


@pytest.mark.parametrize("engine", PROJECTS)
def test_the_default_version_was_read(engine: str) -> None:
    found = model_architectures(engine)
    assert found is not None
    assert str(engine_catalogue().get(engine).default_version) in found.versions


def test_a_version_between_two_uses_the_older_list() -> None:
    assert said("0.17.1", NEW) == f"does not implement {NEW} (as in 0.12.0); 0.18.0 does"
    assert said("0.18.0", NEW) is None
    assert said("0.19.0", NEW) is None


def test_what_no_version_has_is_said_with_the_versions_that_were_read() -> None:
    assert "nor does any known version (0.10.2, 0.12.0" in str(said("0.33.0", "OwnForCausalLM"))


def test_one_of_several_names_is_enough() -> None:
    assert said("0.33.0", "OwnForCausalLM", "LlamaForCausalLM") is None


def test_an_architecture_that_was_taken_out_is_missed_from_then_on() -> None:
    found = model_architectures("vllm")
    assert found is not None
    name, (first, gone) = next((name, span) for name, span in found.architectures.items() if len(span) > 1)
    assert said(first, name) is None
    assert said(gone, name) == f"does not implement {name} since {gone}; {first} does"


def test_nothing_is_said_where_nothing_is_known() -> None:
    assert said("0.9.2", NEW) is None
    assert said("0.33.0") is None
    assert model_architectures("llama-cpp") is None


# --- The extraction, on sources of our own


def test_vllm_s_tables_of_models_that_generate_text_are_read(tmp_path: Path) -> None:
    def wheel(version: str, text: str) -> Path:
        with zipfile.ZipFile(tmp_path / version, "w") as file:
            file.writestr("vllm/model_executor/models/registry.py", text)
        return tmp_path / version

    old = '_TEXT_GENERATION_MODELS = {"A": ("a", "A"), "B": ("b", "B")}\n_EMBEDDING_MODELS = {"E": ("e", "E")}\n'
    new = '_TEXT_GENERATION_MODELS: dict = {"A": ("a", "A")}\n_MULTIMODAL_MODELS = {"M": ("m", "M")}\n'
    found = document("vllm", {"1.0": wheel("1.0", old), "2.0": wheel("2.0", new)})
    assert found["architectures"] == {"A": ["1.0"], "B": ["1.0", "2.0"], "M": ["2.0"]}
    assert len(set(found["versions"].values())) == 2


def test_sglang_s_entry_classes_are_read_without_drafts(tmp_path: Path) -> None:
    models = tmp_path / "sglang" / "srt" / "models"
    models.mkdir(parents=True)
    (models / "a.py").write_text("class A: ...\nclass B: ...\nEntryClass = [A, B]\n")
    (models / "c.py").write_text("class CNextN: ...\nEntryClass = CNextN\n")
    assert document("sglang", {"1.0": tmp_path})["architectures"] == {"A": ["1.0"], "B": ["1.0"]}


def test_sources_without_models_are_refused(tmp_path: Path) -> None:
    (tmp_path / "sglang" / "srt" / "models").mkdir(parents=True)
    with pytest.raises(ValueError, match="find its modules"):
        document("sglang", {"1.0": tmp_path})
