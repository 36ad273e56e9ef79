"""Commands in containers, as a Dagger engine 0.21.8 runs them."""

import asyncio
import time

import dagger
import pytest
import pytest_asyncio
from dagger import ExistsType, ReturnType
from engine_world import World, failure, said, world

from pipeline.stages.failures import without_trace

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def there(docker_host: str, base: str, registry: str):
    async with world(docker_host=docker_host, base=base, registry=registry) as found:
        yield found


async def test_both_streams_and_the_exit_code(there: World) -> None:
    ran = there.base.with_exec(["sh", "-c", "echo out; echo err >&2"])
    assert [await ran.stdout(), await ran.stderr(), await ran.exit_code()] == ["out\n", "err\n", 0]
    assert sorted((await ran.combined_output()).split()) == ["err", "out"]


FAILING = {
    "an exit code": (["sh", "-c", "echo o; echo e >&2; exit 3"], ReturnType.SUCCESS, 3, "o", "e"),
    "a missing program": (
        ["/no/such/binary"],
        ReturnType.SUCCESS,
        1,
        "",
        "fork/exec /no/such/binary: no such file or directory",
    ),
    "a killed program, whatever is expected": (["sh", "-c", "kill -9 $$"], ReturnType.ANY, 137, "", ""),
    "130 counts as killed": (["sh", "-c", "exit 130"], ReturnType.ANY, 130, "", ""),
    "a success that should fail": (["true"], ReturnType.FAILURE, 0, "", ""),
}


@pytest.mark.parametrize(("args", "expect", "code", "out", "err"), FAILING.values(), ids=FAILING)
async def test_a_command_that_ends_otherwise_than_expected(
    there: World, args: list[str], expect: ReturnType, code: int, out: str, err: str
) -> None:
    error = await failure(there.base.with_exec(args, expect=expect).stdout())
    assert isinstance(error, dagger.ExecError)
    assert (error.command, error.exit_code, error.stdout, error.stderr) == (args, code, out, err)
    assert without_trace(error.message) == f"exit code: {code}"


@pytest.mark.parametrize(
    ("code", "expect"),
    [(7, ReturnType.ANY), (0, ReturnType.ANY), (200, ReturnType.ANY), (1, ReturnType.FAILURE)],
)
async def test_an_exit_code_that_was_expected_is_a_result(
    there: World, code: int, expect: ReturnType
) -> None:
    ran = there.base.with_exec(["sh", "-c", f"echo kept; exit {code}"], expect=expect)
    assert [await ran.exit_code(), await ran.stdout()] == [code, "kept\n"]


async def test_what_a_command_is_given(there: World) -> None:
    who = there.base.with_env_variable("WHO", "me")
    ep = there.base.with_entrypoint(["echo", "ep"])
    found = await asyncio.gather(
        there.base.with_exec(["cat"], stdin="hello").stdout(),
        there.base.with_new_file("/in", "of a file").with_exec(["cat"], redirect_stdin="/in").stdout(),
        who.with_exec(["echo", "$WHO ${WHO}"], expand=True).stdout(),
        who.with_exec(["echo", "$WHO"]).stdout(),
        there.base.with_default_args(["echo", "default"]).with_exec([]).stdout(),
        ep.with_exec(["echo", "x"]).stdout(),
        ep.with_exec(["x"], use_entrypoint=True).stdout(),
    )
    assert found == ["hello", "of a file", "me me\n", "$WHO\n", "default\n", "x\n", "ep x\n"]


async def test_output_can_go_to_files(there: World) -> None:
    ran = there.base.with_exec(
        ["sh", "-c", "echo o; echo e >&2"], redirect_stdout="/tmp/o", redirect_stderr="/tmp/e"
    )
    assert [await ran.file("/tmp/o").contents(), await ran.file("/tmp/e").contents()] == ["o\n", "e\n"]


async def test_who_where_and_under_which_init(there: World) -> None:
    ran = there.base.with_exec(["sh", "-c", "id -u; cat /proc/1/comm; pwd; echo $HOME; echo $PATH"])
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    assert (await ran.stdout()).splitlines() == ["0", ".init", "/", "/root", path]


async def test_users_by_name_and_by_number(there: World) -> None:
    named = there.base.with_exec(["useradd", "-u", "10001", "-m", "svc"]).with_user("svc")
    ask = ["sh", "-c", "id -u; id -g; echo $HOME; pwd"]
    assert (await named.with_exec(ask).stdout()).split() == ["10001", "10001", "/home/svc", "/"]
    numbered = there.base.with_user("10001:10002").with_exec(ask)
    assert (await numbered.stdout()).split() == ["10001", "10002", "/", "/"]
    owned = named.with_new_file("/o", "", owner="svc").with_exec(["stat", "-c", "%U:%G", "/o"])
    assert await owned.stdout() == "svc:svc\n"


