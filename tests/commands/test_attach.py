"""`wsobserve attach` as it is told what to do: every setting an option, wrong ones one clear line. Watching itself is tested
in tests/sidecar.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click.testing
import pytest

from wsobserve.analysis import AnalysisResult
from wsobserve.commands import attach as command
from wsobserve.records import Accounting, Snapshot
from wsobserve.sidecar.log import Log
from wsobserve.sidecar.settings import RecordingSettings, Settings
from wsobserve.sidecar.settings_table import SETTINGS

pytestmark = pytest.mark.build_independent


class Told:
    """Runs the command in here, up to where it would begin to watch."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings: Settings | None = None
        self.reread: Callable[[], Settings] | None = None
        self.failures: list[str] = []
        monkeypatch.setattr(command, "_run", self._run)
        for name in list(os.environ):
            if name.startswith("WSOBSERVE_"):
                monkeypatch.delenv(name)

    def _run(self, settings: Settings, log: Log, reread: Callable[[], Settings]) -> AnalysisResult:
        self.settings, self.reread = settings, reread
        log.info("began", "it began")
        return AnalysisResult(Snapshot(time_ns=0, accounting=Accounting(packets_seen=7)), self.failures)

    def by(self, *arguments: str, **environment: str) -> click.testing.Result:
        return click.testing.CliRunner().invoke(command.attach, list(arguments), env=environment)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    return Told(monkeypatch)


EVERY_OPTION = """
--interface eth0 --interface lo --netns blue --source portable --port 8080 -p 9000-9100,9200 --filter host\\ ::1
--snap-length 64KiB --ring 64MiB --workers 2 --service chat --resource team=web --resource tier=1 --routes r.txt
--store s.db --otlp http://c:4318 --interval 5s --no-drift --record /x --record-anomaly any --record-channel /a,b
--record-sample 1% --record-payloads headers --record-size 1MiB --record-age 10m --record-files 3 --memory 128MiB
--health unix:/x --user nobody --log json --ui
"""


def test_every_setting_is_an_option(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_without_impossible_view", lambda settings: settings)
    done = told.by(*shlex.split(EVERY_OPTION))
    assert done.exit_code == 0, done.output
    assert told.settings == Settings(
        interfaces=("eth0", "lo"),
        netns="blue",
        source="portable",
        ports=("8080", "9000-9100", "9200"),
        filter="host ::1",
        snap_length=65536,
        ring_bytes=64 * 2**20,
        workers=2,
        service="chat",
        resource={"team": "web", "tier": "1"},
        routes="r.txt",
        store="s.db",
        otlp="http://c:4318",
        interval=5.0,
        drift=False,
        recording=RecordingSettings(
            directory="/x",
            anomalies=("any",),
            channels=("/a,b",),
            sample=0.01,
            payloads="headers",
            file_bytes=2**20,
            file_seconds=600.0,
            files=3,
        ),
        memory=128 * 2**20,
        health="unix:/x",
        user="nobody",
        log="json",
        ui=True,
    )
    given = {setting.option for setting in SETTINGS if setting.option and setting.option in EVERY_OPTION}
    # of --drift there is only its opposite in there; of the targets only one can be meant
    assert {setting.option for setting in SETTINGS if setting.option} - given == {"--drift", "--pid", "--container"}


def test_help_tells_every_option_and_the_exit_status() -> None:
    text = click.testing.CliRunner().invoke(command.attach, ["--help"]).output
    for setting in SETTINGS:
        for option in setting.options:
            assert option.replace("/", " / ") in text
    assert "[default: 256MiB]" in text
    assert "Exit status" in text


def test_nothing_given_means_the_defaults(told: Told) -> None:
    told.by("--interface", "any")
    assert told.settings == Settings(interfaces=("any",))


def test_file_variables_and_options_come_together_and_are_read_again(told: Told, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('interval = "9s"\nservice = "file"\nports = [80]\n')
    done = told.by("--port", "81", WSOBSERVE_SETTINGS=str(path), WSOBSERVE_SERVICE="variable")
    assert done.exit_code == 0, done.output
    assert told.settings == Settings(interval=9.0, service="variable", ports=("81",))
    path.write_text('interval = "5s"\n')
    assert told.reread is not None
    assert told.reread().interval == 5.0


def test_results_go_to_standard_output_and_the_log_does_not(told: Told, capfd: pytest.CaptureFixture[str]) -> None:
    done = told.by("--interface", "lo", "--json", "--log", "text")
    assert '"packets_seen":7' in done.stdout
    assert capfd.readouterr().err == "wsobserve: it began\n"


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_was_not_exported_is_status_1(told: Told, form: str, capfd: pytest.CaptureFixture[str]) -> None:
    told.failures = ["records not exported: 9", "disk full"]
    done = told.by("--interface", "lo", "--log", form)
    assert done.exit_code == 1
    line = capfd.readouterr().err.splitlines()[-1]
    if form == "text":
        assert line == "wsobserve: records not exported: 9; disk full"
    else:
        assert json.loads(line)["message"] == "records not exported: 9; disk full"
        assert json.loads(line)["level"] == "error"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "say what to watch"),
        (["--service", "chat"], "say what to watch"),
        (["--pid", "7", "--netns", "blue"], "--pid and --netns: only one of them can be watched"),
        (["--pid", "7", "--container", "abc"], "--pid and --container: only one of them can be watched"),
        (["--port", "0"], "'--port' / '-p': must be ports from 1 to 65535"),
        (["--port", "9-8"], "'-p' / '--port'"),
        (["-i", "lo", "--interval", "0"], "'--interval': must be a time such as 30s or 5m, from 0.1s to 1h"),
        (["-i", "lo", "--memory", "1MiB"], "'--memory': must be a size such as 64MiB, at least 32MiB"),
        (["-i", "lo", "--resource", "team"], "'--resource': must be key=value"),
        (["-i", "lo", "--source", "dag"], "'--source': must be ring, portable or stdin"),
        (["-i", "lo", "--record-sample", "1%"], "--record-sample: nothing is recorded without a directory"),
        (["-i", "-", "-i", "lo"], "--interface: standard input is watched alone"),
        (["-i", "lo", "--nonsense"], "No such option"),
        (["-i", "lo", "elsewhere"], "unexpected extra argument"),
    ],
)
def test_wrong_options_are_wrong_usage(told: Told, arguments: list[str], line: str) -> None:
    done = told.by(*arguments)
    assert done.exit_code == 2
    assert line.replace("'--port' / '-p'", "'-p' / '--port'") in " ".join(done.stderr.split())
    assert told.settings is None


