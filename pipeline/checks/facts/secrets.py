"""Which files hold secrets: by their name, or by the private key in them."""

import re

from pipeline.planning.sources import Sources

_LONGEST = 1 << 16
_SAMPLE = re.compile(r"\.(?:example|sample|template|tmpl|dist|defaults?)$")
_NAMES = {
    ".netrc": "logins",
    "_netrc": "logins",
    ".pypirc": "logins of a package index",
    ".git-credentials": "logins of git",
    ".htpasswd": "passwords",
    "id_rsa": "a private key",
    "id_dsa": "a private key",
    "id_ecdsa": "a private key",
    "id_ed25519": "a private key",
}
_ENDS = {".p12": "a private key", ".pfx": "a private key", ".ppk": "a private key", ".kdbx": "passwords"}
_PATHS = {
    ".aws/credentials": "logins of AWS",
    ".docker/config.json": "logins of registries",
    ".kube/config": "logins of a cluster",
}
# NB: the header alone also stands in code that looks for it; a key follows it with its base64.
_KEY = re.compile(
    rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\\n|\s)+"
    rb"(?:[A-Za-z-]+: [^\n]*\n\s*)*[A-Za-z0-9+/=]{40}"
)


def find_secret(sources: Sources, path: str) -> str:
    """What is secret in a file, in words; empty where nothing is known to be."""
    return _by_name(path) or _by_content(sources, path)


def _by_name(path: str) -> str:
    parts = path.lower().split("/")
    name = parts[-1]
    if ".git" in parts[:-1]:
        return "the repository's whole history"
    if _SAMPLE.search(name):
        return ""
    if name == ".env" or name.startswith(".env."):
        return "settings with passwords, as a rule"
    return (
        _NAMES.get(name)
        or next((what for end, what in _ENDS.items() if name.endswith(end)), "")
        or _PATHS.get("/".join(parts[-2:]), "")
    )


def _by_content(sources: Sources, path: str) -> str:
    node = sources.node(path)
    if node is None or node.kind != "file" or not node.size:
        return ""
    head = sources.head(path, _LONGEST)
    return "a private key" if b"PRIVATE KEY" in head and _KEY.search(head) else ""
