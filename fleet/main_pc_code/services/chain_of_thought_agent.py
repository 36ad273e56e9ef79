"""ChainOfThoughtAgent: works out an arithmetic expression and says each step."""

import ast
import operator
import sys

from main_pc_code.fleet_service import serve

OPERATORS = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.FloorDiv: ("//", operator.floordiv),
    ast.Mod: ("%", operator.mod),
}
LONGEST = 200


def prepare():
    """The primes below a limit, for the remark that a result is one."""
    limit = 2_500_000
    sieve = bytearray([1]) * limit
    sieve[:2] = b"\0\0"
    for n in range(2, int(limit**0.5) + 1):
        if sieve[n]:
            for multiple in range(n * n, limit, n):
                sieve[multiple] = 0
    return sieve


def work_out(node, steps):
    """The value of one node, its steps appended."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if not isinstance(node, ast.BinOp) or type(node.op) not in OPERATORS:
        raise ValueError("only whole numbers and + - * // %")
    left, right = work_out(node.left, steps), work_out(node.right, steps)
    sign, operation = OPERATORS[type(node.op)]
    if right == 0 and sign in ("//", "%"):
        raise ValueError("division by zero")
    value = operation(left, right)
    steps.append(f"{left} {sign} {right} = {value}")
    return value


def answer(model, request):
    """`{"question": "2 * (3 + 4)"}` → `{"steps": […], "answer": 14}`."""
    question = request["question"]
    if len(question) > LONGEST:
        raise ValueError(f"a question has at most {LONGEST} letters")
    try:
        tree = ast.parse(question, mode="eval")
    except SyntaxError:
        raise ValueError("not an expression") from None
    steps = []
    value = work_out(tree.body, steps)
    if 0 <= value < len(model) and model[value]:
        steps.append(f"{value} is prime")
    return {"steps": steps, "answer": value}


if __name__ == "__main__":
    sys.exit(serve("ChainOfThoughtAgent", prepare=prepare, answer=answer, ports=(5612,)))
