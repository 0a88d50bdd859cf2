"""A stand-in for gitlab-runner: its commands, files and calls to GitLab, without running any job's script."""
