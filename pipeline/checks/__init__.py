"""Lint rules, one small function each, and their views."""
