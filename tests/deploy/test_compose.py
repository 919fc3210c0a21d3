"""The compose file: valid by a strict reader of the Compose specification, with the privileges that are documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.deploy.kustomized import documents
from wsobserve.sidecar.settings_file import read_settings

pytestmark = pytest.mark.build_independent

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "deploy" / "compose.yaml"
(COMPOSE,) = documents(FILE)
OURS = COMPOSE["services"]["wsobserve"]


def read(text: str) -> None:
    """Raises ValueError for what the specification does not know."""
    pytest.importorskip("compose_spec").PyCompose.from_yaml(text)


def default_of(text: str) -> str:
    """What compose makes of `${NAME:-default}` when nobody sets NAME."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def test_it_is_valid() -> None:
    read(re.sub(r"\$\{\w+:\?[^}]*\}", "service", default_of(FILE.read_text(encoding="utf-8"))))


def test_the_validation_can_fail() -> None:
    with pytest.raises(ValueError, match="cap_remove"):
        read("services: {wsobserve: {image: wsobserve, cap_remove: [ALL]}}")


def test_net_raw_is_all_that_is_held() -> None:
    assert (OURS["cap_drop"], OURS["cap_add"], OURS["user"]) == (["ALL"], ["NET_RAW"], "0:0")
    assert OURS["read_only"] is True
    assert OURS["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "pid", "ipc", "devices"} & OURS.keys()


def test_it_is_in_the_network_of_the_service_and_follows_it() -> None:
    assert OURS["network_mode"] == "service:app"
    assert OURS["depends_on"]["app"]["restart"] is True


def test_the_variables_are_settings_that_can_be() -> None:
    settings = read_settings(None, {name: default_of(value) for name, value in OURS["environment"].items()}, {})
    assert OURS["mem_limit"] == f"{settings.memory * 3 // 2 // 1024 // 1024}m"
    assert settings.interfaces, "attach wants to be told what to watch"
    assert settings.store is not None
    (volume,) = OURS["volumes"]
    assert settings.store.startswith(volume.partition(":")[2] + "/")


def test_the_processor_has_no_limit() -> None:
    assert not {"cpus", "cpu_quota", "deploy"} & OURS.keys()
