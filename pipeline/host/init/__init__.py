"""`pipeline init`: a starting fleet.toml and a workflow, from a directory of Dockerfiles."""
