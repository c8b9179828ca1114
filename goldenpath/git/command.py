"""Run `git` and the programs that sign: argument lists without a shell, a time-out, a limit on output.

The child does not inherit variables that name another repository (``GIT_DIR`` and similar, which a hook sets), nor
variables that change what Git writes. It inherits the ways to reach a remote: proxies, certificates, ssh, credential
helpers, and the user's own configuration.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import time
from typing import IO, TYPE_CHECKING, Final

from goldenpath.errors import RepositoryError, RepositoryUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

_KEPT: Final = frozenset({
    "GIT_ASKPASS", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM", "GIT_EXEC_PATH", "GIT_PROXY_COMMAND",
    "GIT_PROXY_SSL_CAINFO", "GIT_PROXY_SSL_CERT", "GIT_PROXY_SSL_KEY", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT",
    "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_SSL_CERT", "GIT_SSL_KEY", "GIT_SSL_NO_VERIFY",
})  # fmt: skip
_FIXED: Final = {
    "LC_ALL": "C",
    "LANGUAGE": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    # No ``ext::`` and no helper named by a URL: a URL must never become a command.
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
    # Give up on a remote that sends nothing for 30 seconds, also within a longer time-out.
    "GIT_HTTP_LOW_SPEED_LIMIT": "1",
    "GIT_HTTP_LOW_SPEED_TIME": "30",
}
_SETTINGS: Final = (
    # The repository's hooks and monitors are programs, and would inherit the environment.
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    # Git does not fsync refs by default; an acknowledged publish must survive a power cut.
    ("core.fsync", "all"),
    # Another writer holds the lock of a ref for some milliseconds.
    ("core.filesRefLockTimeout", "2000"),
    ("core.packedRefsTimeout", "2000"),
    # Repository.tidy does the housekeeping, so that it does not run in the middle of a publish.
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("fetch.unpackLimit", "1"),
    ("fetch.recurseSubmodules", "false"),
    ("push.recurseSubmodules", "no"),
    ("push.followTags", "false"),
    ("push.gpgSign", "false"),
    ("push.useForceIfIncludes", "false"),
    ("submodule.recurse", "false"),
    ("core.quotePath", "false"),
)
_OUTPUT_LIMIT: Final = 256 << 20
_ERRORS_KEPT: Final = 64 << 10
_CHUNK: Final = 1 << 16
_TIME_OUT: Final = 120.0
_GRACE: Final = 3.0


class CommandError(RepositoryError):
    """A program ended with an error. ``text`` is its stderr, ``output`` its stdout, ``code`` its exit status."""

    text = ""
    output = b""
    code = 0


def error_line(text: str) -> str:
    """Git's error output on one line, without progress, hints and the prefixes ``fatal:`` and ``error:``."""
    lines = [line.rstrip().rpartition("\r")[2].strip() for line in text.split("\n")]
    kept = [
        line.removeprefix("fatal: ").removeprefix("error: ") for line in lines if not line.startswith("hint:")
    ]
    return "; ".join(dict.fromkeys(line for line in kept if line))


def environment(
    settings: Iterable[tuple[str, str]] = (), variables: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment of a child: the caller's, without variables about another repository, with our settings.

    Settings are passed as environment variables, because every user of the machine can see arguments.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT}
    configured = [*_callers_settings(), *_SETTINGS, *settings]
    kept |= _FIXED
    kept["GIT_CONFIG_COUNT"] = str(len(configured))
    for number, (key, value) in enumerate(configured):
        kept[f"GIT_CONFIG_KEY_{number}"] = key
        kept[f"GIT_CONFIG_VALUE_{number}"] = value
    return kept | dict(variables or {})


def _callers_settings() -> list[tuple[str, str]]:
    """Settings of the caller in ``GIT_CONFIG_COUNT``: containers trust a folder that way, and CI logs in."""
    count = os.environ.get("GIT_CONFIG_COUNT", "")
    pairs = (
        (os.environ.get(f"GIT_CONFIG_KEY_{number}"), os.environ.get(f"GIT_CONFIG_VALUE_{number}"))
        for number in range(int(count) if count.isdecimal() else 0)
    )
    return [(key, value) for key, value in pairs if key is not None and value is not None]


def start(
    program: Sequence[str],
    *,
    folder: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start a program in its own session: it cannot prompt at a terminal, and ends with all of its children.

    Raises:
        RepositoryError: the program is not installed, the folder is gone, or the system has no process groups (Windows).
    """
    if not hasattr(os, "killpg"):
        raise RepositoryError(
            "commands that use a Git repository need Linux or macOS; on Windows, run them in WSL (new, schema, render "
            "and check need no Git repository)"
        )
    try:
        return subprocess.Popen(  # noqa: S603 - a list of arguments, none of them a shell's
            program,
            cwd=folder,
            env=environment() if env is None else env,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            bufsize=_CHUNK,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        if folder is not None and not folder.is_dir():
            raise RepositoryError(f"{folder} is not a folder") from error
        raise RepositoryError(f"{program[0]} is not installed, or not on the PATH") from error
    except OSError as error:
        raise RepositoryUnavailableError(f"{program[0]} cannot be started: {error.strerror}") from error


def run(
    program: Sequence[str],
    *,
    folder: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    time_out: float = _TIME_OUT,
    hide: Callable[[str], str] = str,
    doing: str = "",
) -> bytes:
    """Run a program to its end. Return its stdout.

    Args:
        program: the program and its arguments.
        folder: the working directory.
        env: its environment, from ``environment``.
        stdin: its input.
        time_out: seconds until the program and its children are ended.
        hide: removes secrets from its stderr.
        doing: the action, for the error message.

    Raises:
        CommandError: the program ended with an error.
        RepositoryUnavailableError: the program ran into the time-out.
        RepositoryError: the program is not installed, or wrote more than 256 MiB.
    """
    what = doing or " ".join(program[:2])
    with tempfile.TemporaryFile() as given:
        given.write(stdin)
        given.seek(0)
        process = start(program, folder=folder, env=env, stdin=given, stderr=subprocess.PIPE)
    try:
        output, errors = _collect(process, time_out)
        code = process.wait(5)
    except subprocess.TimeoutExpired as error:
        raise RepositoryUnavailableError(f"{what}: did not end within {time_out:g} seconds") from error
    except OverflowError as error:
        raise RepositoryError(f"{what}: wrote more than {_OUTPUT_LIMIT >> 20} MiB") from error
    finally:
        end(process)
    if code:
        text = hide(errors.decode(errors="replace"))
        failure = CommandError(f"{what}: {error_line(text) or f'ended with status {code}'}")
        failure.text, failure.output, failure.code = text, output, code
        raise failure
    return output


def _collect(process: subprocess.Popen[bytes], time_out: float) -> tuple[bytes, bytes]:
    assert process.stdout is not None
    assert process.stderr is not None
    deadline = time.monotonic() + time_out
    output, errors = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, output)
        selector.register(process.stderr, selectors.EVENT_READ, errors)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise subprocess.TimeoutExpired(process.args, time_out)
            for key, _ in ready:
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.data is output or len(errors) < _ERRORS_KEPT:
                    key.data.extend(chunk)
            if len(output) > _OUTPUT_LIMIT:
                raise OverflowError
    return bytes(output), bytes(errors)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a program and its children, if it still runs. SIGTERM comes first, so that Git removes its locks."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, kind)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
