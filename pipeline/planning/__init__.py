"""Dockerfile reading, build keys, test keys, and the ordered and explained plan."""
