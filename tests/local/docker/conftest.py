"""Examples of these tests may take long on a busy machine: what they test is not time."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
