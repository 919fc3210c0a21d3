"""Settings: the defaults are those of a sidecar that watches everything and keeps no packet."""

from __future__ import annotations

import msgspec
import pytest

from wsobserve.sidecar.settings import RecordingSettings, Settings


def test_nothing_is_recorded_unless_asked_for() -> None:
    assert Settings().recording.directory is None
    assert RecordingSettings(directory="/x").payloads == "redacted"


def test_a_setting_that_does_not_exist_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field `prot`"):
        msgspec.convert({"prot": ["8080"]}, Settings)
