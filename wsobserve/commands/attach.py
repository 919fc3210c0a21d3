"""`wsobserve attach`: a running service watched until it is told to stop. Its options come from the table of settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from wsobserve import options
from wsobserve.commands.running import Failure, failures_as_lines, say
from wsobserve.sidecar.settings_table import BY_KEY, SETTINGS, Setting, default_text

if TYPE_CHECKING:
    from wsobserve.analysis import AnalysisResult
    from wsobserve.sidecar.log import Log
    from wsobserve.sidecar.settings import Settings

# One of these says what is to be watched. Nobody should watch a whole machine because of a bare `attach`.
WHAT_TO_WATCH = ("interfaces", "pid", "netns", "container", "ports", "source")

EPILOG = """Settings also come from the file (--settings) and from variables (WSOBSERVE_PORTS=8080,9000-9100); options win over
variables, variables over the file. docs/settings.md lists them all. SIGHUP reads them again; SIGINT and SIGTERM end it.

Exit status: 0, ended when told to, and everything was exported; 1, it could not begin (settings, privileges, interface,
store), or something was not exported: one line says which and why; 2, wrong usage."""


class SettingType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4, which is not the oldest we take
    """A setting as an option: checked here, so that a wrong one is wrong usage. Its text is kept."""

    def __init__(self, setting: Setting) -> None:
        self.name = setting.metavar or "text"
        self._setting = setting

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The text as it was given."""
        try:
            self._setting.parse([value] if self._setting.kind.several else value)
        except ValueError:
            self.fail(f"must be {self._setting.expects}", param, ctx)
        return value


def _with_settings(function: Callable[..., None]) -> Callable[..., None]:
    for setting in reversed(SETTINGS):
        if setting.options:
            function = _option(setting)(function)
    return function


def _option(setting: Setting) -> Callable[[Callable[..., None]], Callable[..., None]]:
    default = default_text(setting)
    names = (*setting.options, parameter(setting))
    if setting.kind.switch:
        return click.option(*names, default=None, help=f"{setting.help}{_default(default)}")
    repeatable = " Repeatable." if setting.kind.several else ""
    return click.option(
        *names,
        type=SettingType(setting),
        multiple=setting.kind.several,
        metavar=setting.metavar or "|".join(setting.kind.expects.replace(" or ", ", ").split(", ")),
        help=f"{setting.help}{repeatable}{_default(default)}",
    )


def _default(text: str | None) -> str:
    return "" if text is None else f"  [default: {text}]"


def parameter(setting: Setting) -> str:
    """The name of its parameter in Python."""
    return setting.key.replace(".", "_")


@click.command(epilog=EPILOG)
@_with_settings
@click.option(
    "--settings",
    "settings_file",
    metavar="FILE",
    envvar="WSOBSERVE_SETTINGS",
    show_envvar=True,
    help="Read settings from this file (TOML).",
)
@options.as_json
def attach(settings_file: str | None, as_json: bool, **given: Any) -> None:
    """Watch a live interface (Linux, needs CAP_NET_RAW) until SIGINT or SIGTERM, then sum up."""
    from wsobserve.sidecar.log import Log, log_form, to_standard_error
    from wsobserve.sidecar.settings_file import OptionError, SettingsError, read_settings

    by_option = {setting.key: given[parameter(setting)] for setting in SETTINGS if setting.options}
    chosen = {key: value for key, value in by_option.items() if value is not None and value != ()}
    path = os.path.abspath(settings_file) if settings_file else None

    def read() -> Settings:
        return read_settings(path, os.environ, chosen)

    with failures_as_lines():
        try:
            settings = read()
        except OptionError as error:
            raise click.UsageError(str(error)) from None
        except SettingsError as error:
            raise Failure(str(error)) from None
        _check_something_is_watched(settings)
        _check_filter(settings, chosen)
        settings = _without_impossible_view(settings)
    held = HeldLines() if settings.ui else None
    write = to_standard_error if held is None else held.add
    log = Log(log_form(settings.log, os.environ, sys.stderr.isatty()), write)
    try:
        with _failures_logged(log):
            result = _run(settings, log, read)
            print(result.json_text() if as_json else "\n".join(result.lines()), flush=True)
            if result.failures:
                raise Failure("; ".join(result.failures))
    finally:
        log.close()
        if held is not None:
            held.release()


@contextmanager
def _failures_logged(log: Log) -> Iterator[None]:
    """What the world does wrong is one line of the log, in its form, and exit status 1."""
    from wsobserve.capture.error import CaptureError
    from wsobserve.export.error import ExportError

    try:
        yield
    except (CaptureError, ExportError, Failure) as error:
        log.error("failed", str(error))
        raise click.exceptions.Exit(1) from None


def _run(settings: Settings, log: Log, reread: Callable[[], Settings]) -> AnalysisResult:
    """Watch until told to stop."""
    if settings.source != "ring":
        from wsobserve.sidecar.one_process import run_in_one_process

        return run_in_one_process(settings, log)
    from wsobserve.sidecar.run import run

    return run(settings, log, reread)


def _check_something_is_watched(settings: Settings) -> None:
    from wsobserve.sidecar.settings import Settings

    nothing = Settings()
    if all(getattr(settings, key) == getattr(nothing, key) for key in WHAT_TO_WATCH):
        raise click.UsageError("say what to watch: --interface (any: all of them), --port, --pid, --netns or --container")


def _check_filter(settings: Settings, chosen: dict[str, Any]) -> None:
    """A filter that cannot be made is told before anything is opened, by the name under which it was given."""
    from wsobserve.capture.expression import compile_expression
    from wsobserve.capture.filter import packet_filter, parse_ports

    key = "filter"
    try:
        expression = b"" if settings.filter is None else compile_expression(settings.filter)
        key = "ports"
        packet_filter(parse_ports(settings.ports), expression)
    except ValueError as error:
        if key in chosen:
            raise click.UsageError(f"{BY_KEY[key].option}: {error}") from None
        raise Failure(f"{key}: {error}") from None


def _without_impossible_view(settings: Settings) -> Settings:
    """Without --ui where there is no terminal for it, which is told."""
    import msgspec

    if not settings.ui or (sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"):
        return settings
    say("--ui: standard output is no terminal, so nothing is shown there")
    return msgspec.structs.replace(settings, ui=False)


class HeldLines:
    """Lines for standard error that wait while a view has the terminal; of many, the last."""

    def __init__(self, most: int = 200) -> None:
        from collections import deque

        self._lines: deque[str] = deque(maxlen=most)

    def add(self, line: str) -> None:
        """Keep it for later."""
        self._lines.append(line)

    def release(self) -> None:
        """Write them all."""
        while self._lines:
            sys.stderr.write(self._lines.popleft())
        sys.stderr.flush()
