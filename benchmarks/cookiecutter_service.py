"""The peer of ``benchmarks/backend_load.py``: a FastAPI service that calls cookiecutter's API.

    python benchmarks/cookiecutter_service.py PORT FOLDER

Each request is one call of ``cookiecutter()`` with the template of the golden path. A lock guards the call, because it
changes the working directory of the process, and two calls at once would mix their output.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from cookiecutter.main import cookiecutter
from fastapi import Body, FastAPI

from goldenpath import kubeyaml
from goldenpath.paths import builtin_folder

REQUESTS = Path(__file__).resolve().parent.parent / "tests" / "requests"

app = FastAPI()
_lock = threading.Lock()
_folder = Path(sys.argv[2])


@app.get("/")
def ready() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/render")
def render(body: Annotated[dict[str, Any], Body()]) -> dict[str, str]:
    """The files of one tenant on one cluster."""
    values = body["input"]["values"]
    with _lock, tempfile.TemporaryDirectory(dir=_folder) as out:
        request = Path(out, "request.yaml")
        request.write_text(kubeyaml.dump(values))
        cookiecutter(
            str(builtin_folder() / "tenant"),
            no_input=True,
            output_dir=out,
            extra_context={
                "spec": str(request),
                "fleet": str(REQUESTS / "goldenpath.yaml"),
                "cluster": values["clusters"][0],
            },
        )
        files = (path for path in Path(out).rglob("*") if path.is_file() and path != request)
        return {str(path.relative_to(out)): path.read_text() for path in files}


if __name__ == "__main__":
    _folder.mkdir(parents=True, exist_ok=True)
    uvicorn.run(app, port=int(sys.argv[1]), log_level="error")
