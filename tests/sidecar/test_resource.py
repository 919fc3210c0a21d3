"""Who is observed: from settings, environment, Kubernetes and /proc, in that order, and never with a secret."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stories import as_root, network_namespace
from wsobserve.observing import open_exporters
from wsobserve.records import Half, Handshake
from wsobserve.sidecar.resource import (
    ATTRIBUTES,
    KEY_LENGTH,
    LABELS,
    VALUE_LENGTH,
    environment_attributes,
    pod_labels,
    resource_attributes,
)
from wsobserve.sidecar.settings import Settings

pytestmark = pytest.mark.build_independent

CONTAINER = "a1" * 32
OUR_POD, OTHER_POD = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "ffffffff-4b5a-6978-8796-a5b4c3d2e1f0"
POD = {"POD_NAME": "chat-7d9f", "POD_NAMESPACE": "shop", "POD_UID": OUR_POD, "NODE_NAME": "node-3"}


def machine(proc: Path, cgroup: str = f"0::/docker/{CONTAINER}", name: str = "node", mounts: str = "") -> Path:
    """A /proc with process 7 in it, and without us in any container that could be seen."""
    for number, where in (("7", cgroup), ("self", "0::/")):
        (proc / number).mkdir(parents=True)
        (proc / number / "cgroup").write_text(where + "\n")
        (proc / number / "comm").write_text(name + "\n")
        (proc / number / "cmdline").write_bytes(b"node\0server.js\0--password=SECRET\0")
        (proc / number / "environ").write_bytes(b"TOKEN=SECRET\0")
        (proc / number / "mountinfo").write_text(mounts)
    return proc


def labels_in(directory: Path, text: str) -> str:
    directory.mkdir(exist_ok=True)
    (directory / "labels").write_text(text)
    return str(directory)


def attributes(
    settings: Settings, process: int | None = None, environment: dict[str, str] | None = None, proc: Path = Path("/proc")
) -> dict[str, str]:
    return resource_attributes(settings, process, environment or {}, proc)


def test_of_a_process_its_name_number_and_container(tmp_path: Path) -> None:
    found = attributes(Settings(pid=7), 7, proc=machine(tmp_path))
    assert found == {
        "service.name": "node",
        "host.name": socket.gethostname(),
        "process.pid": "7",
        "process.executable.name": "node",
        "container.id": CONTAINER,
    }
    assert "SECRET" not in str(found)


def test_beside_a_container_whose_network_we_share_it_is_that_one(tmp_path: Path) -> None:
    mounts = f"900 800 254:1 /var/lib/docker/containers/{CONTAINER}/hostname /etc/hostname rw - ext4 /dev/vda1 rw\n"
    proc = machine(tmp_path, mounts=mounts)
    assert attributes(Settings(), proc=proc)["container.id"] == CONTAINER
    assert "container.id" not in attributes(Settings(netns="/nowhere"), proc=proc)


def test_in_a_pod_the_downward_api_tells(tmp_path: Path) -> None:
    directory = labels_in(tmp_path / "podinfo", 'app.kubernetes.io/name="chat"\napp="other"\ntier="front end"\n')
    found = attributes(Settings(pod_info=directory), environment=POD, proc=machine(tmp_path / "proc"))
    assert found == {
        "service.name": "chat",
        "host.name": socket.gethostname(),
        "k8s.pod.name": "chat-7d9f",
        "k8s.pod.uid": OUR_POD,
        "k8s.namespace.name": "shop",
        "k8s.node.name": "node-3",
        "k8s.pod.label.app.kubernetes.io/name": "chat",
        "k8s.pod.label.app": "other",
        "k8s.pod.label.tier": "front end",
    }


def test_a_target_in_our_pod_has_what_is_told_of_it(tmp_path: Path) -> None:
    directory = labels_in(tmp_path / "podinfo", 'app="chat"\n')
    proc = machine(tmp_path / "proc", f"0::/kubepods/burstable/pod{OUR_POD}/{CONTAINER}")
    found = attributes(Settings(pid=7, pod_info=directory), 7, POD, proc)
    assert (found["service.name"], found["k8s.pod.name"], found["k8s.pod.uid"]) == ("chat", "chat-7d9f", OUR_POD)
    assert found["container.id"] == CONTAINER


def test_a_target_in_another_pod_does_not_get_our_name(tmp_path: Path) -> None:
    """As from a DaemonSet: POD_NAME is the watcher's."""
    directory = labels_in(tmp_path / "podinfo", 'app="wsobserve"\n')
    proc = machine(tmp_path / "proc", f"0::/kubepods/burstable/pod{OTHER_POD}/{CONTAINER}")
    found = attributes(Settings(pid=7, pod_info=directory), 7, POD, proc)
    assert found["service.name"] == "node"
    assert found["k8s.pod.uid"] == OTHER_POD
    assert found["k8s.node.name"] == "node-3", "it is on the same one"
    assert not {key for key in found if key.startswith(("k8s.pod.name", "k8s.namespace", "k8s.pod.label"))}


