"""What the settings become: config.toml, and what else the manager is told."""
