"""Smoke tests: one service of an image, held against what the catalog says; from inside, or from beside."""