@as_root
def test_a_target_in_another_network_does_not_either() -> None:
    with network_namespace() as name:
        assert "k8s.pod.name" not in attributes(Settings(netns=name), environment=POD)
    assert attributes(Settings(netns="/proc/self/ns/net"), environment=POD)["k8s.pod.name"] == "chat-7d9f"
    assert "k8s.pod.name" not in attributes(Settings(netns="no-such-name"), environment=POD)


def test_the_name_of_the_service_comes_from_whoever_knows_best(tmp_path: Path) -> None:
    proc = machine(tmp_path / "proc", f"0::/kubepods/burstable/pod{OUR_POD}/{CONTAINER}")
    app = labels_in(tmp_path / "app", 'app="from-app"\n')
    both = labels_in(tmp_path / "both", 'app="from-app"\napp.kubernetes.io/name="from-name"\n')
    listed = {"OTEL_RESOURCE_ATTRIBUTES": "service.name=from-attributes"}
    named = {"OTEL_SERVICE_NAME": "from-environment"}
    in_settings = {"service.name": "from-resource"}

    def service(settings: Settings, environment: dict[str, str] | None = None, process: int | None = 7) -> str | None:
        return attributes(settings, process, POD | (environment or {}), proc).get("service.name")

    assert service(Settings(pod_info=None), process=None) is None, "nothing is known, nothing is said"
    assert service(Settings(pod_info=None)) == "node"
    assert service(Settings(pod_info=app)) == "from-app"
    assert service(Settings(pod_info=both)) == "from-name"
    assert service(Settings(pod_info=both), listed) == "from-attributes"
    assert service(Settings(pod_info=both), listed | named) == "from-environment"
    assert service(Settings(pod_info=both, resource=in_settings), listed | named) == "from-resource"
    assert service(Settings(pod_info=both, resource=in_settings, service="given"), listed | named) == "given"


def test_settings_win_over_the_environment_and_that_over_what_was_found(tmp_path: Path) -> None:
    environment = {"OTEL_RESOURCE_ATTRIBUTES": "host.name=from-environment,container.id=from-environment,team=blue"}
    settings = Settings(pid=7, resource={"container.id": "from-settings", "deployment.environment.name": "test"})
    found = attributes(settings, 7, environment, machine(tmp_path))
    assert found["host.name"] == "from-environment"
    assert found["container.id"] == "from-settings"
    assert (found["team"], found["deployment.environment.name"]) == ("blue", "test")


def test_attributes_of_the_environment_are_percent_encoded() -> None:
    assert environment_attributes(" a = b%2Cc%3Dd , e=f=g, nothing, =h, i=%C3%BC,") == {"a": "b,c=d", "e": "f=g", "i": "ü"}
    assert environment_attributes("") == {}


