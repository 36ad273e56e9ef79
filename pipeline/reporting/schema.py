"""The JSON schema of run.json, made from the run model.

`python -m pipeline.reporting.schema > docs/reference/run.schema.json` writes it anew.
"""

import json
import sys

from pipeline.reporting.model import MODEL_VERSION, Run

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def show_schema() -> str:
    """The schema of what `read_run` takes, with a line end."""
    schema = {
        "$schema": _DIALECT,
        **Run.model_json_schema(),
        "title": f"run.json, version {MODEL_VERSION} of the run model",
    }
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(show_schema())
