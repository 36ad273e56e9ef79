"""Agreeing on a version of the API with an Engine that answers on a socket."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from pipeline.docker_host.client import Client, DockerError


@asynccontextmanager
async def engine(folder: Path, newest: str, oldest: str) -> AsyncIterator[tuple[str, list[str]]]:
    """An Engine's address, and the paths that it is asked for."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        versions = {"Version": "29.7.2", "ApiVersion": newest, "MinAPIVersion": oldest, "Os": "linux"}
        return web.json_response(versions if request.path == "/version" else {})

    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.UnixSite(runner, str(folder / "d.sock")).start()
    try:
        yield f"unix://{folder / 'd.sock'}", asked
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("newest", "oldest", "spoken"),
    [("1.41", "1.12", "1.41"), ("1.55", "1.40", "1.55"), ("1.99", "1.44", "1.55"), ("1.40", "1.12", "1.40")],
    ids=["20.10", "29.7", "a later one", "19.03"],
)
async def test_the_newest_version_that_both_know_is_spoken(
    tmp_path: Path, newest: str, oldest: str, spoken: str
) -> None:
    async with engine(tmp_path, newest, oldest) as (host, asked):
        client = await Client(host).connect()
        try:
            await client.json("GET", "images/json")
        finally:
            await client.close()
    assert asked == ["/version", "/info", f"/v{spoken}/images/json"]


@pytest.mark.parametrize(
    ("newest", "oldest", "step"),
    [("1.39", "1.12", "Docker Engine 20.10 or later"), ("1.99", "1.90", "a later pipeline")],
    ids=["too old", "too new"],
)
async def test_an_engine_with_which_there_is_no_common_version_is_refused(
    tmp_path: Path, newest: str, oldest: str, step: str
) -> None:
    told = f"speaks API {oldest} to {newest}, this needs 1.40 to 1.55: install {step}"
    async with engine(tmp_path, newest, oldest) as (host, _):
        with pytest.raises(DockerError, match=re.escape(told)):
            await Client(host).connect()
