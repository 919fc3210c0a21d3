"""Specifications as they are published: a package of npm or PyPI by name and version in, the text of a file in it out.

Nothing of theirs is in this repository. A package is fetched once and kept in build/; its licence is its own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

KEPT = Path(__file__).resolve().parents[3] / "build" / "schema_benchmark" / "packages"


class NotFetched(Exception):
    """There is no way to this package from here."""


@dataclass(frozen=True)
class Package:
    """A published package."""

    registry: Literal["npm", "pypi"]
    name: str
    version: str
    licence: str

    def text(self, member: str) -> str:
        """A file of the package. Raises NotFetched."""
        archive = self.fetched()
        if archive.suffix == ".tgz":
            with tarfile.open(archive) as files:
                found = files.extractfile(f"package/{member}")
                assert found is not None
                return found.read().decode()
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(member).decode()

    def members(self, folder: str) -> list[str]:
        """The files of a wheel that lie in this folder."""
        with zipfile.ZipFile(self.fetched()) as wheel:
            return sorted(name for name in wheel.namelist() if name.startswith(folder))

    def fetched(self) -> Path:
        """The archive, on this machine."""
        suffix = ".tgz" if self.registry == "npm" else ".whl"
        kept = KEPT / f"{self.registry}-{self.name.replace('/', '-').lstrip('@')}-{self.version}{suffix}"
        if not kept.exists():
            KEPT.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=KEPT, prefix=".") as folder:
                self._fetch(folder)
                shutil.move(next(Path(folder).glob(f"*{suffix}")), kept)
        return kept

    def _fetch(self, folder: str) -> None:
        if self.registry == "npm":
            command = ["npm", "pack", "--silent", "--pack-destination", folder, f"{self.name}@{self.version}"]
        else:
            quiet = ["--disable-pip-version-check", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", folder]
            command = [sys.executable, "-m", "pip", "download", *quiet, f"{self.name}=={self.version}"]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=120, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.SubprocessError) as error:
            raise NotFetched(f"{self.name} {self.version} cannot be fetched from {self.registry}: {error}") from None
