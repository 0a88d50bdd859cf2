"""Stand-in for fleeting-plugin-aws: the program that gitlab-runner's docker-autoscaler manages a group with.

The real one talks gRPC to gitlab-runner; this one talks lines of JSON to the stand-in for gitlab-runner, and to AWS by
the calls in `recordings/fleeting_aws_calls.json`.
"""
