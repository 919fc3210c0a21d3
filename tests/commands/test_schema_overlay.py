"""`wsobserve schema overlay init`: a file to start from, which changes nothing as it is."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from wsobserve.cli import app

DEMO = str(Path(__file__).resolve().parents[2] / "captures" / "demo.pcapng")


def test_the_file_as_it_is_changes_nothing(tmp_path: Path) -> None:
    made = CliRunner().invoke(app, ["schema", "overlay", "init", DEMO])
    assert made.exit_code == 0
    path = tmp_path / "overlay.yaml"
    path.write_text(made.stdout)
    plain = CliRunner().invoke(app, ["schema", "export", DEMO])
    laid = CliRunner().invoke(app, ["schema", "export", DEMO, "--overlay", str(path)])
    assert laid.stderr == ""
    assert laid.stdout == plain.stdout
