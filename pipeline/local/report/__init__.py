"""`pipeline gate` and `pipeline report`: a run that is over, shown again from its ``run.json``."""
