"""What is left out of dagger-io's import is not missed, and is there where somebody wants it."""

import os
import subprocess
import sys

import pytest

WORK = "from pipeline.host.call.main import _work; _work(); import sys, dagger\n"


def run(code: str, **environment: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "TRACE"))}
    command = [sys.executable, "-c", WORK + code]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, env=clean | environment
    ).stdout.strip()


@pytest.mark.parametrize(
    ("environment", "there"),
    [
        ({}, "False"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, "True"),
        ({"TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, "True"),
    ],
    ids=["nobody listens", "an endpoint", "a trace to go on with"],
)
def test_the_telemetry_sdk_is_there_for_who_listens(environment: dict[str, str], there: str):
    assert run("print('opentelemetry.sdk' in sys.modules)", **environment) == there


def test_what_is_left_out_is_not_missed():
    printed = run(
        "import httpx, dagger.mod.cli\n"
        "print(httpx.get.__name__, callable(httpx.main), 'httpx._main' in sys.modules)\n"
        "tracer = dagger.mod.cli.telemetry.get_tracer()\n"
        "with tracer.start_as_current_span('name') as span: print(span.is_recording())"
    )
    assert printed.split("\n") == ["get True False", "False"]
