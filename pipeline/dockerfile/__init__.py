"""A Dockerfile's lines and words, as BuildKit reads them: for planning and for the local engine."""
