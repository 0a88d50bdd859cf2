"""config.toml on the manager: read, joined with its secrets, checked, made live, compared with what is live."""