async def test_the_configuration_counts_for_commands(there: World) -> None:
    made = there.base.with_env_variable("A", "x=y").with_workdir("/srv").with_workdir("app")
    assert await made.with_exec(["sh", "-c", "pwd; echo $A"]).stdout() == "/srv/app\nx=y\n"
    gone = made.without_env_variable("A").without_env_variable("PATH")
    assert await gone.with_exec(["/bin/sh", "-c", "echo [$A]"]).stdout() == "[]\n"


async def test_modes_and_owners_of_new_files(there: World) -> None:
    script = there.files({"s.sh": "#!/bin/sh\necho hi\n"}).with_new_file(
        "x", "#!/bin/sh\necho hi\n", permissions=0o744
    )
    made = (
        there.base.with_new_file("/f", "x")
        .with_new_file("/g", "y", permissions=0o755)
        .with_new_file("/h", "z", owner="1:2")
        .with_file("/o/x", script.file("x"))
        .with_file("/o/t", script.file("x"), permissions=0o700)
        .with_directory("/e", there.files({"a/b": "1"}))
    )
    told = await made.with_exec(
        ["sh", "-c", "stat -c '%n %a %u:%g' /f /g /h /o /o/x /o/t /e /e/a /e/a/b; /o/x"]
    ).stdout()
    assert told.splitlines() == [
        "/f 644 0:0",
        "/g 755 0:0",
        "/h 644 1:2",
        "/o 755 0:0",
        "/o/x 744 0:0",
        "/o/t 700 0:0",
        "/e 755 0:0",
        "/e/a 755 0:0",
        "/e/a/b 644 0:0",
        "hi",
    ]


async def test_new_files_do_not_disturb_what_the_image_has(there: World) -> None:
    """Links to directories stay links, and directories keep mode and owner."""
    prepared = there.base.with_exec(
        ["sh", "-c", "mkdir -m 1770 /own && chown 7:8 /own && ln -s own /link && touch /own/old"]
    )
    made = prepared.with_new_file("/link/new", "n").with_new_file("/tmp/t", "").with_new_file("/bin/tool", "")
    told = await made.with_exec(
        ["sh", "-c", "stat -c '%n %F %a %u:%g' /own /link /tmp /bin; ls /own; test -x /bin/sh"]
    ).stdout()
    before = await prepared.with_exec(["sh", "-c", "stat -c '%n %F %a %u:%g' /own /link /tmp /bin"]).stdout()
    assert told == before + "new\nold\n"


async def test_files_can_be_taken_away(there: World) -> None:
    prepared = there.base.with_exec(["sh", "-c", "mkdir -p /d/e && touch /d/a /d/e/b /c"])
    made = prepared.without_file("/c").without_directory("/d").with_new_file("/d/new", "")
    assert (
        await made.with_exec(["sh", "-c", "ls /d; ls /c 2>/dev/null || echo none"]).stdout() == "new\nnone\n"
    )
    assert not await prepared.without_directory("/d").exists("/d/e/b")


async def test_what_a_command_leaves_can_be_read(there: World) -> None:
    ran = there.base.with_exec(
        ["sh", "-c", "mkdir -p /w/x && echo 1 > /w/x/y && ln -s y /w/x/z && chmod 750 /w/x"]
    )
    assert [await ran.directory("/w").entries(), await ran.directory("/w/x").entries()] == [
        ["x/"],
        ["y", "z"],
    ]
    assert await ran.file("/w/x/z").contents() == "1\n"
    assert await ran.stat("/w/x").permissions() == 0o750
    exported = ran.directory("/w")
    assert await exported.stat("x/z", do_not_follow_symlinks=True).size() == 1


async def test_what_is_there_and_what_is_not(there: World) -> None:
    made = there.base.with_new_file("/d/f", "x")
    assert await made.exists("/d/f")
    assert not await made.exists("/d/nope")
    assert not await made.exists("/d", expected_type=ExistsType.REGULAR_TYPE)
    assert await made.exists("/d", expected_type=ExistsType.DIRECTORY_TYPE)
    assert await made.exists("/bin/sh")
    error = await failure(there.base.file("/no/such").contents())
    assert said(error) == "stat /no/such: no such file or directory"


