"""Settings as they are given: a TOML file, the environment, options. Each wins over those before it.

A list or a table wins as a whole. Of process, namespace and container only one can be meant: naming one of them takes
the place of any other that was named before. Nothing is guessed: an unknown name or a value that cannot be right is an error.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from wsobserve.sidecar.settings import RecordingSettings, Settings
from wsobserve.sidecar.settings_table import BY_KEY, PREFIX, SETTINGS, TARGETS, Setting

FILE_BYTES = 1024 * 1024
FILE_VARIABLE = "WSOBSERVE_SETTINGS"
# Not settings of this command: they are read where the package is built or tested.
OTHER_VARIABLES = frozenset(["PURE", "REQUIRE_COMPILED", "EXPECT_BUILD", "SPLITS"])
# Kubernetes tells every pod of the services in its namespace; one whose name begins with `wsobserve` looks like ours.
_SERVICE_LINK = re.compile(
    r"WSOBSERVE_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)

Given = Mapping[str, object]  # by key


class SettingsError(Exception):
    """What is wrong, in one line: where it was given, its name, and what it may be."""


class OptionError(SettingsError):
    """The same, of options: wrong usage."""


def read_settings(path: str | None, environment: Mapping[str, str], options: Given) -> Settings:
    """All of them put together. Raises SettingsError, and OptionError where an option is at fault."""
    layers = [
        from_file(path) if path is not None else {},
        from_environment(environment),
        from_options(options),
    ]
    values: dict[str, Any] = {}
    for layer in layers:
        if any(target in layer for target in TARGETS):
            for target in TARGETS:
                values.pop(target, None)
        values |= layer
    _check(values, options)
    return _settings(values)


def from_file(path: str) -> dict[str, Any]:
    """The values that a file gives, by key."""
    try:
        with open(path, "rb") as file:
            content = file.read(FILE_BYTES + 1)
        if len(content) > FILE_BYTES:
            raise SettingsError(f"{path}: too long for settings")
        document = tomllib.loads(content.decode())
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: not UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{path}: not TOML: {_first_line(error)}") from None
    given: dict[str, object] = {}
    for name, value in document.items():
        if isinstance(value, dict) and name not in BY_KEY:
            given |= {f"{name}.{inner}": inner_value for inner, inner_value in value.items()} or {name: value}
        else:
            given[name] = value
    for key in given:
        if key not in BY_KEY:
            raise SettingsError(f"{path}: {_shown(key)}: there is no such setting{_resembling(key, list(BY_KEY))}")
    values = {key: _value(f"{path}: {key}", BY_KEY[key], value) for key, value in given.items()}
    _one_target(values, lambda setting: f"{path}: {setting.key}", SettingsError)
    return values


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """The values that variables give, by key. An empty one gives none."""
    by_variable = {setting.variable: setting for setting in SETTINGS}
    values = {}
    for name in sorted(environment):
        text = environment[name]
        if not name.startswith(PREFIX) or not text or name == FILE_VARIABLE:
            continue
        if name in by_variable:
            values[by_variable[name].key] = _value(name, by_variable[name], text)
        elif name.removeprefix(PREFIX) not in OTHER_VARIABLES and not _is_service_link(name, text):
            raise SettingsError(f"{_shown(name)}: there is no such setting{_resembling(name, list(by_variable))}")
    _one_target(values, lambda setting: setting.variable, SettingsError)
    return values


def from_options(options: Given) -> dict[str, Any]:
    """The values that options give, by key."""
    values = {}
    for key, given in options.items():
        setting = BY_KEY[key]
        values[key] = _value(str(setting.option), setting, given, OptionError)
    _one_target(values, lambda setting: str(setting.option), OptionError)
    return values


def _value(where: str, setting: Setting, given: object, error: type[SettingsError] = SettingsError) -> Any:
    try:
        return setting.parse(given)
    except ValueError:
        # What was given is not repeated: it may be a secret that slipped into the wrong place.
        raise error(f"{where}: must be {setting.expects}") from None


def _one_target(values: Given, name: Any, error: type[SettingsError]) -> None:
    named = [name(BY_KEY[target]) for target in TARGETS if target in values]
    if len(named) > 1:
        raise error(f"{' and '.join(named)}: only one of them can be watched")


def _check(values: dict[str, Any], options: Given) -> None:
    """What only all of them together show."""

    def wrong(keys: Sequence[str], text: str) -> SettingsError:
        ours = [str(BY_KEY[key].option) for key in keys if key in options]
        return OptionError(f"{ours[0]}: {text}") if ours else SettingsError(f"{keys[0]}: {text}")

    interfaces = values.get("interfaces", ())
    if "-" in interfaces:
        if len(interfaces) > 1:
            raise wrong(["interfaces"], "standard input is watched alone")
        if values.get("source", "stdin") != "stdin":
            raise wrong(["source", "interfaces"], "- is standard input")
        values |= {"source": "stdin", "interfaces": ()}
    if values.get("source") == "stdin":
        named = [key for key in ("interfaces", *TARGETS) if values.get(key)]
        if named:
            raise wrong(["source", *named], "a capture on standard input comes from no interface and no namespace")
    choices = [key for key in ("anomalies", "channels", "sample") if values.get(f"recording.{key}")]
    recording = [key for key in values if key.startswith("recording.") and key != "recording.directory"]
    if recording and "recording.directory" not in values:
        raise wrong(recording, "nothing is recorded without a directory (--record, recording.directory)")
    if "recording.directory" in values and not choices:
        raise wrong(
            ["recording.directory"],
            "nothing says which connections to record (recording.sample, recording.anomalies, recording.channels;"
            " --record-sample 100% are all of them)",
        )


def _settings(values: Mapping[str, Any]) -> Settings:
    inner = "recording."
    recording = {key.removeprefix(inner): value for key, value in values.items() if key.startswith(inner)}
    outer: dict[str, Any] = {key: value for key, value in values.items() if not key.startswith(inner)}
    return Settings(**outer, recording=RecordingSettings(**recording))


def _is_service_link(name: str, text: str) -> bool:
    return _SERVICE_LINK.fullmatch(name) is not None or (name.endswith("_PORT") and text.startswith(("tcp://", "udp://")))


def _resembling(name: str, names: list[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, names, 1)
    return f" ({close[0]}?)" if close else ""


def _shown(name: str) -> str:
    """A name that somebody else gave, so that it stays on its line."""
    return name if name.isprintable() and len(name) <= 100 else ascii(name[:100])


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
