"""Settings read again: what is applied, what needs a restart, what is refused."""

from __future__ import annotations

import pytest

from wsobserve.sidecar.log import Log
from wsobserve.sidecar.settings import RecordingSettings, Settings
from wsobserve.sidecar.settings_changes import changed, read_again
from wsobserve.sidecar.settings_file import SettingsError

pytestmark = pytest.mark.build_independent


def test_what_changed_is_told_apart() -> None:
    after = Settings(interval=5.0, memory=2**30, ports=("80",), recording=RecordingSettings(directory="/x"))
    assert changed(Settings(), after) == (["interval", "memory"], ["ports", "recording.directory"])
    assert changed(after, after) == ([], [])


def read(after: Settings | SettingsError) -> tuple[Settings, list[str]]:
    lines: list[str] = []

    def reread() -> Settings:
        if isinstance(after, SettingsError):
            raise after
        return after

    return read_again(Settings(), reread, Log("text", lines.append)), lines


def test_only_what_can_be_applied_is() -> None:
    settings, lines = read(Settings(interval=5.0, store="other.db"))
    assert settings == Settings(interval=5.0)
    assert lines == ["wsobserve: settings changed: interval\n", "wsobserve: changed, but needs a restart: store\n"]


def test_settings_that_cannot_be_right_change_nothing() -> None:
    settings, lines = read(SettingsError("x.toml: workers: must be a whole number"))
    assert settings == Settings()
    assert lines == ["wsobserve: settings stay as they are: x.toml: workers: must be a whole number\n"]


def test_no_change_is_told_too() -> None:
    assert read(Settings())[1] == ["wsobserve: settings read again: nothing changed\n"]
