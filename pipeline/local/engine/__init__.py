"""The Dagger API on Docker Engine, for the unmodified dagger-io client."""

from pipeline.local.engine import everything_served
from pipeline.local.engine.serving import Session, serving

__all__ = ["Session", "everything_served", "serving"]
