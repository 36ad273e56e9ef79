"""What the Dagger functions do: each opens a fleet, plans, builds or asks, and answers with text or a run."""
