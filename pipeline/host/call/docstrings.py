"""The numpy docstrings of the generated client: description and parameters."""


def sections(doc: str) -> tuple[str, dict[str, str]]:
    """Split a numpy docstring into its description and the texts of its parameters."""
    head, _, rest = doc.partition("Parameters\n----------\n")
    texts: dict[str, list[str]] = {}
    current: list[str] = []
    for line in rest.splitlines():
        if set(line) == {"-"}:
            break
        if line.endswith(":") and not line.startswith(" "):
            current = texts.setdefault(line[:-1], [])
        elif line.startswith(" "):
            current.append(line.strip())
    for section in ("Returns\n---", "Raises\n---", "Example::", ".. deprecated"):
        head = head.partition(section)[0]
    return head.strip(), {key: " ".join(lines) for key, lines in texts.items()}