def test_labels_are_read_as_kubernetes_writes_them(tmp_path: Path) -> None:
    text = 'a="plain"\nb.c/d_e-f="\\"quoted\\" \\\\ \\n \\u00e4 \\x41"\nempty=""\nlast="without a line end"'
    assert pod_labels(labels_in(tmp_path, text)) == {
        "a": "plain", "b.c/d_e-f": '"quoted" \\ \n ä A', "empty": "", "last": "without a line end",
    }  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nothing",
        "a=b",
        'a="',
        '="a"',
        'a="b" "c"',
        'a="b"+"c"',
        'a=__import__("os")',
        'a="\\x"',
        'a="\\N{nothing}"',
        "a='b'",
        "\0",
    ],
)
def test_a_line_that_is_no_label_is_left_out(line: str, tmp_path: Path) -> None:
    assert pod_labels(labels_in(tmp_path, f'before="1"\n{line}\nafter="2"\n')) == {"before": "1", "after": "2"}


def test_where_there_are_no_labels_there_are_none(tmp_path: Path) -> None:
    assert pod_labels(None) == pod_labels(str(tmp_path)) == pod_labels(str(tmp_path / "nowhere")) == {}


def test_a_label_that_looks_like_a_secret_stays_here(tmp_path: Path) -> None:
    text = (
        'api-key="a"\nexample.com/token="b"\ndb_password="c"\njwt="eyJhbGciOiJIUzI1NiJ9.e30.x"\n'
        'session="eyJhbGciOiJIUzI1NiJ9.e30.x"\nopaque="Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZg"\n'
        'app="token-service"\nversion="v1.2.3"\npod-template-hash="7d4b9c6f5d"\n'
    )
    assert set(pod_labels(labels_in(tmp_path, text))) == {"app", "version", "pod-template-hash"}


def test_count_and_length_have_limits(tmp_path: Path) -> None:
    directory = labels_in(tmp_path / "podinfo", "".join(f'l{number}="v"\n' for number in range(10_000)))
    assert len(pod_labels(directory)) == LABELS
    resource = {f"a{number}": "v" * 5000 for number in range(1000)} | {"k" * (KEY_LENGTH + 1): "v", "": "v"}
    found = attributes(Settings(service="chat", resource=resource, pod_info=directory))
    assert len(found) == ATTRIBUTES
    assert found["service.name"] == "chat"
    assert max(map(len, found)) <= KEY_LENGTH
    assert {len(value) for value in found.values()} == {4, VALUE_LENGTH}
    assert found["a0"].endswith("v…")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_of_a_real_process_no_argument_and_no_environment_is_told() -> None:
    process = subprocess.Popen(["sleep", "61.5"], env={"PASSWORD": "SECRET", "PATH": os.environ["PATH"]})
    try:
        found = attributes(Settings(pid=process.pid, pod_info=None), process.pid)
    finally:
        process.kill()
        process.wait()
    assert found["process.executable.name"] == found["service.name"] == "sleep"
    assert found["process.pid"] == str(process.pid)
    assert not {value for value in found.values() if "SECRET" in value or "61.5" in value}


def test_it_arrives_at_a_collector() -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra [otlp] is not installed")
    from tests.otlp_receiver import http_receiver

    handshake = Handshake(
        half=Half(connection="c1", source="10.0.0.1:5", destination="10.0.0.2:80"), time_ns=10**18, packet=1,
        request_time_ns=10**18, request_packet=1, method="GET", target="/", path_template="/", host=None, origin=None,
        user_agent=None, traceparent=None, version="13", status_code=101,
    )  # fmt: skip
    resource = attributes(Settings(resource={"team": "blue"}, service="chat"), environment=POD)
    with http_receiver() as received:
        [exporter] = open_exporters(None, received.endpoint, "chat", [], resource)
        exporter.export([handshake])
        exporter.close()
    [arrived] = received.resources
    assert arrived.items() >= resource.items()
    assert (arrived["service.name"], arrived["k8s.pod.name"], arrived["team"]) == ("chat", "chat-7d9f", "blue")
