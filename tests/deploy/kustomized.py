"""What `kustomize build` would make of the directories in deploy/kubernetes, as far as these use it.

There is no kustomize in a registry that is used here. What this does not know in a kustomization is an error, so nothing
is taken for applied that is not: resources, components, strategic merge patches with a target, namespace, images.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]
KNOWN = {"apiVersion", "kind", "namespace", "resources", "components", "patches", "images"}
# Lists that are merged by a key, of those that occur; all others are replaced (the API's patchMergeKey).
MERGE_KEYS = {"containers": "name", "initContainers": "name", "volumes": "name", "env": "name", "volumeMounts": "mountPath"}
CLUSTER_WIDE = {"Namespace"}


def build(directory: Path) -> list[Object]:
    """The objects that the kustomization in there makes. ValueError for what it says that this does not know."""
    return _applied(directory, [], component=False)


def _applied(directory: Path, objects: list[Object], *, component: bool) -> list[Object]:
    document = documents(directory / "kustomization.yaml")[0]
    if unknown := document.keys() - KNOWN:
        raise ValueError(f"{directory}: {sorted(unknown)}")
    kind = (
        ("kustomize.config.k8s.io/v1alpha1", "Component") if component else ("kustomize.config.k8s.io/v1beta1", "Kustomization")
    )
    if (document.get("apiVersion"), document.get("kind")) != kind:
        raise ValueError(f"{directory}: not a {kind[1]}")
    for name in document.get("resources", []):
        path = (directory / name).resolve()
        objects = objects + (build(path) if path.is_dir() else documents(_within(directory, path)))
    for name in document.get("components", []):
        objects = _applied((directory / name).resolve(), objects, component=True)
    for patch in document.get("patches", []):
        objects = _patched(directory, objects, patch)
    for one in objects:
        if "namespace" in document and one["kind"] not in CLUSTER_WIDE:
            one["metadata"]["namespace"] = document["namespace"]
        for image in document.get("images", []):
            _rename_images(one, image)
    return objects


def _patched(directory: Path, objects: list[Object], patch: Object) -> list[Object]:
    if patch.keys() != {"path", "target"} or patch["target"].keys() != {"kind", "labelSelector"}:
        raise ValueError(f"{directory}: {patch}")
    (change,) = documents(_within(directory, (directory / patch["path"]).resolve()))
    key, _, value = patch["target"]["labelSelector"].partition("=")
    return [
        merged(one, {"spec": change["spec"]})
        if one["kind"] == patch["target"]["kind"] and one["metadata"].get("labels", {}).get(key) == value
        else one
        for one in objects
    ]


def merged(whole: Any, change: Any, name: str = "") -> Any:
    """A strategic merge: objects by their keys, lists by the merge key of their elements where they have one."""
    if isinstance(whole, dict) and isinstance(change, dict):
        return {key: merged(whole.get(key), change.get(key), key) for key in [*whole, *(change.keys() - whole.keys())]}
    if isinstance(whole, list) and isinstance(change, list) and name in MERGE_KEYS:
        by = MERGE_KEYS[name]
        old = {one[by]: one for one in whole}
        new = {one[by]: one for one in change}
        return [merged(old.get(key), new.get(key)) for key in [*new, *(key for key in old if key not in new)]]
    return copy.deepcopy(whole if change is None else change)


def _rename_images(value: Any, image: Object) -> None:
    if image.keys() != {"name", "newName", "newTag"}:
        raise ValueError(str(image))
    if isinstance(value, list):
        for one in value:
            _rename_images(one, image)
    elif isinstance(value, dict):
        if str(value.get("image", "")).rpartition(":")[0] == image["name"]:
            value["image"] = f"{image['newName']}:{image['newTag']}"
        for one in value.values():
            _rename_images(one, image)


def _within(directory: Path, path: Path) -> Path:
    """kustomize reads no file from outside the directory of a kustomization."""
    if not path.is_relative_to(directory.resolve()):
        raise ValueError(f"{path}: outside of {directory}")
    return path


class _Strict(yaml.SafeLoader):
    """A key that is given twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(keys) != len(set(keys)):
            raise ValueError(f"{node.start_mark}: a key is given twice")
        return super().construct_mapping(node, deep)


def documents(path: Path) -> list[Any]:
    """The YAML documents in a file."""
    return list(yaml.load_all(path.read_text(encoding="utf-8"), _Strict))
