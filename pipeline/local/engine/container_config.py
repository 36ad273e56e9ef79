"""Container: its configuration. None of this needs Docker."""

from collections.abc import Mapping

from pipeline.local.engine.container import Container, less
from pipeline.local.engine.engine import PLATFORM
from pipeline.local.engine.failures import QueryError
from pipeline.local.engine.operations import serves
from pipeline.local.engine.states import Pair, Port, Secret


@serves("Query.container")
def container(*, platform: str | None = None) -> Container:
    """An empty container."""
    return Container(platform=platform or PLATFORM)


def _serve_setting(name: str, key: str, nothing: str | list[str]) -> None:
    """Serves what reads a setting as Docker keeps it, and what takes it away."""

    @serves(f"Container.{name}")
    def given(container: Container) -> str | list[str]:
        return container.config.get(key) or nothing

    @serves(f"Container.without{name[0].upper()}{name[1:]}")
    def without(container: Container) -> Container:
        return container.configured(**{key: None})


_serve_setting("user", "User", "")
_serve_setting("workdir", "WorkingDir", "")
_serve_setting("entrypoint", "Entrypoint", [])
_serve_setting("defaultArgs", "Cmd", [])


@serves("Container.withUser")
def with_user(container: Container, *, name: str) -> Container:
    """Commands run as this user, ``name`` or ``UID:GID``."""
    return container.configured(User=name)


@serves("Container.withWorkdir")
def with_workdir(container: Container, *, path: str) -> Container:
    """Commands run there; a relative path goes on from where they ran."""
    return container.configured(WorkingDir=container.located(path))


@serves("Container.withEntrypoint")
def with_entrypoint(container: Container, *, args: list[str], keep_default_args: bool) -> Container:
    """With this entrypoint; default arguments belong to the old one and go with it."""
    kept = container.config.get("Cmd") if keep_default_args else None
    return container.configured(Entrypoint=args, Cmd=kept)


@serves("Container.withoutEntrypoint")
def without_entrypoint(container: Container, *, keep_default_args: bool) -> Container:
    """Without entrypoint."""
    return with_entrypoint(container, args=[], keep_default_args=keep_default_args)


@serves("Container.withDefaultArgs")
def with_default_args(container: Container, *, args: list[str]) -> Container:
    """With these default arguments."""
    return container.configured(Cmd=args)


@serves("Container.envVariable")
def env_variable(container: Container, *, name: str) -> str | None:
    """A variable's value; secret ones are not told."""
    return container.environment.get(name)


@serves("Container.envVariables")
def env_variables(container: Container) -> list[Pair]:
    """All but secret variables, in the order they came."""
    return [Pair(name=name, value=value) for name, value in container.environment.items()]


@serves("Container.withEnvVariable")
def with_env_variable(container: Container, *, name: str, value: str) -> Container:
    """With a variable, plain where it was secret."""
    rest = without_secret_variable(container, name=name)
    return _with_environment(rest, {**container.environment, name: value})


@serves("Container.withoutEnvVariable")
def without_env_variable(container: Container, *, name: str) -> Container:
    """Without a variable."""
    return _with_environment(container, less(container.environment, name))


def _with_environment(container: Container, variables: Mapping[str, str]) -> Container:
    return container.configured(Env=[f"{name}={value}" for name, value in variables.items()])


@serves("Container.withSecretVariable")
def with_secret_variable(container: Container, *, name: str, secret: Secret) -> Container:
    """With a variable that commands see and nothing else: no image, no `envVariable`."""
    rest = without_env_variable(container, name=name)
    return rest.changed(variables={**rest.variables, name: secret})


@serves("Container.withoutSecretVariable")
def without_secret_variable(container: Container, *, name: str) -> Container:
    """Without a secret variable."""
    return container.changed(variables=less(container.variables, name))


@serves("Container.label")
def label(container: Container, *, name: str) -> str | None:
    """A label's value."""
    return container.labels.get(name)


@serves("Container.labels")
def labels(container: Container) -> list[Pair]:
    """All labels by name."""
    return [Pair(name=name, value=value) for name, value in sorted(container.labels.items())]


@serves("Container.withLabel")
def with_label(container: Container, *, name: str, value: str) -> Container:
    """With a label."""
    return container.configured(Labels={**container.labels, name: value})


@serves("Container.withoutLabel")
def without_label(container: Container, *, name: str) -> Container:
    """Without a label."""
    return container.configured(Labels=less(container.labels, name))


@serves("Container.exposedPorts")
def exposed_ports(container: Container) -> list[Port]:
    """Ports by number; those of the image have no description."""
    exposed = [container.ports.get(key) or _port(key) for key in container.config.get("ExposedPorts") or ()]
    return sorted(exposed, key=lambda port: (port.port, port.protocol))


def _port(key: str) -> Port:
    number, _, protocol = key.partition("/")
    return Port(port=int(number), protocol=(protocol or "tcp").upper())


@serves("Container.withExposedPort")
def with_exposed_port(
    container: Container,
    *,
    port: int,
    protocol: str,
    description: str | None = None,
    experimental_skip_healthcheck: bool,
) -> Container:
    """With a port, which a service is waited for on unless that is to be skipped."""
    if not 1 <= port <= 65535:
        raise QueryError(f"port {port} is not between 1 and 65535")
    skip = experimental_skip_healthcheck
    added = Port(port=port, protocol=protocol, description=description, experimental_skip_healthcheck=skip)
    rest = without_exposed_port(container, port=port, protocol=protocol)
    return _exposing(rest, *exposed_ports(rest), added)


@serves("Container.withoutExposedPort")
def without_exposed_port(container: Container, *, port: int, protocol: str) -> Container:
    """Without a port."""
    gone = Port(port=port, protocol=protocol).key
    return _exposing(container, *(item for item in exposed_ports(container) if item.key != gone))


def _exposing(container: Container, *ports: Port) -> Container:
    exposed = {port.key: port for port in ports}
    return container.configured(ExposedPorts={key: {} for key in exposed}).changed(ports=exposed)


@serves("Container.experimentalWithAllGPUs")
def with_all_gpus(container: Container) -> Container:
    """Commands see every GPU."""
    return container.changed(gpus=True)
