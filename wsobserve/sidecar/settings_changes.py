"""Settings read again while it runs (SIGHUP): what changed, what of that can be applied, and what needs a restart."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from wsobserve.sidecar.log import Log
from wsobserve.sidecar.settings import Settings
from wsobserve.sidecar.settings_file import SettingsError
from wsobserve.sidecar.settings_table import SETTINGS, value_in


def changed(before: Settings, after: Settings) -> tuple[list[str], list[str]]:
    """The keys whose values differ: those that can be applied, and those that need a restart."""
    differing = [setting for setting in SETTINGS if value_in(before, setting.key) != value_in(after, setting.key)]
    return [setting.key for setting in differing if setting.live], [setting.key for setting in differing if not setting.live]


def read_again(before: Settings, reread: Callable[[], Settings], log: Log) -> Settings:
    """The settings to go on with: as `before`, with what was changed and can be. What was found is logged, never raised."""
    try:
        after = reread()
    except SettingsError as error:
        log.warn("settings_refused", f"settings stay as they are: {error}")
        return before
    applicable, needs_restart = changed(before, after)
    if applicable:
        log.info("settings_changed", f"settings changed: {', '.join(applicable)}", keys=applicable)
    if needs_restart:
        log.warn("settings_need_restart", f"changed, but needs a restart: {', '.join(needs_restart)}", keys=needs_restart)
    if not applicable and not needs_restart:
        log.info("settings_unchanged", "settings read again: nothing changed")
    return _with(before, after, applicable)


def _with(before: Settings, after: Settings, keys: Sequence[str]) -> Settings:
    return msgspec.structs.replace(before, **{key: value_in(after, key) for key in keys})
