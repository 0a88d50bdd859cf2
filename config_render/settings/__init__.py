"""The tables of a stack file and of config.toml, each a model."""
