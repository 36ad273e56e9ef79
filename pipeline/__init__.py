"""Build, smoke-test and publish a fleet of container images, as a Dagger module."""
