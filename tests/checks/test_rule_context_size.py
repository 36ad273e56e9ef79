from sound_fleet import SoundFleet


def write_large(fleet: SoundFleet, path: str, size: int) -> None:
    fleet.write(path, "")
    with (fleet.root / path).open("r+b") as file:
        file.truncate(size)


def test_more_than_the_bound(fleet: SoundFleet):
    write_large(fleet, "speech/src/model.bin", 100_000_001)
    assert fleet.found() == [("context-size", "speech/Dockerfile", 7, "speech")]
    assert fleet.lint()[0].severity == "warning"
    assert "the largest is speech/src/model.bin (100 MB)" in fleet.lint()[0].message


def test_many_files_count_together_and_each_once(fleet: SoundFleet):
    for number in range(3):
        write_large(fleet, f"speech/src/{number}.bin", 40_000_000)
    assert [each[0] for each in fleet.found()] == ["context-size"]
    fleet.edit(
        "speech/Dockerfile",
        "COPY src /app/",
        "COPY src/main.py src/0.bin src/1.bin /app/\nCOPY src/0.bin /again/",
    )
    assert fleet.found() == []


def test_what_is_ignored_or_not_copied_does_not_count(fleet: SoundFleet):
    write_large(fleet, "speech/src/model.bin", 200_000_000)
    write_large(fleet, "speech/other.bin", 200_000_000)
    fleet.write("speech/.dockerignore", "**/*.bin\n!other.bin\n")
    assert fleet.found() == []


def test_the_bound_is_the_catalogs(fleet: SoundFleet):
    fleet.edit("fleet.toml", 'organisation = "example"', 'organisation = "example"\ncontext_limit_mb = 300')
    write_large(fleet, "speech/src/model.bin", 299_000_000)
    assert fleet.found() == []
    fleet.edit("fleet.toml", "context_limit_mb = 300", "context_limit_mb = 1")
    assert "over context_limit_mb = 1" in fleet.lint()[0].message


def test_just_the_bound_is_allowed(fleet: SoundFleet):
    write_large(fleet, "speech/src/model.bin", 100_000_000)
    assert fleet.found() == []
