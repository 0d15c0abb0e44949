"""The files for Kubernetes against its own schemas, which leave no unknown field through."""

from __future__ import annotations

import copy
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "deploy/kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
VERSIONS = ("1.30", "1.37")
"""The oldest that has all that is used, and the newest that there are schemas of."""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", KUSTOMIZATION["resources"])
def test_manifest_is_valid(name, version):
    for manifest in yaml.safe_load_all((FOLDER / name).read_text()):
        kubernetes_validate.validate(manifest, version, strict=True)


def test_a_mistake_is_found():
    manifest = yaml.safe_load((FOLDER / "deployment.yaml").read_text())
    wrong = copy.deepcopy(manifest)
    wrong["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)
