"""What tells the executors of gitlab-runner from each other, each in a folder of its own."""
