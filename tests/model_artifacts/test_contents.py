"""Files of a model's folder are accepted by their bytes, not by their names."""

from __future__ import annotations

import json
import pickle
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judges import judged, needs_judges
from model_folders import GGUF, ONNX, SAFETENSORS, new_model, safetensors, tensor

from goldenpath.model_artifacts.contents import check_contents
from goldenpath.model_artifacts.packing import model_files


def rules(folder) -> dict[str, str]:
    found = check_contents(folder, [file.path for file in model_files(folder)])
    return {finding.file: finding.rule for finding in found.findings}


def test_a_plain_model_has_no_findings(tmp_path):
    more = {
        "model.onnx": ONNX,
        "q/model.gguf": GGUF,
        "tokenizer.json": b"{}",
        "LICENSE": b"x",
        ".gitattributes": b"*",
    }
    folder = new_model(tmp_path / "m", **more)
    found = check_contents(folder, [file.path for file in model_files(folder)])
    assert (found.findings, found.formats) == ((), ("gguf", "onnx", "safetensors"))
    assert found.weights == ("model.onnx", "model.safetensors", "q/model.gguf")


@needs_judges
def test_files_of_the_formats_own_libraries_are_accepted(tmp_path):
    folder = tmp_path / "m"
    folder.mkdir()
    judged(
        """
import sys, numpy, gguf, onnx
from safetensors.numpy import save_file
place = sys.argv[1]
tensors = {"a": numpy.zeros((3, 5), numpy.float32), "b": numpy.ones(7, numpy.float16),
           "none": numpy.zeros((0, 4), numpy.int8), "one": numpy.array(3.0)}
save_file(tensors, place + "/model.safetensors", metadata={"format": "pt"})
writer = gguf.GGUFWriter(place + "/model.gguf", "llama")
writer.add_tensor("t", numpy.zeros((4, 4), numpy.float32))
writer.write_header_to_file(); writer.write_kv_data_to_file(); writer.write_tensors_to_file(); writer.close()
value = lambda name: onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1])
graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "g", [value("x")], [value("y")])
onnx.save(onnx.helper.make_model(graph), place + "/model.onnx")
""",
        folder,
    )
    assert rules(folder) == {}


W = tensor(0, 16, [2, 2])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x10", "too short"),
        (struct.pack("<Q", 1 << 40) + b"{}", "header of 1,099,511,627,776 bytes"),
        (safetensors(b"{]", b""), "not JSON"),
        (safetensors(b'{"w": 1, "w": 2}', b""), "repeats a key"),
        (safetensors([], b""), "not a JSON object"),
        (safetensors(b"[" * 100_000, b""), "not JSON"),
        (safetensors({"__metadata__": {"a": 1}}, b""), "metadata that is not text"),
        (safetensors({"w": W}, bytes(15)), "ends before the end"),
        (safetensors({"w": W}, bytes(17)), "bytes after the last tensor"),
        (safetensors({"w": W, "v": W}, bytes(16)), "two tensors share"),
        (safetensors({"w": tensor(4, 20, [2, 2])}, bytes(20)), "no tensor describes"),
        (safetensors({"w": tensor(0, 16, [2, 3])}, bytes(16)), "differ in size"),
        (safetensors({"w": tensor(0, 16, [1 << 62, 1 << 62, 4])}, bytes(16)), "differ in size"),
        (safetensors({"w": tensor(0, 16, [-2, -2])}, bytes(16)), "without a known dtype"),
        (safetensors({"w": tensor(0, 16, [2, 2], "X99")}, bytes(16)), "without a known dtype"),
        (safetensors({"w": [1]}, bytes(16)), "without a known dtype"),
    ],
)
def test_broken_safetensors_are_refused(tmp_path, data, said):
    folder = new_model(tmp_path / "m", **{"model.safetensors": data})
    (finding,) = check_contents(folder, [file.path for file in model_files(folder)]).findings
    assert (finding.file, finding.rule) == ("model.safetensors", "model-format")
    assert said in finding.message
    assert finding.fix


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("model.gguf", b"GGML" + GGUF[4:]),
        ("model.gguf", b"GGUF"),
        ("model.gguf", b"GGUF" + struct.pack("<IQQ", 99, 0, 0)),
        ("model.gguf", b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 0)),
        ("model.onnx", b""),
        ("model.onnx", b"\x08\x08"),
        ("model.onnx", ONNX[:-1]),
        ("model.onnx", ONNX.replace(b"\x08\x08", b"\x08\xff\xff\x03", 1)),
        ("model.onnx", b"\xff" * 40),
        ("model.onnx", pickle.dumps({"a": 1})),
    ],
)
def test_weights_with_other_bytes_than_their_name_says_are_refused(tmp_path, name, data):
    assert rules(new_model(tmp_path / "m", **{name: data})) == {name: "model-format"}


