"""Known causes of failures, by what is printed when they strike, and what to do about each."""

import re

_PACKAGES = {
    "libGL.so.1": "libgl1",
    "libgomp.so.1": "libgomp1",
    "libpulse.so.0": "libpulse0",
    "libportaudio.so.2": "libportaudio2",
    "libsndfile.so.1": "libsndfile1",
    "libasound.so.2": "libasound2",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libSM.so.6": "libsm6",
    "libXext.so.6": "libxext6",
}

_CAUSES: tuple[tuple[str, str], ...] = (
    (r"no space left on device", "the disk of the build host is full: free some and run again"),
    (r"exec format error", "the image, or a binary in it, is for another platform"),
    (r"libcuda\.so", "libcuda comes from the host's driver, not from an image: do not load it without a GPU"),
    (
        r"CUDA driver version is insufficient",
        "the driver is older than the CUDA of the family needs: see `lint` and the catalog's target",
    ),
    (r"No module named '([\w.]+)'", "the image lacks the Python package that brings {1}: install it"),
    (r"Address already in use", "two processes of the container want the same port"),
    (
        r"\b(?:ffmpeg|curl|espeak-ng)\b.*(?:not found|No such file)",
        "the program is in neither the family nor the image: install it",
    ),
    (
        r"sh: (?:(?:line )?\d+: )?([\w.+/-]+): (?:command )?not found$",
        "neither family nor image has the program {1}: install it",
    ),
    (
        r"bound to 127\.0\.0\.1:\d+ only|bound to \[::1\]:\d+ only",
        "let the service bind to 0.0.0.0 instead of localhost",
    ),
    (
        r"nothing listens on port (\d+); the container listens on no port",
        "the service has opened no port yet: is it still loading, or does it wait for something?",
    ),
    (
        r"nothing listens on port (\d+); the container listens on",
        "the catalog says {1}: correct the catalog, or let the service read HEALTH_PORT",
    ),
    (
        r"\btoomanyrequests\b|(?:parsing HTTP|unexpected (?:HTTP )?status.*:) 429\b",
        "the registry limits requests: wait, or pass --username and --token for a higher limit",
    ),
    (
        r"unexpected (?:HTTP )?status.*: 50\d\b",
        "the registry fails: run the same command again later; nothing that was written needs undoing",
    ),
    (r"HTTP 404", "the service answers, but has no such path: is `health.path` in the catalog right?"),
    (r"HTTP 5\d\d", "the service answers, but says itself that it is not healthy: see its log"),
    (
        r"HTTP 30\d",
        "the health path is redirected: let it answer itself, or correct `health.path` in the catalog",
    ),
    (
        r"no such file or directory.*\bsh\b|fork/exec sh|exec: \"(?:/bin/)?sh\"",
        "the image has no sh: a RUN needs one, and the probe too",
    ),
    (
        r"base name \(\$\{?BASE_IMAGE\}?\) should not be blank",
        "declare ARG BASE_IMAGE before the first FROM",
    ),
    (
        r"target stage \S+ could not be found",
        "correct `target` in the catalog, or name the stage in the Dockerfile",
    ),
    (
        r"(?:lstat|stat|copy|COPY|cache key).*(?:no such file or directory|not found)",
        "the file is not in the build context: see the COPY line, the catalog's `context`, and .dockerignore",
    ),
    (
        r"\b401 |[Uu]nauthorized|\b403 |insufficient_scope|access to the resource is denied|^denied\b",
        "the registry refuses: check --username and --token (GHCR: scope write:packages), and its link",
    ),
    (
        r"connection refused|no such host|i/o timeout|network is unreachable",
        "something on the network did not answer: is the address right, and can the engine reach it?",
    ),
    (
        r"(?:\"https?:\S+|@sha256:\w+|write tcp \S+): .*(?:\bEOF|by peer|broken pipe|network connection)$",
        "the connection broke off in the middle: run the same again; what arrived whole is not sent again",
    ),
    (
        r"[Pp]ermission denied",
        "the image's user may not: check USER, and the owner and mode of what it opens",
    ),
    (
        r"ended with 0, but the engine could not clean up",
        "an engine with certificates of its own needs the image's shell after each RUN: keep it there",
    ),
    (
        r"gave no verdict within",
        "the engine stood still, for the probe ends sooner by itself: run the same again, or restart it",
    ),
    (
        r"surrogates not allowed|invalid UTF-8",
        "a file of the context has a name that is not UTF-8, which no builder can be told: rename it",
    ),
    (r"signal 9\b|exit code: 137", "it was killed: most often for want of memory"),
    (
        r"exited with 127",
        "the command, or what the script's first line names, is not in the image: check both, and ENTRYPOINT",
    ),
    (
        r"unable to find (?:user|group) \S+: no matching entries",
        "the image has no such user or group: add it with useradd, or give its number",
    ),
    (r"exited with 0\b", "the process ended by itself: a service must stay in the foreground"),
    (
        r"no match(?:ing manifest)? for |no manifest matches requested platform",
        "the base has no image for this platform: push an index that has, or take it out of `platforms`",
    ),
    (r"manifest unknown|not found: not found|: not found$", "the base is not in the registry"),
)

FORMAT = "exec format error"  # ENOEXEC, as Linux, runc and Dagger's and BuildKit's own programs print it
_LIBRARY = re.compile(r"(lib[\w.+-]+\.so[\w.]*)['\"]?[^\n]*cannot open shared object")

_PASSING = re.compile(
    r"(?:\bEOF|by peer|broken pipe|network connection|(?:read|write) tcp .*: i/o timeout)$"
    r"|unexpected (?:HTTP )?status.*: (?:408|425|429|50[0234])\b|\btoomanyrequests\b"
    r"|parsing HTTP (?:408|425|429) response body",  # a body that is not a registry's
    re.MULTILINE,
)


def is_of_another_format(text: str) -> bool:
    """Whether what was printed says that a program is not for the platform that it was started on."""
    return FORMAT in text.lower()


def may_pass(text: str) -> bool:
    """Whether what an engine says of a transfer is that the registry broke off, or had too much to do."""
    return _PASSING.search(text) is not None


def hint_for(text: str) -> str:
    """What to do about a failure that printed this; empty where the cause is not known."""
    library = _LIBRARY.search(text)
    if library and not library[1].startswith("libcuda.so"):
        package = _PACKAGES.get(library[1])
        brought = f" (Debian package {package})" if package else ""
        return f"neither family nor image brings {library[1]}{brought}: install it"
    for pattern, hint in _CAUSES:
        found = re.search(pattern, text, re.MULTILINE)
        if found:
            return hint.replace("{1}", found[1] or "") if "{1}" in hint else hint
    return ""