async def test_mounts_are_seen_by_commands_and_left_in_no_image(there: World) -> None:
    source = there.files({"m": "1"})
    made = there.base.with_mounted_directory("/mnt/d", source).with_mounted_file("/mnt/f", source.file("m"))
    assert await made.with_exec(["sh", "-c", "cat /mnt/d/m /mnt/f"]).stdout() == "11"
    assert await made.file("/mnt/d/m").contents() == "1"
    after = made.with_exec(["true"]).without_mount("/mnt/d").without_mount("/mnt/f")
    assert not await after.exists("/mnt/d/m")


async def test_what_a_command_writes_in_a_mounted_directory_is_there_for_the_next(there: World) -> None:
    made = there.base.with_mounted_directory("/src", there.files({"in": "1"})).with_workdir("/src")
    ran = made.with_exec(["sh", "-c", "cp in out && mkdir dist && echo 2 > dist/x"])
    assert await ran.directory("/src/dist").file("x").contents() == "2\n"
    changed = ran.with_new_file("more", "3").without_file("in").with_exec(["ls"])
    assert await changed.stdout() == "dist\nmore\nout\n"
    assert await made.directory("/src").entries() == ["in"]
    assert not await ran.without_mount("/src").exists("/src/out")


async def test_caches_persist_and_temporary_folders_do_not(there: World) -> None:
    cached = there.base.with_mounted_cache("/c", there.client.cache_volume(f"conformance-{time.time()}"))
    await cached.with_exec(["sh", "-c", "echo 1 >> /c/n"]).sync()
    assert await cached.with_exec(["cat", "/c/n"]).stdout() == "1\n"
    temporary = there.base.with_mounted_temp("/t").with_exec(["sh", "-c", "echo 1 > /t/x && cat /t/x"])
    assert await temporary.stdout() == "1\n"
    assert not await temporary.without_mount("/t").exists("/t/x")


async def test_a_new_file_below_a_mount_stays_below_it(there: World) -> None:
    cache = there.client.cache_volume(f"conformance-below-{time.time()}")
    made = there.base.with_new_file("/c/f", "1").with_mounted_cache("/c", cache).with_exec(["ls", "/c"])
    assert await made.stdout() == ""
    assert await made.without_mount("/c").file("/c/f").contents() == "1"
    beside = there.base.with_new_file("/cx", "2").with_mounted_cache("/c", cache)
    assert await beside.with_exec(["sh", "-c", "cat /cx; ls /c"]).stdout() == "2"


async def test_secrets_reach_the_command_and_nothing_that_is_told(there: World) -> None:
    secret = there.client.set_secret("tok", "s3cr3t-value")
    made = there.base.with_secret_variable("TOK", secret).with_mounted_secret("/run/tok", secret)
    told = await made.with_exec(
        ["sh", "-c", "echo $TOK; cat /run/tok; echo; echo ${#TOK}; echo $TOK | base64"]
    ).stdout()
    assert told.splitlines()[:3] == ["***", "***", "12"]
    assert "s3cr3t" not in told
    # NB: the local engine hides a secret's base64 too, a Dagger engine its text alone.
    assert ("czNjcjN0" in told) == there.outer
    assert await made.env_variable("TOK") is None
    error = await failure(made.with_exec(["sh", "-c", "echo $TOK >&2; exit 1"]).stdout())
    assert isinstance(error, dagger.ExecError)
    assert error.stderr == "***"
    later = made.with_exec(["true"]).without_secret_variable("TOK").without_mount("/run/tok")
    assert await later.with_exec(["sh", "-c", "echo [$TOK]; ls /run/tok 2>&1 | wc -c"]).stdout() != "[***]\n"


async def test_equal_commands_run_once(there: World) -> None:
    draw = ["sh", "-c", "head -c8 /dev/urandom | od -An -tx1"]
    made = there.base.with_env_variable("RUN", str(time.time()))
    one, two, other = await asyncio.gather(
        made.with_exec(draw).stdout(),
        made.with_exec(draw).stdout(),
        made.with_env_variable("X", "1").with_exec(draw).stdout(),
    )
    assert one == two == await made.with_exec(draw).stdout()
    assert one != other


async def test_many_commands_at_once(there: World) -> None:
    async def one(nth: int) -> str:
        return await there.base.with_env_variable("I", str(nth)).with_exec(["sh", "-c", "echo $I"]).stdout()

    assert await asyncio.gather(*map(one, range(20))) == [f"{nth}\n" for nth in range(20)]
