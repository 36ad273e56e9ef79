"""Keeps dagger-io from importing what a call makes no use of: a sixth of its import.

That is the telemetry SDK where the environment names nobody to tell, and the command of httpx with its table
and colour printers.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

_COMMAND = "httpx._main"
_TELEMETRY = "dagger.telemetry"


@contextlib.contextmanager
def leave_out() -> Iterator[None]:
    """Import dagger-io within; where it is imported already nothing changes."""
    if "dagger" not in sys.modules and not _wanted():
        sys.modules[_TELEMETRY] = _no_telemetry()
    if "httpx" in sys.modules:
        yield
        return
    sys.modules[_COMMAND] = None  # type: ignore[assignment] # NB: importing it fails then, as it may for httpx
    try:
        yield
    finally:
        del sys.modules[_COMMAND]


def _wanted() -> bool:
    """Whether somebody listens: the variables that dagger-io and the SDK itself look at."""
    return any(name.startswith("OTEL_") or name == "TRACEPARENT" for name in os.environ)


def _no_telemetry() -> ModuleType:
    """What the others of dagger-io's modules call of its telemetry."""

    def get_tracer() -> Any:
        from opentelemetry import trace

        return trace.get_tracer("dagger.io/sdk.python")

    module: Any = ModuleType(_TELEMETRY, "Tells nobody.")
    module.initialize = lambda **_: None
    module.shutdown = lambda: None
    module.otel_configured = module.otel_enabled = lambda: False
    module.get_tracer = get_tracer
    return module
