"""The registry: the only state that runs share, and the only package that speaks HTTP."""
