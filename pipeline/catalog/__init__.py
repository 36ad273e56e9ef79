"""fleet.toml -> validated models; references, tags and settings."""
