"""Who the manager and its workers are in IAM, and what they may do."""
