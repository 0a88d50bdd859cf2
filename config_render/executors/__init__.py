"""What distinguishes the executors of gitlab-runner, each in a folder of its own."""
