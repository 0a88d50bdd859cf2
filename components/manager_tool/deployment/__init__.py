"""The steps of a deployment on the manager: what is installed, and the config.toml that becomes live."""
