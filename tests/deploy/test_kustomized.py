"""The stand-in for kustomize: what it merges, and that it refuses what it does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy.kustomized import build, documents, merged

pytestmark = pytest.mark.build_independent


def test_containers_are_merged_by_name_and_other_lists_are_replaced() -> None:
    whole = {"containers": [{"name": "a", "args": ["1", "2"]}], "kept": 1}
    change = {"containers": [{"name": "b"}, {"name": "a", "args": ["3"]}]}
    assert merged(whole, change) == {"containers": [{"name": "b"}, {"name": "a", "args": ["3"]}], "kept": 1}


def test_what_it_does_not_know_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamePrefix: a-\n"
    )
    with pytest.raises(ValueError, match="namePrefix"):
        build(tmp_path)


def test_a_file_outside_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("kind: Namespace\n")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../outside.yaml]\n"
    )
    with pytest.raises(ValueError, match="outside"):
        build(tmp_path / "inside")


def test_a_key_given_twice_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "twice.yaml").write_text("a: 1\na: 2\n")
    with pytest.raises(ValueError, match="twice"):
        documents(tmp_path / "twice.yaml")
