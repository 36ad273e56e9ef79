"""What fleet.toml says of a service: how it is started, what it binds, how it says that it is ready."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from pipeline.catalog.durations import Seconds
from pipeline.catalog.entry import Entry
from pipeline.catalog.fields import Answer, HostPorts, Port, Probe, ServiceName, Text
from pipeline.catalog.sizes import Size


class Health(Entry):
    """How a service says that it is ready.

    ``probe`` is the way, by Kubernetes' names where it has one: ``httpGet``, ``path`` on ``port`` is answered
    with 2xx, or ``status``, and the fields of its JSON ``answer`` have these values; ``tcpSocket``, ``port``
    accepts; ``exec``, ``script`` ends with 0; ``logLine``, the output contains ``log``. ``start_period`` is
    Docker's grace; ``deadline`` is when the smoke test gives up; both in seconds.
    """

    probe: Probe = Field(
        default="httpGet", description="how it is asked; without this key as port, script and log mean it"
    )
    port: Port | None = Field(
        default=None, description="HEALTH_PORT is set to it, and httpGet or tcpSocket asks there"
    )
    path: Annotated[str, Field(pattern=r"^/\S*$")] = Field(
        default="/health", description="what httpGet asks for"
    )
    status: int | None = Field(
        default=None, ge=100, le=599, description="that httpGet must get; else any of 200 to 299"
    )
    answer: Answer = Field(
        default={},
        description='fields of the JSON that httpGet must get: "status", "models.0.name" -> value',
    )
    any_path: bool = Field(
        default=False, description="it answers paths that it does not know with another status than 404"
    )
    script: str = Field(
        default="", description="a command inside the container: healthy when it ends with 0 (exec)"
    )
    log: str = Field(default="", description="a text that its output contains once it is ready (logLine)")
    start_period: Seconds = Field(default=0.0, description="Docker's grace, before failures count")
    deadline: Annotated[Seconds, Field(gt=0)] = Field(
        default=60.0, description="when the smoke test gives up"
    )
    interval: Annotated[Seconds, Field(ge=0.01)] = Field(
        default=0.1, description="how often the smoke test asks"
    )

    @model_validator(mode="before")
    @classmethod
    def _probe_by_its_keys(cls, data: Any) -> Any:
        """The way that the other keys mean, where none is given."""
        if isinstance(data, dict) and "probe" not in data:
            meant = "exec" if data.get("script") else "logLine" if data.get("log") else "httpGet"
            return {**data, "probe": meant}
        return data

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not (self.port or self.script or self.log):
            raise ValueError("give a port or a script, or a log line")
        needed = _NEEDED[self.probe]
        if not getattr(self, needed):
            raise ValueError(f"{self.probe} needs a {needed}")
        given = [key for key in _ONLY_HTTP if key in self.model_fields_set and self.probe != "httpGet"]
        if given:
            raise ValueError(f"{' and '.join(given)} mean nothing to {self.probe}")
        return self


_NEEDED = {"httpGet": "port", "tcpSocket": "port", "exec": "script", "logLine": "log"}
_ONLY_HTTP = ("status", "answer", "any_path")


class Service(Entry):
    """``[[images.NAME.services]]``: a process of an image; an empty command is the image's own."""

    name: ServiceName = Field(description="unique in the fleet")
    command: tuple[str, ...] = Field(
        default=(), description="replaces CMD, keeps ENTRYPOINT; empty: the image's own"
    )
    ports: tuple[Port, ...] = Field(
        default=(), description="must be bound, not only to loopback; published by compose"
    )
    health: Health | None = Field(default=None, description="how it says that it is ready")
    alive_for: Seconds | None = Field(
        default=None, description="how long it must stay up, and healthy, once it is ready"
    )
    stop_time: Annotated[Seconds, Field(gt=0)] = Field(
        default=10.0, description="from its stop signal to its end at most; Docker kills it then"
    )
    max_ready: Annotated[Seconds, Field(gt=0)] | None = Field(
        default=None, description="from its start until it is ready, at most; else only the deadline"
    )
    max_memory: Size | None = Field(default=None, description='in use at most, "512 MiB"; else only measured')
    environment: dict[str, str] = Field(default={}, description="set for the smoke test and in compose")
    host_port: HostPorts = Field(default={}, description="port in the container -> port on the target's host")
    gpu: bool = Field(default=False, description="without a GPU its smoke test is skipped, never passed")
    core: bool = Field(default=False, description="it starts before every service that is not core")
    depends_on: tuple[Text, ...] = Field(default=(), description="services that are up before it starts")
    listed_family: str = Field(default="", description="the family under which the team lists the service")

    @property
    def inner_ports(self) -> tuple[int, ...]:
        """Every port it binds inside its container: the declared ones, then its health port."""
        health = self.health.port if self.health else None
        return self.ports if health is None or health in self.ports else (*self.ports, health)

    def outer_port(self, port: int) -> int:
        """The port of the target's host on which one of its ports is published."""
        return self.host_port.get(port, port)
