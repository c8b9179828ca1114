"""The types of fields in locks and tombstones, and the error for an invalid file.

Anyone with push access to the fleet repository can edit these files, and a merge can damage them. So they are parsed as
strictly as a request, and every problem names the fix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn, TypeVar

from goldenpath.errors import InputError, Problem
from goldenpath.spec.document_model import Model
from goldenpath.spec.pydantic_errors import problem_of
from goldenpath.spec.types import ExactVersion
from goldenpath.spec.value_checks import TextFormat

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = [
    "BlobId",
    "CommitId",
    "ExactVersion",
    "PlainPath",
    "Profile",
    "Sha256",
    "ShownText",
    "refuse_record",
]

R = TypeVar("R", bound=Model)

_OBJECT_ID: Final = r"[0-9a-f]{40}"
_SEGMENT: Final = r"[A-Za-z0-9][A-Za-z0-9._-]*"

BlobId = Annotated[
    str,
    TextFormat("blob-id", _OBJECT_ID, 40, "must be Git's id of a file: 40 hexadecimal digits", "0" * 40),
]
CommitId = Annotated[
    str,
    TextFormat("commit-id", _OBJECT_ID, 40, "must be the id of a commit: 40 hexadecimal digits", "0" * 40),
]
Sha256 = Annotated[
    str,
    TextFormat(
        "sha256",
        r"sha256:[0-9a-f]{64}",
        71,
        "must be sha256: and 64 hexadecimal digits",
        f"sha256:{'0' * 64}",
    ),
]
PlainPath = Annotated[
    str,
    TextFormat(
        "path",
        rf"{_SEGMENT}(/{_SEGMENT})*",
        1024,
        "must be a plain path in the repository, such as clusters/berlin/tenants/vision/quota.yaml",
        "tenants/vision/README.md",
    ),
]
Profile = Annotated[
    str,
    TextFormat(
        "profile",
        r"[A-Za-z0-9][A-Za-z0-9.+_/-]*",
        80,
        "must be an accelerator of the catalogue, such as nvidia-h100-80gb",
        "nvidia-h100-80gb",
    ),
]
ShownText = Annotated[
    str, TextFormat("text", r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]+", 1000, "must be one line of text", "Ada")
]


def refuse_record(
    model: type[Model], document: Any, error: ValidationError, *, file: str, fix: str
) -> NoReturn:
    """Raise all validation errors of a file.

    Raises:
        InputError: with every problem. Each names the file, the field and the fix.
    """
    found = (
        problem_of(model, document, entry) for entry in error.errors(include_url=False, include_input=False)
    )
    raise InputError(
        Problem(problem.path, problem.rule, f"{problem.message}; {fix}", problem.value, problem.nearest, file)
        for problem in found
    ) from None
