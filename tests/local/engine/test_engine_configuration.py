"""The configuration of a container is a value: none of this needs Docker, and here there is none."""

import dagger
import pytest
from dagger import Client, NetworkProtocol

from pipeline.durations import nanoseconds
from pipeline.local.engine.healthcheck import duration


async def test_variables_keep_their_order_and_are_replaced_in_place(client: Client) -> None:
    made = (
        client.container()
        .with_env_variable("B", "2")
        .with_env_variable("A", "x=y")
        .with_env_variable("B", "3")
    )
    assert [(await item.name(), await item.value()) for item in await made.env_variables()] == [
        ("B", "3"),
        ("A", "x=y"),
    ]
    assert await made.without_env_variable("B").env_variable("B") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A", "1"),
        ("${A}2", "12"),
        ("$NONE.", "."),
        ("$$A", "$1"),
        ("a$", "a$"),
        ("${}", "${}"),
        ("$A_B", ""),
    ],
)
async def test_variables_in_values_are_expanded_when_asked(client: Client, text: str, expected: str) -> None:
    made = client.container().with_env_variable("A", "1")
    assert await made.with_env_variable("B", text, expand=True).env_variable("B") == expected
    assert await made.with_env_variable("B", text).env_variable("B") == text


async def test_a_secret_variable_is_not_told_and_takes_the_place_of_a_plain_one(client: Client) -> None:
    made = client.container().with_env_variable("T", "plain")
    hidden = made.with_secret_variable("T", client.set_secret("t", "hidden"))
    assert await hidden.env_variable("T") is None
    assert await hidden.env_variables() == []
    assert await hidden.with_env_variable("T", "again").env_variable("T") == "again"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (["/a"], "/a"),
        (["/a", "b"], "/a/b"),
        (["/a", "/b"], "/b"),
        (["a"], "/a"),
        (["/a", ".."], "/"),
        (["../.."], "/"),
        (["/a/./b/"], "/a/b"),
    ],
)
async def test_working_directories_go_on_from_each_other(
    client: Client, steps: list[str], expected: str
) -> None:
    made = client.container()
    for step in steps:
        made = made.with_workdir(step)
    assert await made.workdir() == expected


ENTRYPOINTS = {
    "a new entrypoint drops the arguments": (lambda c: c.with_entrypoint(["z"]), ["z"], []),
    "unless they are kept": (lambda c: c.with_entrypoint(["z"], keep_default_args=True), ["z"], ["c"]),
    "without entrypoint": (lambda c: c.without_entrypoint(), [], []),
    "without entrypoint, arguments kept": (
        lambda c: c.without_entrypoint(keep_default_args=True),
        [],
        ["c"],
    ),
    "without arguments": (lambda c: c.without_default_args(), ["a", "b"], []),
    "as it was": (lambda c: c, ["a", "b"], ["c"]),
}


@pytest.mark.parametrize(("change", "entrypoint", "arguments"), ENTRYPOINTS.values(), ids=ENTRYPOINTS)
async def test_entrypoint_and_arguments(client: Client, change, entrypoint: list, arguments: list) -> None:
    made = change(client.container().with_entrypoint(["a", "b"]).with_default_args(["c"]))
    assert [await made.entrypoint(), await made.default_args()] == [entrypoint, arguments]


async def test_ports_are_told_with_protocol_and_description(client: Client) -> None:
    made = (
        client.container()
        .with_exposed_port(80, description="web")
        .with_exposed_port(53, protocol=NetworkProtocol.UDP, experimental_skip_healthcheck=True)
        .with_exposed_port(53)
    )
    told = [
        (
            await p.port(),
            str(await p.protocol()),
            await p.description(),
            await p.experimental_skip_healthcheck(),
        )
        for p in await made.exposed_ports()
    ]
    assert told == [(53, "TCP", None, False), (53, "UDP", None, True), (80, "TCP", "web", False)]
    assert [await p.port() for p in await made.without_exposed_port(53).exposed_ports()] == [53, 80]


@pytest.mark.parametrize("port", [0, -1, 65536])
async def test_a_port_that_cannot_be_is_refused(client: Client, port: int) -> None:
    with pytest.raises(dagger.QueryError, match="not between 1 and 65535"):
        await client.container().with_exposed_port(port).exposed_ports()


