"""Files, directories, configuration and secrets, as a Dagger engine 0.21.8 has them."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import dagger
import pytest
import pytest_asyncio
from engine_world import World, failure, said, world

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]
FILES = {"a.py": "1", "b/c.py": "2", "b/d/e.txt": "3", ".hidden": "4"}
ENTRYPOINT, CHECK = ["a", "b"], ["curl", "-f", "http://localhost/"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def there(docker_host: str, base: str, registry: str):
    async with world(docker_host=docker_host, base=base, registry=registry) as found:
        yield found


def some(there: World) -> dagger.Directory:
    return there.files(FILES)


def empty(there: World) -> dagger.Container:
    return there.client.container()


def started(there: World) -> dagger.Container:
    return empty(there).with_entrypoint(ENTRYPOINT).with_default_args(["c"])


def described(there: World) -> dagger.Container:
    made = there.base.with_env_variable("A", "x=y").with_env_variable("B", "${A}2", expand=True)
    return made.with_label("org.example.a", "b").with_workdir("/a").with_workdir("b")


def listed(there: World) -> dagger.Container:
    return empty(there).with_env_variable("B", "2").with_env_variable("A", "1").with_env_variable("B", "3")


def checked(there: World) -> dagger.HealthcheckConfig:
    return there.base.with_docker_healthcheck(CHECK, interval="5s", retries=2).docker_healthcheck()


def secret(there: World) -> dagger.Secret:
    return there.client.set_secret("tok", "s3cr3t-value")


async def pairs(there: World) -> list[tuple[str, str]]:
    return [(await each.name(), await each.value()) for each in await listed(there).env_variables()]


async def ports(there: World) -> list[tuple[int, str]]:
    udp = dagger.NetworkProtocol.UDP
    made = empty(there).with_exposed_port(80).with_exposed_port(53, protocol=udp)
    return sorted([(await each.port(), str(await each.protocol())) for each in await made.exposed_ports()])


async def brought_back(there: World) -> list[object]:
    files = await there.files({"a": "1"}).id()
    image = await there.base.with_env_variable("Z", "9").id()
    return [
        await there.client.load_directory_from_id(dagger.DirectoryID(files)).entries(),
        await there.client.load_container_from_id(dagger.ContainerID(image)).env_variable("Z"),
    ]


async def digests(there: World) -> list[bool]:
    one, same, other = [
        await there.files(files).digest()
        for files in ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}, {"a": "1", "b": "3"})
    ]
    return [one == same, one == other, one.startswith("sha256:")]


Ask = Callable[[World], Awaitable[Any]]
ANSWERS: dict[str, tuple[Ask, object]] = {
    "platform": (lambda t: t.client.default_platform(), "linux/amd64"),
    "platform of an empty container": (lambda t: empty(t).platform(), "linux/amd64"),
    "user of an empty container": (lambda t: empty(t).user(), ""),
    "workdir of an empty container": (lambda t: empty(t).workdir(), ""),
    "entrypoint of an empty container": (lambda t: empty(t).entrypoint(), []),
    "arguments of an empty container": (lambda t: empty(t).default_args(), []),
    "files of an empty container": (lambda t: empty(t).rootfs().entries(), []),
    "entries": (lambda t: some(t).entries(), [".hidden", "a.py", "b/"]),
    "entries below": (lambda t: some(t).entries(path="b"), ["c.py", "d/"]),
    "a glob": (lambda t: some(t).glob("**/*.py"), ["a.py", "b/c.py"]),
    "a glob of one level": (lambda t: some(t).glob("*"), [".hidden", "a.py", "b/"]),
    "a glob of all": (
        lambda t: some(t).glob("**"),
        [".hidden", "a.py", "b/", "b/c.py", "b/d/", "b/d/e.txt"],
    ),
    "included and excluded": (
        lambda t: (
            t.client.directory().with_directory("/", some(t), include=["**/*.py"], exclude=["b"]).glob("**")
        ),
        ["a.py"],
    ),
    "excluded only": (
        lambda t: t.client.directory().with_directory("sub", some(t), exclude=["**/*.py", ".*"]).glob("**"),
        ["sub/", "sub/b/", "sub/b/d/", "sub/b/d/e.txt"],
    ),
    "without a file": (lambda t: some(t).without_file("a.py").entries(), [".hidden", "b/"]),
    "without a directory": (lambda t: some(t).without_directory("b").entries(), [".hidden", "a.py"]),
    "without what is not there": (lambda t: some(t).without_file("no").entries(), [".hidden", "a.py", "b/"]),
    "what exists": (lambda t: some(t).exists("b/c.py"), True),
    "what does not": (lambda t: some(t).exists("b/no"), False),
    "digests": (digests, [True, False, True]),
    "name of a file": (lambda t: some(t).file("b/c.py").name(), "c.py"),
    "size of a file": (lambda t: t.files({"f": "h\u00e9llo\n"}).file("f").size(), 7),
    "contents of a file": (lambda t: t.files({"f": "h\u00e9llo\n"}).file("f").contents(), "h\u00e9llo\n"),
    "a variable": (lambda t: described(t).env_variable("A"), "x=y"),
    "an expanded variable": (lambda t: described(t).env_variable("B"), "x=y2"),
    "no variable": (lambda t: described(t).env_variable("NOPE"), None),
    "a variable taken away": (lambda t: described(t).without_env_variable("A").env_variable("A"), None),
    "variables": (pairs, [("B", "3"), ("A", "1")]),
    "a label": (lambda t: described(t).label("org.example.a"), "b"),
    "no label": (lambda t: described(t).label("nope"), None),
    "a relative workdir": (lambda t: described(t).workdir(), "/a/b"),
    "entrypoint": (lambda t: started(t).entrypoint(), ENTRYPOINT),
    "arguments": (lambda t: started(t).default_args(), ["c"]),
    "a new entrypoint": (lambda t: started(t).with_entrypoint(["z"]).default_args(), []),
    "a new entrypoint, arguments kept": (
        lambda t: started(t).with_entrypoint(["z"], keep_default_args=True).default_args(),
        ["c"],
    ),
    "no entrypoint": (lambda t: started(t).without_entrypoint().entrypoint(), []),
    "no arguments": (lambda t: started(t).without_default_args().default_args(), []),
    "ports": (ports, [(53, "UDP"), (80, "TCP")]),
    "a check's command": (lambda t: checked(t).args(), CHECK),
    "a check's form": (lambda t: checked(t).shell(), False),
    "a check's interval": (lambda t: checked(t).interval(), "5s"),
    "a check's retries": (lambda t: checked(t).retries(), 2),
    "a secret's text": (lambda t: secret(t).plaintext(), "s3cr3t-value"),
    "a secret's name": (lambda t: secret(t).name(), "tok"),
    "ids": (brought_back, [["a"], "9"]),
}


@pytest.mark.parametrize(("ask", "answer"), ANSWERS.values(), ids=ANSWERS)
async def test_an_answer_is_the_recorded_one(there: World, ask: Ask, answer: object) -> None:
    assert await ask(there) == answer


REFUSED: dict[str, tuple[Ask, str]] = {
    "no such file": (lambda t: some(t).file("no").contents(), "stat no: no such file or directory"),
    "no such directory": (lambda t: some(t).directory("no").entries(), "stat no: no such file or directory"),
    "a file for a directory": (
        lambda t: some(t).directory("a.py").entries(),
        "path a.py is a file, not a directory",
    ),
    "a climbing path": (lambda t: some(t).file("../x").contents(), "stat ../x: no such file or directory"),
    "an unset variable": (lambda t: t.client.secret("env://NOPE_X").plaintext(), "secret env var not found"),
    "a provider that is none": (
        lambda t: t.client.secret("nope://x").plaintext(),
        'unsupported secret provider: "nope"',
    ),
}


@pytest.mark.parametrize(("ask", "message"), REFUSED.values(), ids=REFUSED)
async def test_a_refusal_says_what_the_recorded_one_says(there: World, ask: Ask, message: str) -> None:
    told = said(await failure(ask(there)))
    assert message in told
    assert "\n" not in told


async def test_a_check_that_is_not_there_is_null(there: World) -> None:
    made = there.base.with_docker_healthcheck(CHECK)
    for absent in (there.base, made.without_docker_healthcheck()):
        with pytest.raises(dagger.InvalidQueryError, match="null response"):
            await absent.docker_healthcheck().args()


async def test_the_host_gives_what_is_asked_for_and_takes_what_is_exported(
    there: World, tmp_path: Path
) -> None:
    for name in ("keep.py", "skip.log", "d/keep.py", ".git/config"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(name)
    host, folder = there.client.host(), str(tmp_path / "in")
    wanted = ["d/", "d/keep.py", "keep.py"]
    assert sorted(await host.directory(folder, include=["**/*.py"]).glob("**")) == wanted
    assert sorted(await host.directory(folder, exclude=["**/*.log", ".git"]).glob("**")) == wanted
    assert await host.file(f"{folder}/keep.py").contents() == "keep.py"
    assert "no such file" in said(await failure(host.directory(f"{folder}/nope").entries()))
    for what, target in ((some(there), "out"), (some(there).file("a.py"), "one.txt")):
        assert await what.export(str(tmp_path / target)) == str(tmp_path / target)
    assert (tmp_path / "one.txt").read_text() == "1"
    left = {
        str(path.relative_to(tmp_path / "out")): path.read_text()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    }
    assert left == FILES
