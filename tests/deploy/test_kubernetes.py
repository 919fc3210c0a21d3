"""The manifests: valid by Kubernetes' own schemas, with the privileges that the documentation says and no others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.kustomized import build, documents
from wsobserve.sidecar.settings_file import from_environment, read_settings

pytestmark = pytest.mark.build_independent

ROOT = Path(__file__).resolve().parents[2]
DIRECTORY = ROOT / "deploy" / "kubernetes"
BUILT = ("example", "daemonset", "target")
OLDEST, NEWEST = "1.30", "1.37"  # sidecars are in all of them; appArmorProfile came with 1.30
NET_RAW = {"drop": ["ALL"], "add": ["NET_RAW"]}
MIB = 1024 * 1024


def pod_of(directory: str) -> dict[str, Any]:
    """The specification of the pod in which wsobserve runs."""
    (found,) = [one for one in build(DIRECTORY / directory) if one["kind"] != "Namespace"]
    spec: dict[str, Any] = found["spec"] if found["kind"] == "Pod" else found["spec"]["template"]["spec"]
    return spec


def ours_in(spec: Mapping[str, Any]) -> dict[str, Any]:
    (found,) = [one for key in ("initContainers", "containers") for one in spec.get(key, []) if one["name"] == "wsobserve"]
    return dict(found)


def ephemeral() -> dict[str, Any]:
    ((container,),) = [one["spec"]["ephemeralContainers"] for one in documents(DIRECTORY / "ephemeral" / "patch.yaml")]
    return dict(container)


CONTAINERS = {**{name: ours_in(pod_of(name)) for name in BUILT}, "ephemeral": ephemeral()}


def environment_of(container: Mapping[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container["env"] if "value" in one}


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("directory", BUILT)
def test_what_is_built_is_valid(directory: str, version: str) -> None:
    validate = pytest.importorskip("kubernetes_validate")
    for one in build(DIRECTORY / directory):
        validate.validate(one, version, strict=True)


def test_the_validation_can_fail() -> None:
    validate = pytest.importorskip("kubernetes_validate")
    (pod,) = [one for one in build(DIRECTORY / "target") if one["kind"] == "Pod"]
    pod["spec"]["containers"][0]["securityContext"]["readOnlyRootFileSystem"] = True
    with pytest.raises(validate.ValidationError):
        validate.validate(pod, NEWEST, strict=True)


def test_an_ephemeral_container_is_valid_and_so_is_the_profile() -> None:
    validate = pytest.importorskip("kubernetes_validate")
    (profile,) = documents(DIRECTORY / "ephemeral" / "profile.yaml")
    whole = {"name": "wsobserve", "image": "wsobserve:0.1.0", **profile}
    for container in (ephemeral(), whole):
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "chat"},
            "spec": {"containers": [{"name": "chat", "image": "chat"}], "ephemeralContainers": [container]},
        }
        validate.validate(pod, NEWEST, strict=True)
    assert profile["securityContext"] == ephemeral()["securityContext"]


@pytest.mark.parametrize("name", ["example", "daemonset", "ephemeral"])
def test_net_raw_is_all_that_is_held(name: str) -> None:
    assert CONTAINERS[name]["securityContext"] == {
        "runAsUser": 0,
        "runAsGroup": 0,
        "runAsNonRoot": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": NET_RAW,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def test_a_chosen_container_needs_two_more_and_they_are_written_in_the_documentation() -> None:
    context = CONTAINERS["target"]["securityContext"]
    assert context["capabilities"] == {"drop": ["ALL"], "add": ["NET_RAW", "SYS_ADMIN", "SYS_PTRACE"]}
    assert context["allowPrivilegeEscalation"] is False
    assert context["readOnlyRootFilesystem"] is True
    assert "add: [NET_RAW, SYS_ADMIN, SYS_PTRACE]" in (ROOT / "docs" / "attach.md").read_text(encoding="utf-8")


def test_a_pod_shares_no_more_of_the_node_than_its_way_needs() -> None:
    shared = {
        name: {key for key in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace") if pod_of(name).get(key)}
        for name in BUILT
    }
    assert shared == {"example": set(), "daemonset": {"hostNetwork"}, "target": {"hostPID"}}
    assert not [volume for name in BUILT for volume in pod_of(name)["volumes"] if "hostPath" in volume]


@pytest.mark.parametrize("name", CONTAINERS)
def test_the_variables_are_settings_that_can_be(name: str) -> None:
    settings = read_settings(None, environment_of(CONTAINERS[name]), {})
    assert settings.interfaces or settings.container or settings.ports, "attach wants to be told what to watch"


def test_the_variables_are_known_by_their_keys() -> None:
    keys = from_environment(environment_of(CONTAINERS["daemonset"])).keys()
    assert keys == {"interfaces", "service", "memory", "store"}


@pytest.mark.parametrize("name", BUILT)
def test_the_limit_of_memory_is_the_budget_and_half_of_it_and_the_processor_has_none(name: str) -> None:
    resources = CONTAINERS[name]["resources"]
    budget = read_settings(None, environment_of(CONTAINERS[name]), {}).memory
    assert resources["limits"] == {"memory": f"{budget * 3 // 2 // MIB}Mi"}
    assert resources["requests"].keys() == {"cpu", "memory"}


@pytest.mark.parametrize("name", BUILT)
def test_probes_reach_the_endpoint_that_listens_on_the_loopback_interface(name: str) -> None:
    settings = read_settings(None, environment_of(CONTAINERS[name]), {})
    host, _, port = settings.health.rpartition(":")
    probes = {key: value for key, value in CONTAINERS[name].items() if key.endswith("Probe")}
    assert "livenessProbe" in probes
    for probe in probes.values():
        if "exec" in probe:
            assert probe["exec"]["command"] == ["wsobserve", "status"]
            continue
        assert pod_of(name)["hostNetwork"], "kubelet is not in the network of a pod"
        assert (probe["httpGet"]["host"], probe["httpGet"]["port"]) == (host, int(port))
        assert probe["httpGet"]["path"] in ("/healthz", "/readyz")


def test_an_observer_keeps_no_service_from_starting_or_being_reached() -> None:
    sidecar = CONTAINERS["example"]
    assert sidecar["restartPolicy"] == "Always"
    assert {key for key in sidecar if key.endswith("Probe")} == {"livenessProbe"}


@pytest.mark.parametrize("name", BUILT)
def test_what_is_written_has_a_bounded_volume(name: str) -> None:
    container, volumes = CONTAINERS[name], {volume["name"]: volume for volume in pod_of(name)["volumes"]}
    store = read_settings(None, environment_of(container), {}).store
    (mount,) = [one for one in container["volumeMounts"] if store and store.startswith(one["mountPath"] + "/")]
    assert volumes[mount["name"]]["emptyDir"]["sizeLimit"]


def test_the_sidecar_knows_its_pod_and_the_daemonset_only_its_node() -> None:
    told = {
        name: {one["name"] for one in CONTAINERS[name]["env"] if "valueFrom" in one}
        for name in ("example", "daemonset", "target")
    }
    assert told == {
        "example": {"POD_NAME", "POD_NAMESPACE", "POD_UID", "NODE_NAME"},
        "daemonset": {"NODE_NAME"},
        "target": {"NODE_NAME"},
    }
    assert read_settings(None, {}, {}).pod_info in [mount["mountPath"] for mount in CONTAINERS["example"]["volumeMounts"]]


@pytest.mark.parametrize("directory", BUILT)
def test_the_namespace_says_that_its_pods_are_privileged(directory: str) -> None:
    (namespace,) = [one for one in build(DIRECTORY / directory) if one["kind"] == "Namespace"]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"


def test_the_component_leaves_the_service_itself_as_it_was() -> None:
    (before,) = [one for one in documents(DIRECTORY / "example" / "chat.yaml") if one["kind"] == "Deployment"]
    after = pod_of("example")
    assert after["containers"] == before["spec"]["template"]["spec"]["containers"]
    assert [container["name"] for container in after["initContainers"]] == ["wsobserve"]
