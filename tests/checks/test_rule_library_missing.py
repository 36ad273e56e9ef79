import pytest
from sound_fleet import SoundFleet

INSTALL = "RUN apt-get update && apt-get install -y --no-install-recommends curl python3\n"


def install(fleet: SoundFleet, run: str) -> None:
    fleet.edit("lone/Dockerfile", "EXPOSE", f"{run}\nEXPOSE")


@pytest.mark.parametrize(
    ("package", "thing", "apt"),
    [
        ("opencv-python", "libGL.so.1 and libgthread-2.0.so.0", "libgl1 libglib2.0-0"),
        ("PyOpenGL==3.1.7", "libGL.so.1", "libgl1"),
        ("lightgbm", "libgomp.so.1", "libgomp1"),
        ("sounddevice>=0.4", "libportaudio.so.2", "libportaudio2"),
        ("python-magic", "libmagic.so.1", "libmagic1"),
        ("pyodbc", "libodbc.so.2", "libodbc2"),
        ("psycopg", "libpq.so.5", "libpq5"),
        ("pytesseract", "tesseract", "tesseract-ocr"),
        ("pydub", "ffmpeg", "ffmpeg"),
    ],
)
def test_nothing_installs_it(fleet: SoundFleet, package: str, thing: str, apt: str):
    install(fleet, f"RUN pip install '{package}'")
    assert fleet.found() == [("library-missing", "lone/Dockerfile", 4, "lone")]
    finding = fleet.lint()[0]
    assert finding.message.endswith(f" needs {thing}, which nothing installs")
    assert (
        finding.severity == ("error" if ".so." in thing else "warning")
        and finding.fix == f"apt-get install {apt}"
    )


@pytest.mark.parametrize(
    "package",
    ["opencv-python-headless", "soundfile", "psycopg2-binary", "psycopg[binary]", "flask", "faiss-cpu"],
)
def test_its_wheel_has_all(fleet: SoundFleet, package: str):
    install(fleet, f"RUN pip install {package}")
    assert fleet.found() == []


@pytest.mark.parametrize(
    "apt",
    [
        "apt-get install -y libgl1",
        "apt-get install -y libgl1t64",
        "apt-get install -y libgl1-mesa-glx",
        "apt-get install -y --no-install-recommends ffmpeg",
        "apt-get -y install libopencv-dev",
    ],
)
def test_apt_brings_it(fleet: SoundFleet, apt: str):
    install(fleet, f"RUN {apt} && pip install PyOpenGL")
    assert fleet.found() == []


def test_a_recommended_package_counts_only_with_recommends(fleet: SoundFleet):
    install(fleet, "RUN apt-get install -y python3-pip && pip install lightgbm")
    assert fleet.found() == []
    fleet.edit("lone/Dockerfile", "install -y python3-pip", "install -y --no-install-recommends python3-pip")
    assert [each[0] for each in fleet.found()] == ["library-missing"]
    fleet.edit(
        "lone/Dockerfile", "install -y --no-install-recommends", "install -o APT::Install-Recommends=0 -y"
    )
    assert [each[0] for each in fleet.found()] == ["library-missing"]


def test_a_family_brings_it(fleet: SoundFleet):
    fleet.edit("families/torch", "curl python3", "curl python3 libgl1 libglib2.0-0")
    install(fleet, "RUN pip install opencv-python")
    assert fleet.found() == []


def test_a_builders_apt_does_not_count(fleet: SoundFleet):
    run = "RUN apt-get install -y libgl1 && pip install --prefix=/install opencv-python"
    stage = f"FROM ${{BASE_IMAGE}} AS made\n{run}\n"
    fleet.edit("lone/Dockerfile", "FROM ${BASE_IMAGE}", f"{stage}FROM ${{BASE_IMAGE}}")
    assert fleet.found() == []
    install(fleet, "COPY --from=made /install /usr/local")
    assert fleet.found() == [("library-missing", "lone/Dockerfile", 3, "lone")]


def test_a_requirements_file_is_told_at_its_line(fleet: SoundFleet):
    fleet.write("speech/src/requirements.txt", "flask==3.0.0\n# for the camera\nopencv-python==4.10.0.84\n")
    fleet.edit("speech/Dockerfile", "EXPOSE", "RUN pip install -r /app/requirements.txt\nEXPOSE")
    assert fleet.found() == [("library-missing", "speech/src/requirements.txt", 3, "speech")]


