"""The tag phase of a release: its transitions as values, and what carries them out."""
