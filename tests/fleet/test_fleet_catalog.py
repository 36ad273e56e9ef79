"""The reference fleet is the one that DESIGN.md section 1 describes."""

import shutil
from pathlib import Path

import pytest

from pipeline.catalog.load import load_catalog
from pipeline.catalog.model import Catalog
from pipeline.catalog.references import Names
from pipeline.checks.lint import lint
from pipeline.planning.discover import survey
from pipeline.planning.dockerfile import Dockerfile, read_dockerfile
from pipeline.planning.inputs import build_keys
from pipeline.planning.sources import Sources

FLEET = Path(__file__).parents[2] / "fleet"

# image: (Dockerfile, context, family, {service: declared ports}, ports that its Dockerfile exposes)
IMAGES = {
    "model_ops_coordinator": (
        "model_ops_coordinator/Dockerfile",
        "model_ops_coordinator",
        "family-llm-cu121",
        {"ModelOpsCoordinator": {7211, 7212}},
        {7211, 7212, 8008},
    ),
    "affective_processing_center": (
        "affective_processing_center/Dockerfile",
        "affective_processing_center",
        "family-torch-cu121",
        {"AffectiveProcessingCenter": {5591, 5706}},
        {5591, 5706, 8008},
    ),
    "real_time_audio_pipeline": (
        "real_time_audio_pipeline/Dockerfile",
        "real_time_audio_pipeline",
        "family-torch-cu121",
        {"RealTimeAudioPipeline": {6552, 6553, 5802}},
        {6552, 6553, 5802, 8080},
    ),
    "reasoning_suite": (
        "main_pc_code/Dockerfile.reasoning_suite",
        ".",
        "family-llm-cu121",
        {
            "ChainOfThoughtAgent": {5612},
            "CognitiveModelAgent": {5641},
            "LearningOpportunityDetector": {5642},
            "LearningManager": {5643},
            "DynamicIdentityAgent": {5644},
            "ProactiveAgent": {5645},
        },
        {5612, 5641, 5642, 5643, 5644, 5645, 8080},
    ),
    "speech_pipeline": (
        "main_pc_code/Dockerfile.speech_pipeline",
        ".",
        "family-torch-cu121",
        {
            "STTService": {5800},
            "TTSService": {5801},
            "StreamingSpeechRecognition": {6553},
            "StreamingTTSAgent": {5562},
            "Responder": {5637},
            "EmpathyAgent": {5703},
            "EmotionSynthesisAgent": set(),
            "TinyLlamaServiceEnhanced": set(),
        },
        {5800, 5801, 5637, 5703, 5562, 6553},
    ),
    "vision_suite": (
        "main_pc_code/Dockerfile.vision_suite",
        ".",
        "family-vision-cu121",
        {"FaceRecognitionAgent": {5610}},
        {5610, 8080},
    ),
    "coordination": ("main_pc_code/Dockerfile.coordination", ".", "family-llm-cu121", {}, {8080}),
    "emotion_system": ("main_pc_code/Dockerfile.emotion_system", ".", "family-torch-cu121", {}, {8080}),
}
BASES = {
    "base-gpu-cu121": "",
    "family-torch-cu121": "base-gpu-cu121",
    "family-llm-cu121": "family-torch-cu121",
    "family-vision-cu121": "family-torch-cu121",
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(FLEET)


def test_the_fleet_has_these_families_and_images(catalog: Catalog) -> None:
    assert {name: family.base for name, family in catalog.families.items()} == BASES
    assert set(catalog.images) == set(IMAGES)
    assert sum(len(image.services) for image in catalog.images.values()) == 18


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_is_as_documented(catalog: Catalog, name: str) -> None:
    dockerfile, context, family, services, exposed = IMAGES[name]
    image = catalog.images[name]
    assert (image.dockerfile, image.context, image.family) == (dockerfile, context, family)
    assert {service.name: set(service.ports) for service in image.services} == services
    assert _exposed(_dockerfile(image.dockerfile)) == exposed


def test_every_smoked_service_has_a_health_rule_and_a_port_of_its_own_on_the_host(catalog: Catalog) -> None:
    smoked = [service for image in catalog.images.values() for service in image.smoked]
    assert len(smoked) == 20
    ports = [service.outer_port(port) for service in smoked for port in service.inner_ports]
    assert sorted(ports) == sorted(set(ports))
    assert all(service.health and service.health.port for service in smoked)


def test_the_documented_collisions_are_there_inside_and_solved_on_the_host(catalog: Catalog) -> None:
    smoked = [service for image in catalog.images.values() for service in image.smoked]
    for port, names in {
        8008: {"ModelOpsCoordinator", "AffectiveProcessingCenter"},
        6553: {"RealTimeAudioPipeline", "StreamingSpeechRecognition"},
    }.items():
        assert {service.name for service in smoked if port in service.inner_ports} == names
        assert len({service.outer_port(port) for service in smoked if port in service.inner_ports}) == 2


def test_tiny_llama_is_listed_under_llm_built_on_torch_and_acknowledged_with_a_reason(
    catalog: Catalog,
) -> None:
    service = next(
        s for s in catalog.images["speech_pipeline"].services if s.name == "TinyLlamaServiceEnhanced"
    )
    assert service.listed_family == "family-llm-cu121"
    acknowledged = [entry for entry in catalog.acknowledge if entry.subject == service.name]
    assert [bool(entry.reason) for entry in acknowledged] == [True]


def test_lint_finds_nothing(catalog: Catalog) -> None:
    assert lint(catalog, Sources(FLEET)) == ()


@pytest.mark.parametrize("path", sorted(str(p.relative_to(FLEET)) for p in FLEET.rglob("Dockerfile*")))
def test_every_dockerfile_keeps_the_fleets_rules(path: str) -> None:
    parsed = _dockerfile(path)
    assert [line.text.partition("=")[0] for line in parsed.preamble if line.keyword == "ARG"] == [
        "BASE_IMAGE"
    ]
    final = parsed.stages[-1]
    assert final.base == "${BASE_IMAGE}"
    if "families/" not in path:
        keywords = [line.keyword for line in final.instructions]
        assert [line.text for line in final.instructions if line.keyword == "USER"] == ["10001"]
        assert keywords.count("HEALTHCHECK") == 1


@pytest.mark.parametrize(
    ("edited", "rebuilt"),
    [
        pytest.param("main_pc_code/services/tts_service.py", {"speech_pipeline"}, id="one service"),
        pytest.param("main_pc_code/services/coordinator.py", {"coordination"}, id="a default command"),
        pytest.param(
            "real_time_audio_pipeline/healthcheck.sh", {"real_time_audio_pipeline"}, id="own context"
        ),
        pytest.param("main_pc_code/services/unused.py", set(), id="a file that no COPY names"),
        pytest.param("fleet.toml", set(), id="the catalog"),
        pytest.param(
            "main_pc_code/fleet_service.py",
            {"reasoning_suite", "speech_pipeline", "vision_suite", "coordination", "emotion_system"},
            id="what the suites share",
        ),
        pytest.param(
            "families/Dockerfile.llm",
            {"family-llm-cu121", "model_ops_coordinator", "reasoning_suite", "coordination"},
            id="a family and what stands on it",
        ),
    ],
)
def test_an_edit_changes_the_keys_of_what_reads_it_and_of_nothing_else(
    catalog: Catalog, tmp_path: Path, edited: str, rebuilt: set[str]
) -> None:
    copy = tmp_path / "fleet"
    shutil.copytree(FLEET, copy)
    before = _keys(catalog, copy)
    with (copy / edited).open("a") as file:
        file.write("\n# edited\n")
    after = _keys(catalog, copy)
    assert {name for name in before if before[name] != after[name]} == rebuilt


def _keys(catalog: Catalog, root: Path) -> dict[str, str]:
    names = Names(registry="ghcr.io", organisation="example", namespace="ai_system")
    sources = Sources(root)
    found = survey(catalog, sources, names)
    digests = {str(base.reference): f"sha256:{'0' * 64}" for base in found.published}
    return {name: key.hex for name, key in build_keys(found, sources, digests).items()}


def _dockerfile(path: str) -> Dockerfile:
    return read_dockerfile((FLEET / path).read_text(), path)


def _exposed(dockerfile: Dockerfile) -> set[int]:
    lines = (line.text for line in dockerfile.instructions if line.keyword == "EXPOSE")
    return {int(word) for text in lines for word in text.split()}
