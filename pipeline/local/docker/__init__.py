"""Docker Engine and its BuildKit, behind plain values. Knows nothing of GraphQL or of fleets."""
