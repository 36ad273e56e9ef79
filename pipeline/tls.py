"""Which certificates a TLS client takes: those that docker, and every other program in Go, takes too."""

import ssl
from pathlib import Path


def client_context(authority: Path | None = None) -> ssl.SSLContext:
    """What trusts this machine's authorities, or that of the file ``authority`` alone.

    From Python 3.13 on the default context also refuses certificates without each extension of RFC 5280, such
    as the Authority Key Identifier, which those of a company's own authority often lack
    (https://docs.python.org/3/library/ssl.html#ssl.create_default_context). Chain, time and name are verified
    all the same. Raises OSError for a file that cannot be read, or has no certificate.
    """
    context = ssl.create_default_context(cafile=authority)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