@pytest.mark.skipif(shutil.which("tcpdump") is None, reason="nothing here compiles a filter expression")
def test_a_filter_that_is_none_is_told_before_anything_is_opened(told: Told) -> None:
    done = told.by("--interface", "lo", "--filter", "hots 10.0.0.7")
    assert done.exit_code == 2
    assert "--filter: " in done.stderr
    done = told.by("--interface", "lo", WSOBSERVE_FILTER="hots 10.0.0.7")
    assert done.exit_code == 1
    assert done.stderr.startswith("wsobserve: filter: ")
    assert len(done.stderr.splitlines()) == 1
    assert told.settings is None


def test_more_ports_than_the_kernel_takes_are_told(told: Told) -> None:
    done = told.by("--port", ",".join(map(str, range(1, 6_000, 2))))
    assert done.exit_code == 2
    assert "--port: " in done.stderr


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({"WSOBSERVE_WORKERS": "many"}, "wsobserve: WSOBSERVE_WORKERS: must be a whole number, from 1 to 64"),
        ({"WSOBSERVE_PROTS": "80"}, "wsobserve: WSOBSERVE_PROTS: there is no such setting (WSOBSERVE_PORTS?)"),
        ({"WSOBSERVE_SETTINGS": "/nowhere.toml"}, "wsobserve: /nowhere.toml: No such file or directory"),
    ],
)
def test_a_bad_file_or_variable_is_one_line_and_status_1(told: Told, environment: dict[str, str], line: str) -> None:
    done = told.by("--interface", "lo", **environment)
    assert (done.exit_code, done.stderr) == (1, line + "\n")
    assert told.settings is None


def test_a_view_without_a_terminal_is_told(told: Told) -> None:
    done = told.by("--interface", "lo", "--ui")
    assert done.exit_code == 0
    assert "--ui: standard output is no terminal" in done.stderr
    assert told.settings is not None
    assert not told.settings.ui, "so that nobody tries to show it"


def test_lines_wait_while_the_view_has_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    held = command.HeldLines(most=2)
    for number in range(3):
        held.add(f"{number}\n")
    assert capsys.readouterr().err == ""
    held.release()
    assert capsys.readouterr().err == "1\n2\n"


def test_the_command_itself_says_it_in_one_line(wsobserve_command: list[str]) -> None:
    done: Any = subprocess.run(
        [*wsobserve_command, "attach"],
        env={**os.environ, "WSOBSERVE_MEMORY": "lots"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "wsobserve: WSOBSERVE_MEMORY: must be a size such as 64MiB, at least 32MiB\n"
