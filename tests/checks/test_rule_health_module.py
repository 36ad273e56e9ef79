import pytest
from sound_fleet import SoundFleet

CURL = 'CMD ["curl", "-f", "http://localhost:8008/health"]'


def ask(fleet: SoundFleet, code: str, run: str = "") -> None:
    fleet.edit("lone/Dockerfile", CURL, f'CMD python3 -c "{code}"')
    fleet.edit("lone/Dockerfile", "EXPOSE", f"{run}\nEXPOSE" if run else "EXPOSE")


@pytest.mark.parametrize(
    "code",
    [
        "import requests",
        "import sys, requests",
        "from requests import get",
        "import requests.sessions as s",
        "if 1: import requests",
    ],
)
def test_nothing_installs_it(fleet: SoundFleet, code: str):
    ask(fleet, code)
    assert fleet.found() == [("health-module", "lone/Dockerfile", 5, "lone")]
    assert "imports requests, which nothing installs" in fleet.lint()[0].message
    assert fleet.lint()[0].severity == "error" and fleet.lint()[0].fix.startswith("install requests")


@pytest.mark.parametrize(
    "code", ["import urllib.request, json", "from . import x", "not python", "", "import\\0", "'requests'"]
)
def test_python_has_it(fleet: SoundFleet, code: str):
    ask(fleet, code)
    assert fleet.found() == []


@pytest.mark.parametrize(
    ("module", "run"),
    [
        ("requests", "RUN pip install requests"),
        ("requests", "RUN python3 -m pip install --no-cache-dir 'requests>=2,<3'"),
        ("requests", "RUN uv pip install --system requests==2.32.0"),
        ("requests", "RUN apt-get install -y python3-requests"),
        ("requests", "COPY lone/needs.txt /tmp/\nRUN pip install -r /tmp/needs.txt"),
        ("requests", "WORKDIR /x\nCOPY lone/needs.txt .\nRUN pip install -r needs.txt"),
        ("requests", "COPY lone/needs.txt /x/\nRUN cd /x && pip3 install -r needs.txt"),
        ("requests", "RUN --mount=type=bind,source=lone,target=/m pip install -r /m/needs.txt"),
        ("requests", "RUN --mount=source=lone/needs.txt,target=/n.txt pip install -r /n.txt"),
        ("requests", "COPY <<EOF /n.txt\n# x\nrequests # y\nEOF\nRUN pip install -r /n.txt"),
        ("yaml", "RUN pip install PyYAML"),
        ("psycopg2", "RUN pip install psycopg2_binary"),
        ("grpc", "RUN pip install grpcio"),
        ("requests", "COPY lone/requests /app/requests"),
    ],
)
def test_something_installs_it(fleet: SoundFleet, module: str, run: str):
    fleet.write("lone/needs.txt", "--index-url https://example.org/simple\n-r more.txt\n")
    fleet.write(
        "lone/more.txt", "flask[async]==3.0 \\\n  --hash=sha256:0\nrequests ; python_version > '3.8'\n"
    )
    fleet.write("lone/requests/__init__.py", "")
    (fleet.root / "lone/requests").chmod(0o755)
    ask(fleet, f"import {module}", run)
    assert fleet.found() == []


@pytest.mark.parametrize(
    "run", ["RUN pip install flask", "RUN pip install -e .", "RUN pip install -r missing.txt"]
)
def test_where_it_may_come_along_it_is_a_warning(fleet: SoundFleet, run: str):
    ask(fleet, "import requests", run)
    assert [(each.rule, each.severity) for each in fleet.lint()] == [("health-module", "warning")]
    assert "it may come along" in fleet.lint()[0].message


def test_a_virtual_environment_of_a_builder(fleet: SoundFleet):
    stage = "FROM ${BASE_IMAGE} AS made\nRUN /opt/venv/bin/pip install requests\n"
    fleet.edit("lone/Dockerfile", "FROM ${BASE_IMAGE}", f"{stage}FROM ${{BASE_IMAGE}}")
    ask(fleet, "import requests", "COPY --from=made /opt/venv /opt/venv")
    assert fleet.found() == []
    fleet.edit("lone/Dockerfile", "/opt/venv /opt/venv", "/opt/tool /opt/tool")
    assert [each[0] for each in fleet.found()] == ["health-module"]


def test_in_a_script_of_the_context(fleet: SoundFleet):
    fleet.write("lone/check.py", "import json\nimport httpx, main\n")
    fleet.edit("lone/Dockerfile", CURL, 'CMD ["python3", "/app/check.py"]')
    assert fleet.found() == [("health-module", "lone/Dockerfile", 5, "lone")]
    assert "imports httpx" in fleet.lint()[0].message
    fleet.write("lone/check.py", "import main\n")
    assert fleet.found() == []


def test_a_published_family_may_have_it(fleet: SoundFleet):
    ask(fleet, "import requests")
    fleet.publish()
    assert fleet.found() == []


def test_told_once_for_an_inherited_check(fleet: SoundFleet):
    fleet.edit("families/torch", "USER", "HEALTHCHECK --start-period=9s CMD python3 -c 'import httpx'\nUSER")
    for path in ("speech/Dockerfile", "lone/Dockerfile"):
        fleet.edit(path, "HEALTHCHECK", "# HEALTHCHECK")
    assert [each[:3] for each in fleet.found()] == [("health-module", "families/torch", 5)]


def test_a_script_whose_text_is_not_known(fleet: SoundFleet):
    fleet.edit("lone/Dockerfile", CURL, "CMD python3 /opt/check.py")
    assert [each[0] for each in fleet.found()] == ["health-script"]
    fleet.edit("lone/Dockerfile", "EXPOSE", "COPY --from=ghcr.io/x/y:1 /opt /opt\nEXPOSE")
    assert fleet.found() == []


def test_a_shell_script_imports_nothing(fleet: SoundFleet):
    fleet.write("lone/check.sh", "import requests\n")
    fleet.edit("lone/Dockerfile", CURL, "CMD sh /app/check.sh")
    fleet.edit("lone/Dockerfile", "EXPOSE", "COPY lone/check.sh /app/\nEXPOSE")
    assert fleet.found() == []
