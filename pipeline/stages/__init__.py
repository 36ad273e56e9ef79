"""What touches the Dagger API: source, build, smoke, candidate, and the graph that joins them."""