@given(st.binary(max_size=200))
def test_no_bytes_make_a_check_fail_otherwise(tmp_path_factory, data):
    """Every input is accepted or refused, without another error."""
    folder = tmp_path_factory.mktemp("any")
    for name in ("a.safetensors", "a.gguf", "a.onnx", "a.json", "a.txt", "a"):
        (folder / name).write_bytes(data)
    rules(folder)


def a_zip(tmp_path) -> bytes:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps([1]))
    return (tmp_path / "x.zip").read_bytes()


def test_pickle_is_refused_under_any_name(tmp_path):
    pickled = [pickle.dumps({"a": [1]}, protocol) for protocol in range(6)]
    more = {
        "pytorch_model.bin": b"anything",
        "model.pt": a_zip(tmp_path),
        "optimizer.pth": b"",
        "sub/data.pkl": pickled[0],
        "keras.h5": b"\x89HDF",
        "vocab.txt": pickled[4],
        "notes.md": pickled[2],
        "tokenizer.model": a_zip(tmp_path),
        "old.txt": pickle.dumps({"a": 1}, 0),
        "older.txt": pickle.dumps({"a": 1}, 1),
        "called.txt": pickle.dumps(print, 0),
    }
    found = rules(new_model(tmp_path / "m", **more))
    assert found == dict.fromkeys(more, "model-pickle")


@pytest.mark.parametrize(
    "config",
    [
        {"auto_map": {"AutoModel": "modeling.Model"}},
        {"a": [{"b": {"trust_remote_code": True}}]},
        {"custom_pipelines": {"x": {"impl": "x.X"}}},
    ],
)
def test_a_configuration_that_names_code_is_refused(tmp_path, config):
    more = {"config.json": json.dumps(config).encode()}
    assert rules(new_model(tmp_path / "m", **more)) == {"config.json": "model-remote-code"}


def test_code_is_refused_by_name_and_by_bytes(tmp_path):
    more = {
        "modeling_x.py": b"",
        "run": b"#!/bin/sh\n",
        "lib.txt": b"\x7fELF",
        "sub/x.so": b"",
        "n.ipynb": b"{}",
    }
    assert rules(new_model(tmp_path / "m", **more)) == dict.fromkeys(more, "model-remote-code")


def test_a_configuration_without_code_is_accepted(tmp_path):
    config = {"trust_remote_code": False, "auto_map": {}, "note": "trust_remote_code"}
    assert rules(new_model(tmp_path / "m", **{"config.json": json.dumps(config).encode()})) == {}


def test_a_text_is_not_taken_for_a_pickle(tmp_path):
    more = {"vocab.txt": b"cat\ndog\npig\n", "merges.txt": b"(d e\n", "NOTICE": b"changes\nnone\n"}
    assert rules(new_model(tmp_path / "m", **more)) == {}


def test_files_of_unknown_formats_are_refused(tmp_path):
    more = {
        "model.mlmodel": b"x",
        "data": b"x",
        "LICENSE.xyz": b"x",
        "tokenizer.json": b"{",
        "notes.txt": b"a\0b",
    }
    assert rules(new_model(tmp_path / "m", **more)) == dict.fromkeys(more, "model-unknown-file")


def test_a_folder_without_weights_is_refused(tmp_path):
    folder = new_model(tmp_path / "m")
    (folder / "model.safetensors").unlink()
    assert rules(folder) == {"": "model-format"}


def test_the_header_alone_is_read(tmp_path):
    """A sparse file of a terabyte is checked at once."""
    size = 1 << 40
    folder = new_model(tmp_path / "m")
    header = safetensors({"w": tensor(0, size, [size // 4])}, b"")
    with (folder / "model.safetensors").open("wb") as file:
        file.write(header)
        file.truncate(len(header) + size)
    assert rules(folder) == {}
    assert SAFETENSORS
