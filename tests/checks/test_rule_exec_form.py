import pytest
from sound_fleet import SoundFleet

CMD = 'CMD ["python3", "/app/main.py"]'


@pytest.mark.parametrize(
    "line",
    [
        "CMD ['python3', '/app/main.py']",
        "CMD [python3, /app/main.py]",
        'CMD ["python3", "/app/main.py"',
        'CMD ["python3" "/app/main.py"]',
        'CMD ["python3", "/app/main.py"] --debug',
        'CMD ["python3", "/app/main.py",]',
        "ENTRYPOINT [ 'exec' ]",
        "CMD [\u201cpython3\u201d]",
        "RUN ['true']",
        "COPY ['src', '/app/']",
    ],
)
def test_brackets_that_are_no_json(fleet: SoundFleet, line: str):
    number = fleet.line("speech/Dockerfile", CMD)
    fleet.edit("speech/Dockerfile", CMD, line)
    assert ("exec-form", "speech/Dockerfile", number, "speech") in fleet.found()


def test_of_a_health_check(fleet: SoundFleet):
    fleet.edit("lone/Dockerfile", '["curl", "-f", "http://localhost:8008/health"]', "['curl', '-f']")
    assert "exec-form" in [each[0] for each in fleet.found()]


@pytest.mark.parametrize(
    "line",
    [CMD, 'CMD [ "a" , "b" ]', "RUN [ -f /x ] && true", "RUN [ -n x -a y ] || [[ 1 ]]", "CMD exec [ -f /x ]"],
)
def test_json_and_tests_of_a_shell(fleet: SoundFleet, line: str):
    fleet.edit("speech/Dockerfile", CMD, line)
    assert "exec-form" not in [each[0] for each in fleet.found()]


def test_a_long_one_is_cut(fleet: SoundFleet):
    fleet.edit("speech/Dockerfile", CMD, f"RUN ['{'x' * 100}']\n{CMD}")
    assert [each.message for each in fleet.lint()] == [f"RUN begins with [ and is no JSON: ['{'x' * 58}"]
