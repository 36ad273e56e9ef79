"""Images: from registries and Dockerfiles, to registries and files, as a Dagger engine 0.21.8 has them."""

import asyncio
import re
import tarfile
from pathlib import Path

import dagger
import pytest
import pytest_asyncio
from dagger import BuildArg
from engine_world import World, failure, world

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]

FULL = """
    ARG BASE_IMAGE
    FROM ${BASE_IMAGE}
    ARG GREETING=default
    ENV GREETING=${GREETING} HEALTH_PORT=8080
    LABEL org.example.one="1"
    WORKDIR /app
    COPY . .
    RUN useradd -u 10001 svc && echo built > built.txt
    USER svc
    EXPOSE 8080 9090/udp
    STOPSIGNAL SIGINT
    HEALTHCHECK --interval=7s --timeout=3s --start-period=11s --retries=4 \\
      CMD curl -f http://localhost:${HEALTH_PORT}/ || exit 1
    ENTRYPOINT ["/usr/bin/tini", "--"]
    CMD ["python3", "-m", "http.server", "8080"]
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def there(docker_host: str, base: str, registry: str):
    async with world(docker_host=docker_host, base=base, registry=registry) as found:
        yield found


async def configuration(made: dagger.Container) -> dict[str, object]:
    check = made.docker_healthcheck()
    return {
        "line": [await made.entrypoint(), await made.default_args()],
        "user": await made.user(),
        "workdir": await made.workdir(),
        "greeting": await made.env_variable("GREETING"),
        "label": await made.label("org.example.one"),
        "ports": sorted([(await p.port(), str(await p.protocol())) for p in await made.exposed_ports()]),
        "check": [await check.args(), await check.shell(), await check.interval(), await check.timeout()],
        "start": [await check.start_period(), await check.start_interval(), await check.retries()],
    }


EXPECTED = {
    "line": [["/usr/bin/tini", "--"], ["python3", "-m", "http.server", "8080"]],
    "user": "svc",
    "workdir": "/app",
    "greeting": "default",
    "label": "1",
    "ports": [(8080, "TCP"), (9090, "UDP")],
    "check": [["curl -f http://localhost:${HEALTH_PORT}/ || exit 1"], True, "7s", "3s"],
    "start": ["11s", "0s", 4],
}


async def test_a_label_on_a_build_is_as_one_on_what_was_built(there: World) -> None:
    def labelled(made: dagger.Container) -> dagger.Container:
        return made.with_label("org.example.one", "2").with_label("b", "x").with_label("b", "3")

    files = {"f.txt": "label"}
    at_once, afterwards = labelled(there.built(FULL, **files)), there.built(FULL, **files)
    afterwards = labelled(await afterwards.sync())
    expected = EXPECTED | {"label": "2"}
    assert await configuration(at_once) == await configuration(afterwards) == expected
    for made in (at_once, afterwards):
        found = {await label.name(): await label.value() for label in await made.labels()}
        assert {"org.example.one": "2", "b": "3"}.items() <= found.items()
    assert await there.built(FULL, **files).label("org.example.one") == "1"


async def test_a_build_is_told_under_the_title_of_its_image(there: World) -> None:
    made = there.built(FULL, **{"f.txt": "title"})
    await made.with_label("org.opencontainers.image.title", "speech").sync()
    await made.with_label("another", "vision").sync()
    told = {event.name for event in there.events if event.kind == "step"}
    assert there.outer or {"speech", "Dockerfile"} <= told
    assert "vision" not in told


async def test_a_built_image_has_everything_that_its_dockerfile_says(there: World) -> None:
    made = there.built(FULL, **{"f.txt": "f"})
    assert await configuration(made) == EXPECTED
    assert await made.directory("/app").entries() == ["Dockerfile", "built.txt", "f.txt"]
    told = await made.with_exec(["sh", "-c", "id -u; pwd; cat built.txt; stat -c %u /app/f.txt"]).stdout()
    assert told.split() == ["10001", "/app", "built", "0"]
    probe = made.with_new_file("/probe.sh", "#!/bin/sh\nid -u\n", permissions=0o755)
    assert await probe.with_exec(["/probe.sh"]).stdout() == "10001\n"


@pytest.mark.parametrize(("given", "seen"), [("a b=c", "a b=c"), ("", ""), ("$HOME", "$HOME")])
async def test_build_arguments_arrive_as_they_were_given(there: World, given: str, seen: str) -> None:
    arguments = [
        BuildArg("BASE_IMAGE", there.base_reference),
        BuildArg("GREETING", given),
        BuildArg("UNUSED", "x"),
    ]
    made = there.files(
        {"Dockerfile": "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nARG GREETING=d\nENV GREETING=${GREETING}\n"}
    )
    assert await made.docker_build(build_args=arguments).env_variable("GREETING") == seen


BROKEN = {
    "no base": ("ARG BASE\nFROM ${BASE}\n", "", r"(?i)base name .*should not be blank"),
    "no such instruction": (
        "FROM scratch\nFROBNICATE x\n",
        "",
        "(?i)Dockerfile.*2.*unknown instruction: FROBNICATE",
    ),
    "nothing to copy": ("FROM {base}\nCOPY nope.txt /\n", "", r"nope\.txt"),
    "no such base": ("FROM {registry}/no/such:1\nRUN true\n", "", r"no/such:1.*not found"),
    "no such stage": ("FROM {base} AS one\n", "three", "three"),
}


@pytest.mark.parametrize(("text", "target", "message"), BROKEN.values(), ids=BROKEN)
async def test_what_cannot_be_built_says_why_in_one_line(
    there: World, text: str, target: str, message: str
) -> None:
    dockerfile = text.replace("{base}", there.base_reference).replace("{registry}", there.registry)
    error = await failure(there.files({"Dockerfile": dockerfile}).docker_build(target=target).sync())
    assert not isinstance(error, dagger.ExecError)
    assert re.search(message, str(error))
    assert "\n" not in str(error)
    assert "sha256:" not in str(error)


async def test_a_missing_dockerfile_is_named(there: World) -> None:
    error = await failure(there.files({"a": "1"}).docker_build(dockerfile="nope/Dockerfile").sync())
    assert "nope/Dockerfile" in str(error)


async def test_a_failing_run_is_a_failing_command(there: World) -> None:
    error = await failure(
        there.built("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN echo o && echo e >&2 && exit 9\n").sync()
    )
    assert isinstance(error, dagger.ExecError)
    line = ["/bin/sh", "-c", "echo o && echo e >&2 && exit 9"]
    assert (error.command, error.exit_code, error.stdout, error.stderr) == (line, 9, "o", "e")


async def test_targets_and_dockerignore(there: World) -> None:
    context = there.files(
        {
            "Dockerfile.x": f"FROM {there.base_reference} AS one\nCOPY . /o\n"
            f"FROM {there.base_reference} AS two\nCOPY --from=one /o /t\n",
            ".dockerignore": "skip\n",
            "skip": "1",
            "keep": "2",
        }
    )
    kept = [".dockerignore", "Dockerfile.x", "keep"]
    assert (
        await context.docker_build(dockerfile="Dockerfile.x", target="one").directory("/o").entries() == kept
    )
    assert await context.docker_build(dockerfile="Dockerfile.x").directory("/t").entries() == kept


async def test_a_dockerfile_below_its_context(there: World) -> None:
    context = there.files(
        {"main/Dockerfile.s": f"FROM {there.base_reference}\nCOPY main/x /x\n", "main/x": "1"}
    )
    assert await context.docker_build(dockerfile="main/Dockerfile.s").file("/x").contents() == "1"


async def test_a_syntax_line_needs_no_network_and_cache_mounts_work(there: World) -> None:
    made = there.built(
        "# syntax=docker/dockerfile:1.7\nARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n"
        "RUN --mount=type=cache,target=/c echo 1 > /c/x && cat /c/x > /y\n"
    )
    assert await made.file("/y").contents() == "1\n"


async def test_a_here_document_works_or_is_named_with_the_version_it_needs(there: World) -> None:
    made = there.built(
        "# syntax=docker/dockerfile:1.7\nARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY <<EOF /z\nhere\nEOF\n"
    )
    try:
        assert await made.file("/z").contents() == "here\n"
    except dagger.QueryError as error:
        assert re.search(r"Dockerfile:4: here-documents.*23\.0", str(error))


async def test_a_build_secret_is_seen_by_its_step(there: World) -> None:
    step = "RUN --mount=type=secret,id=npm wc -c < /run/secrets/npm > /n"
    context = there.files({"Dockerfile": f"FROM {there.base_reference}\n{step}\n"})
    made = context.docker_build(secrets=[there.client.set_secret("npm", "top-secret")])
    assert await made.file("/n").contents() == "10\n"


async def test_a_changed_shell_and_a_volume(there: World) -> None:
    made = there.built(
        'ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nSHELL ["/bin/bash", "-c"]\nVOLUME /data\n'
        "RUN echo $BASH_VERSION | cut -c1 > /b\nCMD run me\n"
    )
    assert await made.file("/b").contents() == "5\n"
    assert [await made.default_args(), await made.entrypoint()] == [["/bin/bash", "-c", "run me"], []]
    kept = made.with_exec(["sh", "-c", "mkdir -p /data && echo 1 > /data/x"])
    assert await kept.with_exec(["cat", "/data/x"]).stdout() == "1\n"


async def test_what_is_published_can_be_pulled_and_built_on(there: World) -> None:
    made = there.built(FULL)
    one, two = [await made.publish(f"{there.registry}/conformance/own:{tag}") for tag in ("1", "2")]
    assert re.fullmatch(re.escape(f"{there.registry}/conformance/own:1") + r"@sha256:[0-9a-f]{64}", one)
    assert one.partition("@")[2] == two.partition("@")[2]
    pulled = there.client.container().from_(one)
    assert await configuration(pulled) == EXPECTED
    assert (await pulled.image_ref()).partition("@")[2] == one.partition("@")[2]
    family = await there.base.with_new_file("/family", "llm").publish(
        f"{there.registry}/conformance/family:1"
    )
    child = there.files({"Dockerfile": "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN cat /family > /copy\n"})
    grown = child.docker_build(build_args=[BuildArg("BASE_IMAGE", family)])
    assert await grown.file("/copy").contents() == "llm"


async def test_the_only_variant_of_an_empty_container_is_what_is_published(there: World) -> None:
    address = f"{there.registry}/conformance/variant:1"
    reference = await there.client.container().publish(
        address, platform_variants=[there.base.with_user("svc")]
    )
    assert await there.client.container().from_(reference).user() == "svc"


async def test_variants_for_several_platforms_are_published_as_an_index(there: World) -> None:
    texts = {"linux/amd64": "own", "linux/arm64": "foreign", "linux/arm/v7": "small"}
    variants = [
        there.client.container(platform=dagger.Platform(platform)).with_new_file("/text", text)
        for platform, text in texts.items()
    ]
    address = f"{there.registry}/conformance/several:1"
    reference = await there.client.container().publish(address, platform_variants=variants)
    again = await variants[0].publish(address, platform_variants=variants[1:])
    assert reference == again and reference.startswith(f"{address}@sha256:")

    async def text_of(platform: str) -> str:
        pulled = there.client.container(platform=dagger.Platform(platform)).from_(reference)
        assert await pulled.platform() == platform
        return await pulled.file("/text").contents()

    assert await asyncio.gather(*map(text_of, texts)) == [*texts.values()]
    lacking = there.client.container(platform=dagger.Platform("linux/s390x")).from_(reference)
    assert re.search(
        "no matching manifest for linux/s390x|no manifest matches", str(await failure(lacking.sync()))
    )
    if not there.outer:  # which pushes both
        twice = await failure(there.client.container().publish(address, platform_variants=[variants[1]] * 2))
        assert "duplicate platform among linux/arm64, linux/arm64" in str(twice)


async def test_a_reference_is_told_only_of_what_was_pulled(there: World) -> None:
    assert re.search(r"@sha256:[0-9a-f]{64}$", await there.base.image_ref())
    error = await failure(there.base.with_env_variable("A", "1").image_ref())
    assert "immediately after the 'Container.From' call" in str(error)


async def test_what_a_registry_does_not_have_or_nobody_could_have(there: World) -> None:
    missing = await failure(there.client.container().from_(f"{there.registry}/no/such:1").sync())
    assert re.search(r"no/such:1.*not found", str(missing))
    for reference in ("NOT A REF", f"{there.registry}/UPPER/x:1"):
        for ask in (there.client.container().from_(reference).sync(), there.base.publish(reference)):
            assert "must be lowercase" in str(await failure(ask))
    dead = await failure(there.base.publish("localhost:1/x/y:1"))
    assert re.search(r"localhost:1.*refused", str(dead))


async def test_a_tarball_is_an_oci_layout_and_a_docker_archive(there: World, tmp_path: Path) -> None:
    await there.base.as_tarball().export(str(tmp_path / "image.tar"))
    with tarfile.open(tmp_path / "image.tar") as archive:
        names = {name.partition("/")[0] for name in archive.getnames()}
    assert names == {"blobs", "index.json", "manifest.json", "oci-layout"}


def web(there: World) -> dagger.Service:
    made = (
        there.base.with_new_file("/srv/health", '{"status":"ok"}')
        .with_workdir("/srv")
        .with_exposed_port(8080)
    )
    return made.as_service(args=["python3", "-m", "http.server", "8080"])


async def test_a_bound_service_answers_by_its_alias(there: World) -> None:
    bound = there.base.with_service_binding("web", web(there))
    assert await bound.with_exec(["curl", "-sf", "http://web:8080/health"]).stdout() == '{"status":"ok"}'


async def test_a_service_is_started_told_and_stopped(there: World) -> None:
    service = web(there)
    await service.start()
    assert re.fullmatch(r"http://[^:]+:8080", await service.endpoint(scheme="http"))
    assert [await port.port() for port in await service.ports()] == [8080]
    await service.stop()


async def test_a_service_that_ends_before_it_is_ready_tells_why(there: World) -> None:
    line = ["sh", "-c", "echo started; echo boom >&2; exit 4"]
    error = await failure(there.base.with_exposed_port(8080).as_service(args=line).start())
    assert isinstance(error, dagger.ExecError)
    assert (error.command, error.exit_code, error.stdout, error.stderr) == (line, 4, "started\n", "boom\n")


async def test_a_built_image_as_a_service_with_its_entrypoint(there: World) -> None:
    service = there.built(FULL).without_docker_healthcheck().as_service(use_entrypoint=True)
    bound = there.base.with_service_binding("web", service)
    ask = ["curl", "-sf", "-o", "/dev/null", "-w", "%{http_code}", "http://web:8080/"]
    assert await bound.with_exec(ask).stdout() == "200"
