"""Public buildings: heat, electricity, gas and water. All of it is declared in manifest.toml."""
