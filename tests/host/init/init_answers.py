"""What a person fills in after `pipeline init` on the reference fleet: all of it, and nothing else."""

# the table, what stands there, what the person writes
ANSWERS = (
    ("fleet", "organisation", "your-org", "example"),
    ("families.family-torch-cu121", "base", "base-gpu-cu121", "base-gpu-cu121"),  # the guess is right
    ("images.affective_processing_center", "family", "base-gpu-cu121", "family-torch-cu121"),
    ("images.coordination", "family", "base-gpu-cu121", "family-llm-cu121"),
    ("images.emotion_system", "family", "base-gpu-cu121", "family-torch-cu121"),
    ("images.reasoning_suite", "family", "base-gpu-cu121", "family-llm-cu121"),
    ("images.speech_pipeline", "family", "base-gpu-cu121", "family-torch-cu121"),
    ("images.vision_suite", "family", "base-gpu-cu121", "family-vision-cu121"),
    ("images.model_ops_coordinator", "family", "base-gpu-cu121", "family-llm-cu121"),
    ("images.real_time_audio_pipeline", "family", "base-gpu-cu121", "family-torch-cu121"),
)
# Marked in the file as well, but not needed to build: further services of the two suites, and the target.
MAY_BE_LEFT = (
    "its other commands, if these are such: files that name a port which it EXPOSEs",
    "its other commands, if these are such: files that name a port which it EXPOSEs",
    "the machine that it is deployed to: its driver is checked against CUDA 12.1",
)


def fill_in(text: str) -> str:
    """The catalog with the answers: each replaces the value on a line that is marked."""
    rows = text.splitlines()
    for table, key, guess, answer in ANSWERS:
        start = rows.index(f"[{table}]")
        line = next(n for n, row in enumerate(rows[start:], start) if row.startswith(f"{key} = "))
        assert rows[line].startswith(f'{key} = "{guess}"  # fill in: '), rows[line]
        rows[line] = f'{key} = "{answer}"'
    return "\n".join(rows) + "\n"
