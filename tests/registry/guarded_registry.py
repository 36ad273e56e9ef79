"""A scripted registry behind a token service."""

import base64
import json

from clients_of_scripts import SECRET
from scripted import Asked, Behaviour, Reply, errors

BASIC = "Basic " + base64.b64encode(f"alice:{SECRET}".encode()).decode()


def token(value: str, **more: object) -> Reply:
    return Reply(body=json.dumps({"token": value, **more}).encode())


def guarded(content: Behaviour, tokens: Behaviour, *, scope: str = "repository:user/image:pull") -> Behaviour:
    """A registry with its own token service; the challenge's scope is GHCR's literal placeholder."""

    def behaviour(asked: Asked) -> Reply:
        if asked.path == "/token":
            return tokens(asked)
        if asked.authorization.startswith("Bearer good"):
            return content(asked)
        realm = f'Bearer realm="http://{asked.headers["host"]}/token",service="reg",scope="{scope}"'
        return errors(401, "UNAUTHORIZED", WWW_Authenticate=realm)

    return behaviour
