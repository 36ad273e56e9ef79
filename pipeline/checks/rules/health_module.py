"""A health check in Python imports what the image has."""

import ast
import sys
from collections.abc import Iterator, Sequence

from pipeline.checks.facts.arrivals import Arrival, arrival_text, find_arrival
from pipeline.checks.facts.health import HealthCheck, find_checks
from pipeline.checks.facts.requirements import normal_name
from pipeline.checks.facts.scripts import find_scripts
from pipeline.checks.facts.shell import Command, program_of
from pipeline.checks.facts.steps import Step, find_steps
from pipeline.checks.facts.stock import Stock, find_stock
from pipeline.checks.inspection import Inspection, Subject
from pipeline.checks.rule import Hit, Rule

# Modules whose package has another name.
_PACKAGES = {
    "dotenv": ("python-dotenv",),
    "grpc": ("grpcio",),
    "grpc_health": ("grpcio-health-checking",),
    "jwt": ("pyjwt",),
    "mysqldb": ("mysqlclient",),
    "psycopg2": ("psycopg2", "psycopg2-binary"),
    "websocket": ("websocket-client",),
    "yaml": ("pyyaml",),
    "zmq": ("pyzmq",),
}


def _find(inspection: Inspection) -> Iterator[Hit]:
    seen: set[tuple[str, int, str]] = set()
    for image, subject in inspection.images:
        stock = find_stock(inspection, subject)
        if not stock.ground.is_known:
            continue
        for check in find_checks(inspection, image, subject):
            for module in _modules(check, find_steps(inspection, subject)):
                if not _is_there(module, stock) and (check.file, check.line, module) not in seen:
                    seen.add((check.file, check.line, module))
                    yield _hit(subject, check, module, stock)


def _hit(subject: Subject, check: HealthCheck, module: str, stock: Stock) -> Hit:
    package = _packages(module)[0]
    may_come_along = bool(stock.installs.pip) or stock.installs.is_open
    return Hit(
        file=check.file,
        line=check.line,
        subject=subject.unit.name,
        message=f"the health check imports {module}, which nothing installs"
        + (" by name: it may come along with another package" if may_come_along else ""),
        fix=f"install {package}, or ask with urllib.request, which Python has",
        severity="warning" if may_come_along else None,
    )


def _modules(check: HealthCheck, steps: Sequence[Step]) -> list[str]:
    """Modules that are neither Python's own nor beside the script."""
    found = [name for command in check.commands for name in _imports(_inline(command))]
    for script in find_scripts(check, steps):
        arrival = find_arrival(steps, script.path)
        text = arrival_text(arrival) if arrival and script.path.endswith(".py") else None
        if arrival is not None and text is not None:
            found += [name for name in _imports(text) if not _is_local(name, arrival)]
    return [name for name in dict.fromkeys(found) if name not in sys.stdlib_module_names]


def _inline(command: Command) -> str:
    is_python = program_of(command).startswith("python") and "-c" in command
    return command[command.index("-c") + 1] if is_python and command[-1] != "-c" else ""


def _imports(text: str) -> Iterator[str]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _is_local(module: str, arrival: Arrival) -> bool:
    """NB: PYTHONPATH may name any directory of the context; one that holds such a module suffices."""
    context = arrival.step.subject.context
    parts = arrival.source.split("/")
    folders = ["/".join(parts[:end]) for end in range(len(parts))]
    names = {name for folder in folders for name in context.sources.children(folder)}
    return module in names or f"{module}.py" in names


def _packages(module: str) -> tuple[str, ...]:
    return _PACKAGES.get(module.lower(), (normal_name(module),))


def _is_there(module: str, stock: Stock) -> bool:
    pip = {each.name for each in stock.installs.pip}
    apt = {f"python3-{name.removeprefix('python-')}" for name in _packages(module)}
    return bool(pip & {*_packages(module)}) or bool(stock.packages & apt) or module in stock.named


RULE = Rule(
    id="health-module",
    severity="error",
    about="What a health check in Python imports is in the image.",
    consequence="the check ends with ModuleNotFoundError for ever: the service never counts as ready",
    fix="install the module, or ask with urllib.request",
    find=_find,
)
