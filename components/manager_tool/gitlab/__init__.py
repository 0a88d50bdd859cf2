"""GitLab, asked from the manager: its API, the runners' tokens, and the way there."""
