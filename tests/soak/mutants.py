"""Mutates the code of every lint rule and wants its tests to notice; writes docs/soak/mutants.json.

Usage: python tests/soak/mutants.py [RULE…]      (file names of pipeline/checks/rules without .py; the results
of all others stay as they are)

Each mutant is one change of the rule's module, made in its syntax tree: comparisons turned round, conditions
negated, `and` for `or`, numbers moved by one, truth values flipped, yields and calls left out. It runs in a
forked process against the rule's own test file and its broken twin. What survives must stand, with a reason,
in equivalent_mutants.toml. Ends with 1 where something survived, or where an entry there is of no use.
"""

import ast
import copy
import json
import os
import signal
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.checks.rules import RULES

PROJECT = Path(__file__).parents[2]
FOLDER = PROJECT / "pipeline/checks/rules"
OUT = PROJECT / "docs/soak/mutants.json"
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
_SECONDS = 60
_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """``name`` is what was done to which line, stable as long as that line is."""

    name: str
    tree: ast.Module


def mutants_of(source: str) -> Iterator[Mutant]:
    """Every mutant of a module, the RULE at its end and docstrings left alone."""
    tree = ast.parse(source)
    rows = source.splitlines()
    count = len(list(ast.walk(tree)))
    names: dict[str, int] = {}
    for index in range(count):
        for what, change in _changes(list(ast.walk(tree))[index]):
            mutated = copy.deepcopy(tree)
            node = list(ast.walk(mutated))[index]
            if not hasattr(node, "lineno") or _is_left_alone(tree, node):
                continue
            change(node)
            row = rows[node.lineno - 1].strip()  # type: ignore[attr-defined]
            name = f"{what}: {row}"
            names[name] = names.get(name, 0) + 1
            if names[name] > 1:
                name = f"{what} ({names[name]}): {row}"
            yield Mutant(name=name, tree=ast.fix_missing_locations(mutated))


def _is_left_alone(tree: ast.Module, node: ast.AST) -> bool:
    last = tree.body[-1]
    line = getattr(node, "lineno", 0)
    return line >= last.lineno


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[..., None]]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _TURNED:
        yield "turn", lambda it: it.ops.__setitem__(0, _TURNED[type(it.ops[0])]())
    if isinstance(node, ast.BoolOp):
        yield "and/or", lambda it: setattr(it, "op", ast.Or() if isinstance(it.op, ast.And) else ast.And())
    if isinstance(node, ast.If | ast.IfExp):
        yield "negate", lambda it: setattr(it, "test", ast.UnaryOp(op=ast.Not(), operand=it.test))
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield "number", lambda it: setattr(it, "value", it.value + 1)
    if isinstance(node, ast.Constant) and type(node.value) is bool:
        yield "flip", lambda it: setattr(it, "value", not it.value)
    if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
        nothing = ast.Constant(value=None)
        yield "leave out", lambda it: setattr(it, "value", nothing)
    for test in range(len(getattr(node, "ifs", ()))):
        yield (
            "negate",
            lambda it, n=test: it.ifs.__setitem__(n, ast.UnaryOp(op=ast.Not(), operand=it.ifs[n])),
        )


def is_noticed(module: str, mutant: Mutant, tests: list[str]) -> bool:
    """Whether tests fail, or do not end, with a mutant in place of its module."""
    child = os.fork()
    if child == 0:
        os._exit(_run(module, mutant, tests))
    _, status = os.waitpid(child, 0)
    return status != 0


def _run(module: str, mutant: Mutant, tests: list[str]) -> int:
    signal.alarm(_SECONDS)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    put_in_place(module, mutant.tree)
    # NB: the project's plug-ins and settings are not needed here, and take most of the time of a run.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    flags = ["-x", "-q", "-c", os.devnull, "--rootdir", str(PROJECT), "-p", "no:cacheprovider"]
    return int(pytest.main([*flags, *tests]))


def put_in_place(name: str, tree: ast.Module) -> None:
    """Run a rule's module anew from a tree; everyone who holds the tuple of all rules gets its new RULE."""
    module, before = sys.modules[name], RULES
    old = module.RULE
    exec(compile(tree, name, "exec"), module.__dict__)
    after = tuple(module.RULE if each is old else each for each in before)
    for other in list(sys.modules.values()):
        if getattr(other, "RULES", None) is before:
            other.RULES = after  # type: ignore[attr-defined]


def main() -> int:
    """Every mutant of every rule, or of those named."""
    os.chdir(PROJECT)
    names = sys.argv[1:] or sorted(path.stem for path in FOLDER.glob("[a-z]*.py"))
    excused = tomllib.loads(EQUIVALENT.read_text())
    results: dict[str, dict[str, object]] = json.loads(OUT.read_text()) if sys.argv[1:] else {}
    failed = False
    for name in names:
        reasons = excused.get(name, {})
        tests = [f"tests/checks/test_rule_{name}.py"]
        tests += [f"tests/checks/test_broken_twins.py::test_just_that_finding[{name.replace('_', '-')}]"]
        mutants = list(mutants_of((FOLDER / f"{name}.py").read_text()))
        module = f"pipeline.checks.rules.{name}"
        survived = [each.name for each in mutants if not is_noticed(module, each, tests)]
        unexplained = [each for each in survived if each not in reasons]
        useless = [each for each in reasons if each not in survived]
        failed = failed or bool(unexplained or useless)
        results[name] = {
            "mutants": len(mutants),
            "noticed": len(mutants) - len(survived),
            "equivalent": survived,
        }
        print(f"{name}: {len(mutants)} mutants, {len(survived)} survived", flush=True)
        for each in unexplained:
            print(f"  SURVIVED {each}", flush=True)
        for each in useless:
            print(f"  of no use in {EQUIVALENT.name}: {each}", flush=True)
    if not failed:
        OUT.write_text(json.dumps(dict(sorted(results.items())), indent=1) + "\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
