"""The values for Dagger's Helm chart in docs/examples have keys that the named version of the chart knows."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from reading import ROOT
from ruamel.yaml import YAML

CHART = json.loads(Path(__file__).with_name("dagger_chart.json").read_text())
FILES = sorted((ROOT / "docs" / "examples").glob("dagger-*values.yaml"))


def read(text: str) -> dict[str, Any]:
    return YAML(typ="safe").load(text)


def paths(values: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """`engine.image.ref` for each value that is no table, or an empty one."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from paths(value, f"{before}{key}.")
        else:
            yield f"{before}{key}"


def unknown(values: Mapping[str, Any], known: list[str]) -> list[str]:
    free = tuple(each.removesuffix("*") for each in known if each.endswith(".*"))
    return [path for path in paths(values) if path not in known and not path.startswith(free)]


def wrong(values: Mapping[str, Any]) -> list[str]:
    """What the chart would leave out without a word, or the engine refuse."""
    engine = values.get("engine", {})
    found = unknown(values, CHART["keys"])
    lost = CHART["only_stateful_set" if engine.get("kind") != "StatefulSet" else "only_daemon_set"]
    found += [f"{path}: not of this kind" for path in paths(values) if path.startswith(tuple(lost))]
    found += [f"configJson: {path}" for path in unknown(_config(engine), CHART["engine_json"])]
    claim = engine.get("statefulSet", {}).get("persistentVolumeClaim", {}).get("enabled")
    if claim and engine.get("hostPath", {}).get("dataVolume", {}).get("enabled", True):
        found.append("the data volume would be there twice")
    return found


def _config(engine: Mapping[str, Any]) -> Mapping[str, Any]:
    return json.loads(engine.get("configJson", "{}"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_key_is_one_of_the_chart(file: Path):
    text = file.read_text()
    assert wrong(read(text)) == []
    assert f"version {CHART['version']}" in text


def test_there_are_values_with_and_without_a_gpu():
    assert [file.name for file in FILES] == ["dagger-gpu-values.yaml", "dagger-values.yaml"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("engine: {resource: {}}", ["engine.resource"]),
        ("engine: {image: {tag: v0.21.8}}", ["engine.image.tag"]),
        ("resources: {limits: {cpu: 1}}", ["resources.limits.cpu"]),
        ("engine: {kind: DaemonSet, nodeSelector: {any: key}}", []),
        (
            "engine: {kind: StatefulSet, runtimeClassName: nvidia}",
            ["engine.runtimeClassName: not of this kind"],
        ),
        (
            "engine: {statefulSet: {podManagementPolicy: Parallel}}",
            ["engine.statefulSet.podManagementPolicy: not of this kind"],
        ),
        (
            "engine: {kind: StatefulSet, statefulSet: {persistentVolumeClaim: {enabled: true}}}",
            ["the data volume would be there twice"],
        ),
        ('engine: {configJson: \'{"gc": {"maxUsedSpace": "1GB"}}\'}', []),
        ('engine: {configJson: \'{"gc": {"maxUsed": "1GB"}}\'}', ["configJson: gc.maxUsed"]),
    ],
    ids=[
        "misspelt",
        "not in this version",
        "one level too high",
        "any label of a node",
        "the stateful set has no runtime class",
        "the daemon set has no policy",
        "a volume twice",
        "a setting of the engine",
        "no setting of the engine",
    ],
)
def test_a_wrong_key_is_noticed(text: str, said: list[str]):
    assert wrong(read(text)) == said


def test_the_engine_is_of_the_version_that_the_workflows_install():
    action = read((ROOT / "action.yml").read_text())
    assert action["inputs"]["dagger-version"]["default"] == CHART["version"]
    gpu = read(FILES[0].read_text())["engine"]
    assert gpu["image"]["ref"] == f"registry.dagger.io/engine:v{CHART['version']}-gpu"
    assert {"name": "_EXPERIMENTAL_DAGGER_GPU_SUPPORT", "value": "true"} in gpu["env"]
