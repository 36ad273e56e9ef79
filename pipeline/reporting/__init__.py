"""The run model and its views. Each view is made from a `Run` alone."""
