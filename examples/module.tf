# A call of the Terraform module, to try `from-tfvars` with: docs/from-cattle-ops.md
module "runner" {
  source  = "cattle-ops/gitlab-runner/aws"
  version = "9.5.0"

  environment = "ci"
  vpc_id      = module.vpc.vpc_id
  subnet_id   = "subnet-0123456789abcdef0"

  runner_manager  = { maximum_concurrent_jobs = 10 }
  runner_instance = { name = "ci", type = "t3.small" }
  runner_gitlab = {
    url                                           = "https://gitlab.example.com"
    preregistered_runner_token_ssm_parameter_name = "/ci/runner-token"
  }
  runner_worker_docker_machine_instance      = { types = ["m6i.large", "m5.large"], destroy_after_max_builds = 1 }
  runner_worker_docker_machine_instance_spot = { max_price = "0.07" }
}
