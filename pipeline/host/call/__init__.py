"""`pipeline call`: what `dagger call` does, by reflection on the module's class, without a Dagger engine."""
