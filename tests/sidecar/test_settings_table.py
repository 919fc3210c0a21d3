"""One table of settings: it has all of them, and the documentation is made from it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from wsobserve.sidecar.settings import RecordingSettings, Settings
from wsobserve.sidecar.settings_table import BY_KEY, SETTINGS, Setting, markdown_table, value_in

pytestmark = pytest.mark.build_independent


def keys_of(record: type[msgspec.Struct], prefix: str = "") -> set[str]:
    return {prefix + name for name in record.__struct_fields__}


def test_every_setting_has_its_row() -> None:
    fields = (keys_of(Settings) - {"recording"}) | keys_of(RecordingSettings, "recording.")
    assert set(BY_KEY) == fields
    assert len(BY_KEY) == len(SETTINGS)


def test_no_two_are_called_alike() -> None:
    options = [option for setting in SETTINGS for option in setting.options]
    assert len(options) == len(set(options))
    assert len({setting.variable for setting in SETTINGS}) == len(SETTINGS)


def test_every_default_may_be_given() -> None:
    for setting in SETTINGS:
        if setting.default is not None and setting.default not in ((), {}):
            assert setting.parse(setting.default) == setting.default
            assert setting.parse(setting.kind.show(setting.default)) == setting.default


GIVEN = {
    "pid": "7",
    "source": "portable",
    "ports": "8080",
    "snap_length": "64KiB",
    "workers": "2",
    "resource": "a=b",
    "interval": "2s",
    "drift": "no",
    "recording.sample": "1%",
    "recording.payloads": "whole",
    "recording.file_seconds": "5m",
    "recording.files": "3",
    "health": "off",
    "log": "json",
    "ui": "yes",
}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_a_value_has_the_type_that_settings_promise(setting: Setting) -> None:
    value = setting.parse(GIVEN.get(setting.key, "64MiB"))
    assert value != setting.default or setting.key in ("ring_bytes", "recording.file_bytes")
    table, _, inner = setting.key.rpartition(".")
    whole = {table: {inner: value}} if table else {inner: value}
    assert value_in(msgspec.convert(whole, Settings, strict=True), setting.key) == value


def test_limits_are_kept_and_told() -> None:
    assert BY_KEY["interval"].parse("0.1") == 0.1
    for text in ("0.05", "2h"):
        with pytest.raises(ValueError):
            BY_KEY["interval"].parse(text)
    assert BY_KEY["interval"].expects == "a time such as 30s or 5m, from 0.1s to 1h"
    assert BY_KEY["memory"].expects == "a size such as 64MiB, at least 32MiB"


def test_what_can_be_applied_while_it_runs_lies_at_the_top() -> None:
    """`settings_changes` replaces it there."""
    assert [setting.key for setting in SETTINGS if setting.live] == ["interval", "memory"]
    assert all("." not in setting.key for setting in SETTINGS if setting.live)


def test_the_documentation_has_this_table(checkout: Path) -> None:
    text = (checkout / "docs" / "settings.md").read_text(encoding="utf-8")
    assert markdown_table() in text, (
        "put it in there: python -c 'from wsobserve.sidecar.settings_table import markdown_table as t; print(t())'"
    )
