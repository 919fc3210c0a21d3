"""Settings from everywhere: who wins, and what is told when one cannot be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from wsobserve.sidecar.settings import RecordingSettings, Settings
from wsobserve.sidecar.settings_file import OptionError, SettingsError, from_environment, read_settings

pytestmark = pytest.mark.build_independent


def file_of(tmp_path: Path, text: str) -> str:
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def refused(path: str | None = None, environment: dict[str, str] | None = None, **options: object) -> str:
    with pytest.raises(SettingsError) as caught:
        read_settings(path, environment or {}, options)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_nothing_given_is_the_defaults() -> None:
    assert read_settings(None, {}, {}) == Settings()


def test_a_file_of_everything(tmp_path: Path) -> None:
    path = file_of(
        tmp_path,
        """
        interfaces = ["eth0", "lo"]
        ports = [8080, "9000-9100"]
        snap_length = "64KiB"
        interval = 5
        memory = "128MiB"
        drift = false
        service = "chat"

        [resource]
        "deployment.environment.name" = "staging"

        [recording]
        directory = "/var/lib/wsobserve"
        sample = "1%"
        file_seconds = "10m"
        """,
    )
    assert read_settings(path, {}, {}) == Settings(
        interfaces=("eth0", "lo"),
        ports=("8080", "9000-9100"),
        snap_length=65536,
        interval=5.0,
        memory=128 * 2**20,
        drift=False,
        service="chat",
        resource={"deployment.environment.name": "staging"},
        recording=RecordingSettings(directory="/var/lib/wsobserve", sample=0.01, file_seconds=600.0),
    )


def test_options_win_over_variables_and_variables_over_the_file(tmp_path: Path) -> None:
    path = file_of(tmp_path, 'service = "file"\nstore = "file.db"\nports = [1, 2]\ninterval = "1m"\n')
    environment = {"WSOBSERVE_SERVICE": "variable", "WSOBSERVE_STORE": "variable.db", "WSOBSERVE_PORTS": "3"}
    settings = read_settings(path, environment, {"service": "option", "ports": ("4", "5-6")})
    assert (settings.service, settings.store, settings.interval) == ("option", "variable.db", 60.0)
    assert settings.ports == ("4", "5-6"), "a list wins as a whole"


def test_nested_settings_have_variables_too() -> None:
    environment = {"WSOBSERVE_RECORDING_DIRECTORY": "/x", "WSOBSERVE_RECORDING_ANOMALIES": "any", "WSOBSERVE_DRIFT": "no"}
    settings = read_settings(None, environment, {})
    assert settings.recording == RecordingSettings(directory="/x", anomalies=("any",))
    assert not settings.drift


def test_an_empty_variable_says_nothing() -> None:
    assert read_settings(None, {"WSOBSERVE_SERVICE": "", "WSOBSERVE_NONSENSE": ""}, {}) == Settings()


def test_a_target_takes_the_place_of_another_that_was_named_before(tmp_path: Path) -> None:
    path = file_of(tmp_path, 'container = "abc"\n')
    settings = read_settings(path, {}, {"pid": "7"})
    assert (settings.pid, settings.container) == (7, None)


def test_standard_input_may_be_named_as_an_interface() -> None:
    settings = read_settings(None, {}, {"interfaces": ("-",)})
    assert (settings.source, settings.interfaces) == ("stdin", ())


# --- the file is at fault ---


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prots = [80]", "prots: there is no such setting (ports?)"),
        ("[recording]\ndirectroy = 'x'", "recording.directroy: there is no such setting (recording.directory?)"),
        ("[recordings]\ndirectory = 'x'", "recordings.directory: there is no such setting (recording.directory?)"),
        ("[sample]", "sample: there is no such setting"),
        ("workers = 'many'", "workers: must be a whole number, from 1 to 64"),
        ("workers = true", "workers: must be a whole number, from 1 to 64"),
        ("workers = 65", "workers: must be a whole number, from 1 to 64"),
        ("interval = 0", "interval: must be a time such as 30s or 5m, from 0.1s to 1h"),
        ("interval = nan", "interval: must be a time such as 30s or 5m, from 0.1s to 1h"),
        ("ports = [0]", "ports: must be ports from 1 to 65535, or ranges such as 9000-9100"),
        ("resource = 5", "resource: must be key=value"),
        ("recording = 5", "recording: there is no such setting"),
        ("log = 'xml'", "log: must be auto, text or json"),
        ("health = 'nowhere'", "health: must be host:port, unix:/path or off"),
        ("pid = 7\nnetns = 'blue'", "pid and "),
        ("this is not TOML", "not TOML: "),
        ("interval = ", "not TOML: "),
        ("a = " + "[" * 100_000, "not TOML: "),
    ],
)
def test_a_bad_file_is_told_with_its_name_and_key(tmp_path: Path, text: str, told: str) -> None:
    path = file_of(tmp_path, text)
    assert refused(path).startswith(f"{path}: {told}")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert refused(str(tmp_path / "nowhere.toml")).endswith("nowhere.toml: No such file or directory")
    assert "directory" in refused(str(tmp_path))
    (tmp_path / "latin").write_bytes(b"service = '\xe4'")
    assert refused(str(tmp_path / "latin")).endswith("not UTF-8")
    (tmp_path / "long").write_bytes(b"#" * (1024 * 1024 + 1))
    assert refused(str(tmp_path / "long")).endswith("too long for settings")


def test_a_key_that_would_break_the_line_is_escaped(tmp_path: Path) -> None:
    assert r"a\nb" in refused(file_of(tmp_path, '"a\\nb" = 1'))


def test_what_was_given_is_not_repeated(tmp_path: Path) -> None:
    """A password in the wrong place must not end up in a log."""
    assert "hunter2" not in refused(file_of(tmp_path, 'memory = "hunter2"'))
    assert "hunter2" not in refused(None, {"WSOBSERVE_MEMORY": "hunter2"})


# --- the environment is at fault ---


def test_a_bad_variable_is_told_by_its_name() -> None:
    assert refused(None, {"WSOBSERVE_WORKERS": "0"}) == "WSOBSERVE_WORKERS: must be a whole number, from 1 to 64"
    assert refused(None, {"WSOBSERVE_PORT": "80"}) == "WSOBSERVE_PORT: there is no such setting (WSOBSERVE_PORTS?)"
    both = {"WSOBSERVE_PID": "7", "WSOBSERVE_CONTAINER": "abc"}
    assert refused(None, both) == "WSOBSERVE_PID and WSOBSERVE_CONTAINER: only one of them can be watched"


def test_what_kubernetes_tells_of_a_service_called_wsobserve_is_not_for_us() -> None:
    environment = {
        "WSOBSERVE_SERVICE_HOST": "10.0.0.9",
        "WSOBSERVE_SERVICE_PORT": "9464",
        "WSOBSERVE_SERVICE_PORT_METRICS": "9464",
        "WSOBSERVE_PORT": "tcp://10.0.0.9:9464",
        "WSOBSERVE_PORT_9464_TCP": "tcp://10.0.0.9:9464",
        "WSOBSERVE_PORT_9464_TCP_PROTO": "tcp",
        "WSOBSERVE_PORT_9464_TCP_PORT": "9464",
        "WSOBSERVE_PORT_9464_TCP_ADDR": "10.0.0.9",
        "WSOBSERVE_STORE_SERVICE_HOST": "10.0.0.10",
        "WSOBSERVE_SETTINGS": "elsewhere.toml",
        "PATH": "/bin",
    }
    assert from_environment(environment) == {}


def test_variables_by_which_the_package_is_built_are_not_for_us() -> None:
    assert from_environment({"WSOBSERVE_PURE": "1", "WSOBSERVE_REQUIRE_COMPILED": "1", "WSOBSERVE_EXPECT_BUILD": "pure"}) == {}


# --- options are at fault ---


def test_a_bad_option_is_wrong_usage() -> None:
    with pytest.raises(OptionError, match="--workers: must be"):
        read_settings(None, {}, {"workers": "0"})
    with pytest.raises(OptionError, match="--pid and --netns: only one"):
        read_settings(None, {}, {"pid": "7", "netns": "blue"})


# --- only all of them together show it ---


def test_a_recording_needs_a_directory_and_a_choice() -> None:
    with pytest.raises(OptionError, match="--record-sample: nothing is recorded without a directory"):
        read_settings(None, {}, {"recording.sample": "1%"})
    assert refused(None, {"WSOBSERVE_RECORDING_SAMPLE": "1%"}).startswith("recording.sample: nothing is recorded")
    with pytest.raises(OptionError, match="--record: nothing says which connections"):
        read_settings(None, {}, {"recording.directory": "/x"})
    mixed = read_settings(None, {"WSOBSERVE_RECORDING_SAMPLE": "1%"}, {"recording.directory": "/x"})
    assert mixed.recording == RecordingSettings(directory="/x", sample=0.01)


def test_standard_input_goes_with_nothing_else() -> None:
    for options in (
        {"interfaces": ("-", "eth0")},
        {"interfaces": ("-",), "source": "ring"},
        {"interfaces": ("eth0",), "source": "stdin"},
        {"interfaces": ("-",), "pid": "7"},
    ):
        with pytest.raises(OptionError):
            read_settings(None, {}, options)
