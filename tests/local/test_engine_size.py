"""Whoever relies on the local engine can read it in an hour."""

import ast
import tokenize
from collections.abc import Iterator
from pathlib import Path

ENGINE = Path(__file__).parents[2] / "pipeline/local"
MOST = 4_000
NO_CODE = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    *(tokenize.ENCODING, tokenize.ENDMARKER),
}


def lines_of_code(path: Path) -> int:
    """Lines with code: not blank, no comment, no docstring."""
    with path.open("rb") as file:
        tokens = [token for token in tokenize.tokenize(file.readline) if token.type not in NO_CODE]
    code = {line for token in tokens for line in range(token.start[0], token.end[0] + 1)}
    return len(code.difference(docstring_lines(path)))


def docstring_lines(path: Path) -> Iterator[int]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            yield from range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)


def test_lines_of_code_are_counted_without_what_is_written_for_people(tmp_path: Path) -> None:
    path = tmp_path / "counted.py"
    path.write_text(
        '"""Words.\n\nMore.\n"""\n\n# why\nX = """\n\ntext"""\n\n\ndef f():\n    """Words."""\n    return X\n'
    )
    assert lines_of_code(path) == 5


def test_the_engine_has_at_most_4000_lines_of_code() -> None:
    counted = {path.relative_to(ENGINE): lines_of_code(path) for path in ENGINE.rglob("*.py")}
    assert len(counted) > 40
    assert sum(counted.values()) <= MOST
