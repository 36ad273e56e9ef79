"""`pipeline gate`, `report` and `reproduce`: a run that is over, shown or repeated from its ``run.json``."""
