"""Texts that commands read and write: whole or not at all, and what goes wrong is one line."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress

from wsobserve.commands.running import Failure

LARGEST = 16 * 1024 * 1024


def text_of(path: str) -> str:
    """The text of a file that a person wrote. Failure when it cannot be read."""
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}") from None
    if len(content) > LARGEST:
        raise Failure(f"{path}: larger than {LARGEST:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Failure(f"{path}: is not text in UTF-8") from None


def write_texts(texts: Mapping[str, str], directory: str) -> None:
    """Write files into a directory, which is made; each is there whole or as it was before. Their paths are printed.

    Failure when one cannot be written.
    """
    try:
        os.makedirs(directory, exist_ok=True)
    except OSError as error:
        raise Failure(f"{directory}: {error.strerror}") from None
    for path, text in texts.items():
        try:
            _write(path, text.encode())
        except OSError as error:
            raise Failure(f"{path}: {error.strerror}") from None
        print(path)


def _write(path: str, content: bytes) -> None:
    if os.path.exists(path) and not os.path.isfile(path):  # a device or pipe is written to, not replaced
        with open(path, "wb") as file:
            file.write(content)
        return
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".wsobserve-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(temporary, _mode_of(path))
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _mode_of(path: str) -> int:
    """The permissions that the file has, or that a new one would get."""
    with suppress(OSError):
        return os.stat(path).st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
