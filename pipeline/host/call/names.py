"""Names as a user of `dagger call` types them.

Dagger turns a Python name into camelCase for its API and that into kebab-case for the command line, both by
the rules of github.com/iancoleman/strcase v0.3 (`ToLowerCamel`, `ToKebab`): digits stand apart (``cu121`` is
``cu-121``), a run of capitals is one word.
"""

_SEPARATORS = "_ -."


def _kind(letter: str) -> str:
    if "A" <= letter <= "Z":
        return "upper"
    if "a" <= letter <= "z":
        return "lower"
    return "digit" if "0" <= letter <= "9" else ""


def camel(name: str) -> str:
    """``build_all`` to ``buildAll``, as the API spells functions and arguments."""
    letters: list[str] = []
    start_word = False
    before = ""
    for position, letter in enumerate(name.strip()):
        kind = _kind(letter)
        if start_word and kind == "lower":
            letters.append(letter.upper())
        elif not start_word and kind == "upper" and (position == 0 or before == "upper"):
            letters.append(letter.lower())
        elif kind:
            letters.append(letter)
        start_word = kind == "digit" or letter in _SEPARATORS
        before = kind
    return "".join(letters)


def pascal(name: str) -> str:
    """``my-module`` to ``MyModule``, as the API spells types."""
    text = camel(name)
    return text[:1].upper() + text[1:]


def kebab(name: str) -> str:
    """``build_all`` or ``buildAll`` to ``build-all``, as the command line spells it."""
    text = camel(name)
    kinds = ["", *map(_kind, text), ""]
    words: list[str] = []
    for position, letter in enumerate(text, start=1):
        left, here, right = kinds[position - 1], kinds[position], kinds[position + 1]
        changed = left != here and left and here and (left, here) != ("upper", "lower")
        last_of_capitals = left == here == "upper" and right == "lower"
        words.append("-" + letter if changed or last_of_capitals else letter)
    return "".join(words).lower()
