"""What stands in a Dockerfile, as BuildKit reads it: for planning and for the local engine."""
