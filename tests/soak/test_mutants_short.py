"""The mutation campaign: what it makes of a module, and that its last result covers every rule."""

import ast
import json
import tomllib

import mutants
import pytest

SOURCE = '''"""Doc."""
LIMIT = 5


def find(items, *, is_open=False):
    """Doc."""
    for item in items:
        if item > LIMIT and not is_open:
            yield item
    return [each for each in items if each in (1, 2)]


RULE = dict(id="x", value=1)
'''


def test_every_kind_of_change_is_made():
    names = [each.name for each in mutants.mutants_of(SOURCE)]
    assert sorted(names) == sorted(
        [
            "number: LIMIT = 5",
            "flip: def find(items, *, is_open=False):",
            "negate: if item > LIMIT and not is_open:",
            "turn: if item > LIMIT and not is_open:",
            "and/or: if item > LIMIT and not is_open:",
            "leave out: yield item",
            "turn: return [each for each in items if each in (1, 2)]",
            "number: return [each for each in items if each in (1, 2)]",
            "number (2): return [each for each in items if each in (1, 2)]",
        ]
    )


def test_every_mutant_is_another_module_that_compiles():
    texts = [ast.unparse(each.tree) for each in mutants.mutants_of(SOURCE)]
    assert len({*texts, ast.unparse(ast.parse(SOURCE))}) == len(texts) + 1
    for text in texts:
        compile(text, "mutant", "exec")


def test_the_last_campaign_left_nothing_unexplained():
    results = json.loads(mutants.OUT.read_text())
    reasons = tomllib.loads(mutants.EQUIVALENT.read_text())
    assert {*results} == {path.stem for path in mutants.FOLDER.glob("[a-z]*.py")}
    for rule, result in results.items():
        assert result["noticed"] + len(result["equivalent"]) == result["mutants"] > 0
        assert {*result["equivalent"]} == {*reasons.get(rule, {})}


@pytest.mark.parametrize("rule", tomllib.loads(mutants.EQUIVALENT.read_text()))
def test_what_is_excused_is_still_a_mutant(rule: str):
    names = {each.name for each in mutants.mutants_of((mutants.FOLDER / f"{rule}.py").read_text())}
    excused = tomllib.loads(mutants.EQUIVALENT.read_text())[rule]
    assert {*excused} <= names and all(excused.values())
