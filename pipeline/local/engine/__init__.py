"""The Dagger API on Docker Engine, for the unmodified dagger-io client: `server.serving`."""