async def test_labels(client: Client) -> None:
    made = client.container().with_label("b", "2").with_label("a", "1")
    assert [(await item.name(), await item.value()) for item in await made.labels()] == [
        ("a", "1"),
        ("b", "2"),
    ]
    assert [await made.label("a"), await made.without_label("a").label("a")] == ["1", None]


async def test_a_health_check_comes_back_as_it_was_given(client: Client) -> None:
    made = client.container().with_docker_healthcheck(
        ["curl", "-f", "http://localhost/"], interval="90s", timeout="1.5s", start_interval="250ms", retries=2
    )
    check = made.docker_healthcheck()
    assert [await check.args(), await check.shell(), await check.retries()] == [
        ["curl", "-f", "http://localhost/"],
        False,
        2,
    ]
    assert [await check.interval(), await check.timeout(), await check.start_interval()] == [
        "1m30s",
        "1.5s",
        "250ms",
    ]
    assert await check.start_period() == "0s"
    shell = client.container().with_docker_healthcheck(["a || b"], shell=True).docker_healthcheck()
    assert [await shell.args(), await shell.shell()] == [["a || b"], True]


async def test_a_health_check_that_is_not_there_is_null(client: Client) -> None:
    made = client.container().with_docker_healthcheck(["x"])
    for absent in (client.container(), made.without_docker_healthcheck()):
        with pytest.raises(dagger.InvalidQueryError, match="null"):
            await absent.docker_healthcheck().args()


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "0s"),
        (7_000_000_000, "7s"),
        (90_000_000_000, "1m30s"),
        (3_600_000_000_000, "1h0m0s"),
        (5_405_000_000_000, "1h30m5s"),
        (1_500_000_000, "1.5s"),
        (250_000_000, "250ms"),
        (3_000, "3µs"),
        (5, "5ns"),
    ],
)
def test_durations_are_told_as_go_does(count: int, told: str) -> None:
    assert duration(count) == told
    assert nanoseconds(told) == count


async def test_a_health_check_with_another_duration_is_refused(client: Client) -> None:
    with pytest.raises(dagger.QueryError, match="'7' is not a duration such as 90s"):
        await client.container().with_docker_healthcheck(["true"], interval="7").entrypoint()


async def test_an_empty_container_has_files_of_its_own(client: Client) -> None:
    made = client.container().with_new_file("/d/f", "x").with_workdir("/d").with_new_file("g", "y")
    assert await made.rootfs().entries() == ["d/"]
    assert await made.directory(".").entries() == ["f", "g"]
    assert await made.file("g").contents() == "y"
    assert [await made.exists("f"), await made.exists("nope"), await made.without_file("f").exists("f")] == [
        True,
        False,
        False,
    ]


async def test_what_only_a_command_tells_is_refused_before_one_ran(client: Client) -> None:
    for ask in (client.container().stdout, client.container().exit_code):
        with pytest.raises(dagger.QueryError, match="no command has been executed"):
            await ask()


async def test_ids_come_back_as_what_they_were(client: Client) -> None:
    made = client.container().with_env_variable("Z", "9")
    again = client.load_container_from_id(dagger.ContainerID(await made.id()))
    assert await again.env_variable("Z") == "9"
    assert await (await made.sync()).env_variable("Z") == "9"


async def test_an_id_of_something_else_is_refused(client: Client) -> None:
    wrong = client.load_container_from_id(dagger.ContainerID(await client.directory().id()))
    with pytest.raises(dagger.QueryError, match="a Container is needed"):
        await wrong.user()


HEEDLESS = {
    "gitignore": lambda c: c.directory().filter(gitignore=True),
    "gitignore of the host": lambda c: c.host().directory(".", gitignore=True),
    "a cache's owner": lambda c: c.container().with_mounted_cache("/c", c.cache_volume("k"), owner="1"),
    "read-only mounts": lambda c: c.container().with_mounted_directory("/d", c.directory(), read_only=True),
    "wiping": lambda c: c.directory().export(".", wipe=True),
    "lines of a file": lambda c: c.file("f", "").contents(limit_lines=1),
    "privileged nesting": lambda c: c.container().with_exec(["x"], experimental_privileged_nesting=True),
}


@pytest.mark.parametrize("act", HEEDLESS.values(), ids=HEEDLESS)
async def test_an_argument_that_would_not_be_heeded_is_refused(client: Client, act) -> None:
    with pytest.raises(dagger.QueryError, match="is not served by the local engine; use a Dagger engine"):
        asked = act(client)
        await (asked.sync() if hasattr(asked, "sync") else asked)