def test_a_package_that_brings_one(fleet: SoundFleet):
    install(fleet, "RUN pip install ultralytics")
    assert [each.message for each in fleet.lint()] == [
        (
            "ultralytics brings opencv-python, which needs libGL.so.1 and libgthread-2.0.so.0, "
            "which nothing installs"
        )
    ]


def test_each_library_is_told_once(fleet: SoundFleet):
    install(fleet, "RUN pip install opencv-python opencv-contrib-python glcontext")
    assert [each.message.split(",")[0] for each in fleet.lint()] == [
        "glcontext needs libX11.so.6",
        "opencv-python needs libGL.so.1 and libgthread-2.0.so.0",
    ]


def test_a_family_whose_images_bring_it(fleet: SoundFleet):
    fleet.edit("families/torch", "USER", "RUN pip install lightgbm\nUSER")
    assert fleet.found() == [("library-missing", "families/torch", 5, "torch")]
    install(fleet, "RUN apt-get install -y libgomp1")
    assert [each[3] for each in fleet.found()] == ["torch"]
    fleet.edit("speech/Dockerfile", "EXPOSE", "RUN apt-get install -y libgomp1\nEXPOSE")
    assert fleet.found() == []


def test_a_published_family_that_does_not_promise_it(fleet: SoundFleet):
    fleet.publish()
    install(fleet, "RUN pip install pydub\nRUN pip install pyopengl")
    found = fleet.lint()
    assert [each.severity for each in found] == ["warning", "warning"]
    assert '; or, if torch has it, add "libGL.so.1" to libraries in [families.torch]' in found[1].fix
    assert 'if torch has it, add "ffmpeg" to programs in [families.torch]' in found[0].fix
    fleet.edit("fleet.toml", 'tag = "1"', 'tag = "1"\nlibraries = ["libGL.so.1"]')
    fleet.edit("fleet.toml", '"curl", ', '"curl", "ffmpeg", ')
    assert fleet.found() == []


@pytest.mark.parametrize("run", ["RUN conda install mesa-libgl", "RUN pip install .", "RUN make install"])
def test_where_more_may_be_installed_it_is_a_warning(fleet: SoundFleet, run: str):
    install(fleet, f"{run}\nRUN pip install opencv-python")
    assert [(each.rule, each.severity) for each in fleet.lint()] == [("library-missing", "warning")]


def test_a_library_that_is_copied(fleet: SoundFleet):
    install(fleet, "COPY --from=ghcr.io/x/gl:1 /lib/libGL.so.1 /usr/lib/\nRUN pip install pyopengl")
    assert fleet.found() == []


@pytest.mark.parametrize(("tag", "count"), [("3.11", 0), ("3.11-slim", 1)])
def test_what_a_python_image_has(fleet: SoundFleet, tag: str, count: int):
    fleet.edit(
        "fleet.toml", "[targets.pc]", f'[root]\nsource = "docker.io/library/python:{tag}"\n[targets.pc]'
    )
    install(fleet, "RUN pip install python-magic")
    assert len(fleet.found()) == count


def test_what_a_foreign_image_has_is_not_known(fleet: SoundFleet):
    fleet.edit("fleet.toml", "[targets.pc]", '[root]\nsource = "ghcr.io/example/base:1"\n[targets.pc]')
    install(fleet, "RUN pip install opencv-python pydub")
    assert fleet.found() == []


@pytest.mark.parametrize(
    ("run", "found"),
    [
        ("RUN sh /x/setup.sh", 0),
        ("RUN cd /x && ./setup.sh && rm setup.sh", 0),
        ("WORKDIR /x\nRUN bash -e setup.sh --all", 0),
        ("RUN sh /x/other.sh", 1),
    ],
)
def test_scripts_of_the_context_are_read(fleet: SoundFleet, run: str, found: int):
    fleet.write("lone/setup.sh", "#!/bin/sh\nset -e\napt-get update\napt-get install -y libgomp1\n")
    fleet.write("lone/other.sh", "#!/bin/sh\nsh /x/other.sh\n")
    install(fleet, f"COPY lone/*.sh /x/\n{run}\nRUN pip install lightgbm")
    assert [(each.rule, each.severity) for each in fleet.lint()] == [("library-missing", "warning")] * found


def test_only_images_on_a_family_count_for_it(fleet: SoundFleet):
    fleet.edit("families/llm", "FROM ${BASE_IMAGE}\n", "FROM ${BASE_IMAGE}\nRUN pip install lightgbm\n")
    assert fleet.found() == [("library-missing", "families/llm", 3, "llm")]
    install(fleet, "RUN apt-get install -y libgomp1")
    assert fleet.found() == []
