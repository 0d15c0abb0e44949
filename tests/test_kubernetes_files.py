"""The files for Kubernetes against each other, the image and the settings that they repeat.

`make test-clusters` holds them against Kubernetes' own schemas.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lossgrad_service.runtime.settings import Settings
from tests.test_deploy_files import PORTS, instructions

Manifest = dict[str, Any]

FOLDER = Path(__file__).parent.parent / "deploy/kubernetes"
KUSTOMIZATION: Manifest = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
MANIFESTS: dict[str, Manifest] = {
    manifest["kind"]: manifest
    for name in KUSTOMIZATION["resources"]
    for manifest in yaml.safe_load_all((FOLDER / name).read_text())
}
POD: Manifest = MANIFESTS["Deployment"]["spec"]["template"]
(CONTAINER,) = POD["spec"]["containers"]
LABELS: Manifest = POD["metadata"]["labels"]


def test_every_file_is_applied() -> None:
    files = {path.name for path in FOLDER.iterdir()} - {"kustomization.yaml"}
    assert files == set(KUSTOMIZATION["resources"])


def test_all_that_there_should_be() -> None:
    assert set(MANIFESTS) == {
        *("Namespace", "Deployment", "Service", "PodDisruptionBudget"),
        *("HorizontalPodAutoscaler", "NetworkPolicy"),
    }


def test_all_speak_of_the_same_pods() -> None:
    specs = {kind: manifest.get("spec", {}) for kind, manifest in MANIFESTS.items()}
    assert specs["Deployment"]["selector"]["matchLabels"] == LABELS
    assert specs["Service"]["selector"] == LABELS
    assert specs["PodDisruptionBudget"]["selector"]["matchLabels"] == LABELS
    assert specs["NetworkPolicy"]["podSelector"]["matchLabels"] == LABELS
    target = specs["HorizontalPodAutoscaler"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == (
        "Deployment",
        MANIFESTS["Deployment"]["metadata"]["name"],
    )


def test_no_label_is_asked_of_callers_but_theirs() -> None:
    """Kustomize adds labels for selectors to those of a policy's peers as well."""
    assert not any(entry.get("includeSelectors") for entry in KUSTOMIZATION["labels"])
    assert "commonLabels" not in KUSTOMIZATION
    callers = MANIFESTS["NetworkPolicy"]["spec"]["ingress"][0]["from"][0]
    assert callers["podSelector"] == {"matchLabels": {"lossgrad-caller": "true"}}


def test_the_image_is_named_once() -> None:
    assert [image["name"] for image in KUSTOMIZATION["images"]] == [CONTAINER["image"]]


def test_ports_are_those_of_the_settings() -> None:
    ports = {port["name"]: port["containerPort"] for port in CONTAINER["ports"]}
    assert set(ports.values()) == PORTS
    service = MANIFESTS["Service"]["spec"]["ports"]
    assert {port["targetPort"]: port["port"] for port in service} == ports
    allowed = [
        p["port"] for rule in MANIFESTS["NetworkPolicy"]["spec"]["ingress"] for p in rule["ports"]
    ]
    assert set(allowed) == set(ports)


def test_variables_and_flags_are_settings() -> None:
    names = [variable["name"] for variable in CONTAINER["env"]]
    assert {name.removeprefix("LOSSGRAD_").lower() for name in names} <= set(Settings.model_fields)
    flags = [arg for arg in CONTAINER["args"] if arg.startswith("--")]
    assert {flag[2:].replace("-", "_") for flag in flags} <= set(Settings.model_fields)


def test_calls_may_end_before_the_pod_does() -> None:
    (lame_duck,) = [float(v["value"]) for v in CONTAINER["env"] if "LAME_DUCK" in v["name"]]
    grace = Settings.model_fields["shutdown_grace_seconds"].default
    assert lame_duck + grace < POD["spec"]["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe"])
def test_whether_it_is_ready_is_asked_over_grpc(probe: str) -> None:
    assert CONTAINER[probe]["grpc"] == {"port": Settings.model_fields["grpc_port"].default}


def test_the_service_is_headless() -> None:
    assert MANIFESTS["Service"]["spec"]["clusterIP"] == "None"


def test_pods_may_no_more_than_the_container_of_compose() -> None:
    (user,) = instructions("USER")[-1:]
    pod, container = POD["spec"]["securityContext"], CONTAINER["securityContext"]
    assert user == f"{pod['runAsUser']}:{pod['runAsGroup']}"
    assert pod["runAsNonRoot"]
    assert container["readOnlyRootFilesystem"]
    assert not container["allowPrivilegeEscalation"]
    assert container["capabilities"] == {"drop": ["ALL"]}
    assert [mount["mountPath"] for mount in CONTAINER["volumeMounts"]] == ["/tmp"]


def test_pods_go_nowhere() -> None:
    policy = MANIFESTS["NetworkPolicy"]["spec"]
    assert "Egress" in policy["policyTypes"]
    assert "egress" not in policy
