"""The tables of the settings as a program writes them: dicts, whose keys and values type checkers know.

Made by `make schema`; dicts.py is what programs load.
"""

from typing import Any, Literal, NotRequired, TypedDict

class AlarmsDict(TypedDict):
    """CloudWatch alarms of the manager."""

    topicArn: str
    """ARN of the SNS topic that is told."""
    cpuPercent: NotRequired[int]
    """CPU load in percent, over 15 minutes, from which it is told. Default: 90."""
    memoryPercent: NotRequired[int]
    """Use of memory in percent, over 15 minutes, from which it is told. Default: 90."""
    spotFailures: NotRequired[int]
    """Failed creations of machines in 10 minutes from which it is told. Default: 5."""

class ArtifactDict(TypedDict):
    """`[runners.artifact]`: the upload of artifacts."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    upload_timeout: NotRequired[str]
    """How long an upload may take; 1h if left out."""
    response_header_timeout: NotRequired[str]
    """How long to wait for GitLab's answer after it; 10m if left out."""

class AutoscalerKeysDict(TypedDict):
    """`[runners.autoscaler]`, in the order of GitLab's reference. What is refused here follows from other settings."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    capacity_per_instance: NotRequired[int]
    """Jobs that run on one machine at a time. Default: 1."""
    max_use_count: NotRequired[int]
    """Jobs after which a machine is replaced; machine.MaxBuilds says the same."""
    connector_config: NotRequired[ConnectorConfigDict]
    """How the manager reaches a worker."""
    policy: NotRequired[list[PolicyDict]]
    """How many jobs find room at once, and when; instead of the numbers under machine."""
    instance_ready_command: NotRequired[str]
    """What must succeed on a new machine before it takes jobs; by default Docker answers."""
    instance_acquire_timeout: NotRequired[str]
    """How long a job waits for a machine before it fails; 15m if left out."""
    update_interval: NotRequired[str]
    """How often AWS is asked for the group's machines; 1m if left out."""
    update_interval_when_expecting: NotRequired[str]
    """The same while machines start or go; 2s if left out."""
    deletion_retry_interval: NotRequired[str]
    """Pause before the end of an instance that did not end is asked for again; 1m if left out."""
    shutdown_deletion_interval: NotRequired[str]
    """Pause between looks at instances that end while gitlab-runner stops; 10s if left out."""
    shutdown_deletion_retries: NotRequired[int]
    """How often their end is asked for then; 3 if left out."""
    failure_threshold: NotRequired[int]
    """Failed signs of life after which a machine is replaced."""
    scale_throttle: NotRequired[ScaleThrottleDict]
    """How fast instances are asked for."""
    reservation_throttling: NotRequired[bool]
    """Whether taskscaler throttles reservations of workers; true if left out."""
    log_internal_ip: NotRequired[bool]
    """Whether job logs show the machine's address."""
    log_external_ip: NotRequired[bool]
    """Whether job logs show the machine's public address."""
    delete_instances_on_shutdown: NotRequired[bool]
    """Whether a stop of gitlab-runner removes all machines."""
    state_storage: NotRequired[StateStorageDict]
    """What a restart of gitlab-runner knows of its workers."""
    instance_operation_time_buckets: NotRequired[list[float]]
    """Seconds at which the metric of calls to AWS is divided."""
    instance_creation_time_buckets: NotRequired[list[float]]
    """Seconds at which the metric of instances' creation is divided."""
    instance_is_running_time_buckets: NotRequired[list[float]]
    """Seconds at which the metric of instances' start is divided."""
    instance_deletion_time_buckets: NotRequired[list[float]]
    """Seconds at which the metric of instances' end is divided."""
    instance_readiness_time_buckets: NotRequired[list[float]]
    """Seconds at which the metric of instances' readiness is divided."""
    instance_life_duration_buckets: NotRequired[list[float]]
    """Seconds at which the metric of instances' age is divided."""

class AutoscalingDict(TypedDict):
    """`[[runners.machine.autoscaling]]`: other numbers during some periods; the last one that matches wins.

    A period inherits nothing from `[runners.machine]`, so what it does not say is written out with the same
    defaults: left out, IdleTime would be 0 and each machine would go right after its job."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    Periods: list[str]
    """When it holds, in seven fields: second minute hour day-of-month month day-of-week year."""
    Timezone: NotRequired[str]
    """Time zone of the periods, such as Europe/Berlin."""
    IdleCount: NotRequired[int]
    """Machines that wait for jobs. Default: 0."""
    IdleScaleFactor: NotRequired[float]
    """Waiting machines as a multiple of those in use."""
    IdleCountMin: NotRequired[int]
    """Least number of waiting machines with IdleScaleFactor."""
    IdleTime: NotRequired[int]
    """Seconds that a spare machine waits. Default: 1800."""

class BastionDict(TypedDict):
    """A host through which the manager is reached by SSH."""

    host: str
    """Address or name of the bastion."""
    port: NotRequired[int]
    """Port of its SSH server. Default: 22."""
    user: NotRequired[str]
    """User to log in as. Default: ubuntu."""
    hostKey: str
    """Its public SSH host key: ssh-keyscan -t ed25519 HOST."""
    privateKey: str
    """A secret's name, such as <secret:bastionKey>."""

class BootVerifyDict(TypedDict):
    """`[runners.experimental.boot_verify]`: a job of its own that the runner tries at its start."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    enabled: NotRequired[bool]
    """Whether the runner tries a job at its start."""
    timeout: NotRequired[str]
    """How long that job may take; 5m if left out."""
    acquire_min_backoff: NotRequired[str]
    """First pause between attempts to get a worker for it; 1s if left out."""
    acquire_max_backoff: NotRequired[str]
    """Longest such pause; 10s if left out."""

class BreakerSettingsDict(TypedDict):
    """When machines are no longer made at a placement, a zone with an instance type, and for how long."""

    enabled: NotRequired[bool]
    """Whether machines are made at the pool's next placement for a while where they can't be created. Default: true."""
    failures: NotRequired[int]
    """Creations of machines at one placement that have to fail in a row. Default: 5."""
    minutes: NotRequired[int]
    """Minutes within which they have to. Default: 10."""
    coolDownMinutes: NotRequired[int]
    """Minutes until one machine is tried there again. Default: 15."""

class CacheAzureDict(TypedDict):
    """`[runners.cache.azure]`: a container of Azure's blob storage."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    AccountName: str
    """The storage account."""
    AccountKey: NotRequired[str]
    """A secret's name, such as <secret:azureKey>."""
    ContainerName: str
    """The container."""
    StorageDomain: NotRequired[str]
    """Domain of Azure's storage; blob.core.windows.net if left out."""

class CacheGcsDict(TypedDict):
    """`[runners.cache.gcs]`: a bucket of Google's."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    AccessID: NotRequired[str]
    """E-mail address of the service account, beside PrivateKey."""
    PrivateKey: NotRequired[str]
    """A secret's name, such as <secret:gcsKey>."""
    CredentialsFile: NotRequired[str]
    """Path on the manager of a JSON key file."""
    BucketName: str
    """The bucket."""
    UniverseDomain: NotRequired[str]
    """Domain of Google's API; googleapis.com if left out."""

class CacheS3Dict(TypedDict):
    """`[runners.cache.s3]`, in the order of GitLab's reference."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    ServerAddress: NotRequired[str]
    """By default Amazon's; or another S3-compatible server's, which needs BucketName too."""
    AccessKey: NotRequired[str]
    """A secret's name, such as <secret:cacheKeyId>."""
    SecretKey: NotRequired[str]
    """A secret's name, such as <secret:cacheKey>."""
    SessionToken: NotRequired[str]
    """A secret's name, such as <secret:cacheSession>."""
    BucketName: NotRequired[str]
    """An existing bucket; without it one is made."""
    BucketLocation: NotRequired[str]
    """Region of BucketName; by default the stack's own."""
    Insecure: NotRequired[bool]
    """Whether the server is asked by HTTP, without TLS."""
    AuthenticationType: NotRequired[Literal["iam", "access-key"]]
    """iam: by the manager's instance profile; access-key: with AccessKey and SecretKey, if they are set."""
    ServerSideEncryption: NotRequired[Literal["S3", "AES256", "KMS", "aws:kms", "DSSE-KMS", "aws:kms:dsse"]]
    """Encryption that gitlab-runner asks for at uploads; the stack's own bucket encrypts without it."""
    ServerSideEncryptionKeyID: NotRequired[str]
    """ARN of the KMS key for that; of the stack's own bucket, set kmsKey."""
    DualStack: NotRequired[bool]
    """Whether S3 is reached by addresses that have IPv6 too; true if left out."""
    PathStyle: NotRequired[bool]
    """Whether the bucket's name is in the path of addresses, as some other servers need it."""
    Accelerate: NotRequired[bool]
    """Whether S3 Transfer Acceleration is used, which a bucket must have."""
    RoleARN: NotRequired[str]
    """Role assumed for objects, which may then be larger than 5 GB."""
    AssumeRoleMaxConcurrency: NotRequired[int]
    """Requests for RoleARN's credentials at a time; 5 if left out, -1 for no limit."""
    DisableAssumeRoleCredentialsCaching: NotRequired[bool]
    """Whether credentials of RoleARN are asked for anew with each job."""

class CacheSettingsDict(TypedDict):
    """The cache's settings: those of config.toml, and those of the bucket."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    Type: NotRequired[Literal["s3", "gcs", "azure"]]
    """s3 is the stack's own bucket, or an existing one; gcs and azure are existing ones. Default: s3."""
    Path: NotRequired[str]
    """Prefix of the objects in the bucket."""
    Shared: NotRequired[bool]
    """Whether pools find each other's objects. Default: true."""
    MaxUploadedArchiveSize: NotRequired[int]
    """Largest cache archive in bytes."""
    s3: NotRequired[CacheS3Dict]
    """The stack's own bucket."""
    gcs: NotRequired[CacheGcsDict]
    """With Type gcs: the bucket."""
    azure: NotRequired[CacheAzureDict]
    """With Type azure: the container."""
    expireDays: NotRequired[int]
    """Days after which a cached object is deleted. Default: 14."""
    kmsKey: NotRequired[str]
    """ARN of the KMS key that encrypts the bucket; S3's own keys do without it."""
    uploadRole: NotRequired[bool]
    """Whether a role is made for uploads and downloads in parts, which caches over 5 GB need. Default: false."""
    forceDestroy: NotRequired[bool]
    """Whether `pulumi destroy` may delete the bucket while there are objects in it. Default: false."""

class ConnectorConfigDict(TypedDict):
    """`[runners.autoscaler.connector_config]`: how the manager reaches a worker."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    protocol_port: NotRequired[int]
    """Port of the workers' SSH server; 22 if left out."""
    username: NotRequired[str]
    """User of the image that the manager logs in as; it is put into the group docker. Default: ubuntu."""
    keepalive: NotRequired[str]
    """Pause between signs of life; 30s if left out."""
    timeout: NotRequired[str]
    """How long to try to reach a worker; 10m if left out."""
    use_external_addr: NotRequired[bool]
    """Whether the manager uses public addresses."""

class CreateRunnerDict(TypedDict):
    """A runner that the manager creates in GitLab, with accessToken, and that goes when the stack is destroyed.

    https://docs.gitlab.com/api/users/#create-a-runner-linked-to-a-user"""

    runnerType: Literal["instance_type", "group_type", "project_type"]
    """Whose jobs it takes: everybody's, a group's or a project's."""
    groupId: NotRequired[int]
    """Id of the group, with group_type."""
    projectId: NotRequired[int]
    """Id of the project, with project_type."""
    each: NotRequired[Literal["deployment", "pool", "entry"]]
    """Whether one runner is for all pools, each pool has its own, or each zone and instance type of a pool has, so
    that the pool's machines are spread over them. Default: deployment."""
    description: NotRequired[str]
    """What GitLab calls it; by default the stack's name and the component's."""
    tags: NotRequired[list[str]]
    """Tags of the jobs that it takes."""
    runUntagged: NotRequired[bool]
    """Whether it takes jobs without tags. Default: true."""
    locked: NotRequired[bool]
    """Whether it stays with its project. Default: false."""
    paused: NotRequired[bool]
    """Whether GitLab gives it no jobs. Default: false."""
    accessLevel: NotRequired[Literal["not_protected", "ref_protected"]]
    """Whether it takes all jobs, or those of protected branches and tags alone. Default: not_protected."""
    maximumTimeout: NotRequired[int]
    """Seconds that a job may take."""
    maintenanceNote: NotRequired[str]
    """A note for GitLab's administrators."""

class CustomBuildDirDict(TypedDict):
    """`[runners.custom_build_dir]`."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    enabled: NotRequired[bool]
    """Whether jobs may set GIT_CLONE_PATH."""

class DockerDict(TypedDict):
    """`[runners.docker]`. Where GitLab's own default is meant, the key is left out."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    hostname: NotRequired[str]
    """Host name within the job's container."""
    image: NotRequired[str]
    """Image of jobs that name none. Default: alpine."""
    runtime: NotRequired[str]
    """Container runtime of the machine's Docker, such as nvidia."""
    memory: NotRequired[str]
    """Most memory of a job's container, such as 2g; at least 4m."""
    memory_swap: NotRequired[str]
    """Most memory and swap together."""
    memory_reservation: NotRequired[str]
    """Memory that a container is pushed back to when the machine runs short of it."""
    cgroup_parent: NotRequired[str]
    """Control group that containers are put under."""
    cpuset_cpus: NotRequired[str]
    """Processors that a container may use, such as 0-3."""
    cpuset_mems: NotRequired[str]
    """Memory nodes (NUMA) that a container may use, such as 0,1."""
    cpus: NotRequired[str]
    """Most processors' time of a container, such as 1.5."""
    cpu_shares: NotRequired[int]
    """Weight of a container when processors are short; Docker's own is 1024."""
    dns: NotRequired[list[str]]
    """Name servers of containers."""
    dns_search: NotRequired[list[str]]
    """Domains in which containers look for short names."""
    privileged: NotRequired[bool]
    """Whether jobs get all rights over their worker, which docker-in-docker needs."""
    services_privileged: NotRequired[bool]
    """The same for services; as for jobs if left out."""
    disable_entrypoint_overwrite: NotRequired[bool]
    """Whether jobs may not change an image's entrypoint."""
    user: NotRequired[str]
    """User that a job's commands run as, by name or UID."""
    allowed_users: NotRequired[list[str]]
    """Users that jobs may choose, by name or UID; all if neither this nor user is set."""
    group_add: NotRequired[list[str]]
    """Further groups of the user in the container."""
    userns_mode: NotRequired[str]
    """User namespace; host turns off a mapping that dockerd has."""
    cap_add: NotRequired[list[str]]
    """Linux capabilities that containers get, such as NET_ADMIN."""
    cap_drop: NotRequired[list[str]]
    """Linux capabilities that containers lose."""
    oom_kill_disable: NotRequired[bool]
    """Whether a container is not killed when it runs out of memory."""
    oom_score_adjust: NotRequired[int]
    """How readily a container's processes are killed when memory is short; more is sooner."""
    security_opt: NotRequired[list[str]]
    """Security options of jobs' containers, as docker run has them, such as no-new-privileges:true."""
    services_security_opt: NotRequired[list[str]]
    """The same for services."""
    devices: NotRequired[list[str]]
    """Devices of the machine for jobs, such as /dev/kvm."""
    device_cgroup_rules: NotRequired[list[str]]
    """Rules on devices that appear later, such as c 81:* rmw."""
    gpus: NotRequired[str]
    """GPUs for jobs, as docker run has it: all, or device=0."""
    services_devices: NotRequired[dict[str, list[str]]]
    """Devices for services, as lists by a pattern of the service's image."""
    disable_cache: NotRequired[bool]
    """Whether to do without a cache on the workers' own disks. Default: true."""
    volumes: NotRequired[list[str]]
    """Volumes of jobs' containers, such as /cache or /etc/ssl/certs:/etc/ssl/certs:ro."""
    volume_keep: NotRequired[bool]
    """Whether volumes are left on the machine when a job's containers go."""
    volume_driver: NotRequired[str]
    """Volume driver of the machine's Docker."""
    volume_driver_ops: NotRequired[dict[str, str]]
    """Options of that driver."""
    cache_dir: NotRequired[str]
    """Where on the machine caches are, with disable_cache: false."""
    extra_hosts: NotRequired[list[str]]
    """Further lines of /etc/hosts in containers, as name:address."""
    volumes_from: NotRequired[list[str]]
    """Containers whose volumes jobs get too."""
    network_mode: NotRequired[str]
    """Docker network of containers, such as host or a network's name."""
    pid_mode: NotRequired[str]
    """PID namespace; host shows jobs the processes of the machine."""
    ipcmode: NotRequired[str]
    """IPC namespace, such as host."""
    mac_address: NotRequired[str]
    """MAC address of a job's container."""
    links: NotRequired[list[str]]
    """Other containers that jobs reach by name, as container:alias."""
    services: NotRequired[list[ServiceDict]]
    """Containers beside that of every job, such as a database or docker:dind."""
    services_limit: NotRequired[int]
    """Most services of a job; -1 for no limit, which is GitLab's own."""
    service_memory: NotRequired[str]
    """Most memory of a service's container."""
    service_memory_swap: NotRequired[str]
    """Most memory and swap together, of a service."""
    service_memory_reservation: NotRequired[str]
    """Memory that a service is pushed back to when the machine runs short of it."""
    service_cgroup_parent: NotRequired[str]
    """Control group that services are put under."""
    service_slot_cgroup_template: NotRequired[str]
    """Name of that group with use_slot_cgroups, where ${slot} is the job's slot."""
    service_cpuset_cpus: NotRequired[str]
    """Processors that a service may use."""
    service_cpus: NotRequired[str]
    """Most processors' time of a service."""
    service_cpu_shares: NotRequired[int]
    """Weight of a service when processors are short."""
    service_gpus: NotRequired[str]
    """GPUs for services."""
    wait_for_services_timeout: NotRequired[int]
    """Seconds to wait until services answer; 30 if left out, -1 not to wait."""
    allowed_images: NotRequired[list[str]]
    """Patterns of the images that jobs may name; all if left out."""
    allowed_privileged_images: NotRequired[list[str]]
    """Patterns of the images whose containers are privileged; all if left out."""
    allowed_privileged_services: NotRequired[list[str]]
    """Patterns of the services that are privileged; all if left out."""
    allowed_pull_policies: NotRequired[list[Literal["always", "if-not-present", "never"]]]
    """Pull policies that jobs may choose; those of pull_policy if left out."""
    allowed_services: NotRequired[list[str]]
    """Patterns of the services that jobs may name; all if left out."""
    pull_policy: NotRequired[
        Literal["always", "if-not-present", "never"] | list[Literal["always", "if-not-present", "never"]]
    ]
    """When images are pulled; of a list, each is tried after the one before has failed."""
    isolation: NotRequired[str]
    """Isolation of Windows containers; workers run Linux."""
    shm_size: NotRequired[int]
    """Size of /dev/shm in bytes; Docker's own is 64 MiB."""
    tmpfs: NotRequired[dict[str, str]]
    """Paths in memory for jobs' containers, with mount options such as rw,noexec."""
    services_tmpfs: NotRequired[dict[str, str]]
    """The same for services."""
    sysctls: NotRequired[dict[str, str]]
    """Kernel parameters of a container, by name."""
    helper_image: NotRequired[str]
    """Image that fetches sources, caches and artifacts, in place of GitLab's own."""
    helper_image_flavor: NotRequired[str]
    """Which of GitLab's own helper images; alpine if left out."""
    container_labels: NotRequired[dict[str, str]]
    """Further labels of the containers; variables of the job are filled in."""
    enable_ipv6: NotRequired[bool]
    """Whether a job's own network has IPv6, with FF_NETWORK_PER_BUILD."""
    ulimit: NotRequired[dict[str, str]]
    """Limits of processes, as docker run has them, such as nofile: 4096."""
    network_mtu: NotRequired[int]
    """MTU of a job's own network, with FF_NETWORK_PER_BUILD."""
    log_options: NotRequired[dict[str, str]]
    """What Docker's json-file log notes of a container: env and labels."""

class DockerEngineDict(TypedDict):
    """Which Docker Engine is installed, and from where; leaving the setting out later removes nothing."""

    version: str
    """Version of Docker Engine to install, such as 28.2.2."""
    url: NotRequired[str]
    """Where the packages are: Docker's own site, or a mirror laid out like it. Default: https://download.docker.com."""
    keyFingerprint: NotRequired[str]
    """Fingerprint of the OpenPGP key that signs the packages; by default Docker's own."""

class DockerMachineProgramDict(TypedDict):
    """Which docker-machine is installed, and from where."""

    fork: NotRequired[Literal["gitlab", "cki"]]
    """Whose docker-machine: GitLab's, or that of the CKI project, which knows EC2 fleets. Default: gitlab."""
    version: NotRequired[str]
    """Version to install; by default 0.16.2-gitlab.48, or the fork's newest."""
    url: NotRequired[str]
    """Where to download from: the fork's own site by default, or a mirror laid out like it."""
    sha256: NotRequired[str]
    """Checksum of the program for the manager's architecture; by default the one in release.sha256 beside it; the
    CKI project has none."""

_DriverOptionsOthers = TypedDict(
    "_DriverOptionsOthers",
    {
        # A secret's name, such as <secret:awsKeyId>; by default the manager's instance profile serves.
        "amazonec2-access-key": NotRequired[str],
        # A secret's name, such as <secret:awsKey>.
        "amazonec2-secret-key": NotRequired[str],
        # A secret's name; it is never renewed, so machines can't be removed once it has expired.
        "amazonec2-session-token": NotRequired[str],
        # Another VPC than the stack's.
        "amazonec2-vpc-id": NotRequired[str],
        # Suffix of the subnet's zone.
        "amazonec2-zone": NotRequired[str],
        # Another subnet than the stack's.
        "amazonec2-subnet-id": NotRequired[str],
        # Whether docker-machine leaves the group's rules alone; else it opens ports to the whole internet. Default:
        # true.
        "amazonec2-security-group-readonly": NotRequired[bool],
        # Names of further security groups, not their ids.
        "amazonec2-security-group": NotRequired[list[str]],
        # Ports to open to the whole internet.
        "amazonec2-open-port": NotRequired[list[str]],
        # Further tags of the pool's machines, by their keys.
        "amazonec2-tags": NotRequired[dict[str, str]],
        # Root device of the image: /dev/xvda on Amazon Linux; /dev/sda1 if left out, as on Ubuntu.
        "amazonec2-device-name": NotRequired[str],
        # Size of the root disk in GiB. Default: 40.
        "amazonec2-root-size": NotRequired[int],
        # EBS type of the root disk: gp3, gp2, standard, or io1 and io2 with amazonec2-volume-iops. Default: gp3.
        "amazonec2-volume-type": NotRequired[str],
        # Operations a second of the root disk: at gp3 3000 if left out.
        "amazonec2-volume-iops": NotRequired[int],
        # MiB a second of a gp3 root disk: 125 if left out.
        "amazonec2-volume-throughput": NotRequired[int],
        # Whether the root disk is encrypted. Default: true.
        "amazonec2-volume-encrypted": NotRequired[bool],
        # KMS key for the root disk; AWS's own without it.
        "amazonec2-volume-kms-key": NotRequired[str],
        # Another instance profile than the stack's.
        "amazonec2-iam-instance-profile": NotRequired[str],
        # Port of the machines' SSH server; 22 if left out.
        "amazonec2-ssh-port": NotRequired[int],
        # User of the image, with sudo rights, that docker-machine logs in as. Default: ubuntu.
        "amazonec2-ssh-user": NotRequired[str],
        # As in GitLab's guide; or set spot instead.
        "amazonec2-request-spot-instance": NotRequired[bool],
        # US dollars per hour; or set spot.maxPrice instead.
        "amazonec2-spot-price": NotRequired[str],
        # Whether machines have no public address; then their subnet needs a NAT gateway.
        "amazonec2-private-address-only": NotRequired[bool],
        # Whether the manager uses private addresses. Default: true.
        "amazonec2-use-private-address": NotRequired[bool],
        # Detailed CloudWatch metrics, at a price.
        "amazonec2-monitoring": NotRequired[bool],
        # Whether types that save CPU credits, such as t3, may use more than they have saved, at a price.
        "amazonec2-credit-specification": NotRequired[Literal["standard", "unlimited"]],
        # Whether machines of older types have network capacity of their own for EBS.
        "amazonec2-use-ebs-optimized-instance": NotRequired[bool],
        # Private key on the manager, with NAME.pub beside it.
        "amazonec2-ssh-keypath": NotRequired[str],
        # Existing key pair; needs amazonec2-ssh-keypath.
        "amazonec2-keypair-name": NotRequired[str],
        # Retries of calls to AWS.
        "amazonec2-retries": NotRequired[int],
        # Address of EC2's API, in place of the region's own.
        "amazonec2-endpoint": NotRequired[str],
        # Whether that address is asked by HTTP, without TLS.
        "amazonec2-insecure-transport": NotRequired[bool],
        # File on the manager with the machines' user data.
        "amazonec2-userdata": NotRequired[str],
        # required: IMDSv2 only. Default: required.
        "amazonec2-metadata-token": NotRequired[Literal["optional", "required"]],
        # 2 lets containers reach IMDSv2. Default: 2.
        "amazonec2-metadata-token-response-hop-limit": NotRequired[int],
        # EC2 fleets, in the fork of the CKI project alone.
        "amazonec2-use-fleet": NotRequired[bool],
        # Launch template of fleets.
        "amazonec2-launch-template": NotRequired[str],
        # Script that installs Docker on a machine; https://get.docker.com, the newest, if left out.
        "engine-install-url": NotRequired[str],
        # Mirrors of Docker Hub that the machines' Docker asks first.
        "engine-registry-mirror": NotRequired[list[str]],
        # Registries that Docker may ask without a certificate it knows, as host:port.
        "engine-insecure-registry": NotRequired[list[str]],
        # Flags of dockerd without their dashes, as flag=value.
        "engine-opt": NotRequired[list[str]],
        # dockerd's environment.
        "engine-env": NotRequired[list[str]],
        # Labels of the machines' Docker, as name=value.
        "engine-label": NotRequired[list[str]],
        # Storage driver of the machines' Docker; overlay2 where the kernel has it.
        "engine-storage-driver": NotRequired[str],
        # Further names in the certificates of the machines' Docker.
        "tls-san": NotRequired[list[str]],
    },
)

class DriverOptionsDict(_DriverOptionsOthers):
    """A worker's options, in the driver's order. What is refused follows from other settings.

    Where docker-machine's own default is meant, an option is left out."""

    extra: NotRequired[list[str]]
    """Options that a newer docker-machine knows and these settings do not, as name=value."""

class EcrSettingsDict(TypedDict):
    """Images in Amazon ECR that the manager may pull for jobs."""

    repositories: NotRequired[list[str]]
    """ARNs of the repositories, with * for any text, also of other accounts and regions; by default all of the
    stack's account and region."""
    pullThroughCache: NotRequired[bool]
    """Whether a pull may have ECR fetch an image from another registry, by a pull through cache rule, and make its
    repository. Default: false."""

class ExistingHostDict(TypedDict):
    """An existing manager; the rights of its instance profile are its owner's matter."""

    address: str
    """Address or name at which it is reached by SSH."""
    hostKey: str
    """Its public SSH host key: ssh-keyscan -t ed25519 ADDRESS."""
    privateKey: str
    """A secret's name, such as <secret:managerKey>."""
    securityGroupId: str
    """Id of its security group, from which workers accept SSH and Docker."""

class ExperimentalDict(TypedDict):
    """`[experimental]`."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    usage_logger: NotRequired[UsageLoggerDict]
    """A record of each job in a file."""

class FleetingPluginDict(TypedDict):
    """Which plugin for AWS the executor docker-autoscaler has, and from where."""

    version: NotRequired[str]
    """Version of fleeting-plugin-aws to install. Default: 1.1.0."""
    url: NotRequired[str]
    """Where fleeting-plugin-aws-linux-amd64 and -arm64 are, in a folder for each version, as v1.1.0; by default
    gitlab-runner itself fetches it from GitLab's registry."""
    sha256: NotRequired[str]
    """Checksum of the program for the manager's architecture; needed beside url."""

class GitlabDict(TypedDict):
    """The GitLab instance whose jobs are run."""

    url: str
    """Address of the GitLab instance, such as https://gitlab.example.com."""
    ca: NotRequired[str]
    """PEM text of the authority that GitLab's certificate is from, where the system knows it not."""
    check: NotRequired[bool]
    """Whether to ask GitLab, before anything is created, if it takes the token. Default: true."""

class GitlabRunnerProgramDict(TypedDict):
    """Which gitlab-runner is installed, and from where."""

    version: NotRequired[str]
    """Version of gitlab-runner to install. Default: 19.3.0."""
    url: NotRequired[str]
    """Where to download from: GitLab's own site, or a mirror laid out like it. Default:
    https://gitlab-runner-downloads.s3.amazonaws.com."""
    sha256: NotRequired[str]
    """Checksum of the program for the manager's architecture; by default the one in release.sha256 beside it."""

class IdentitySettingsDict(TypedDict):
    """Roles, instance profiles and keys: made by this stack, or there already."""

    mode: NotRequired[Literal["instanceProfile", "accessKey"]]
    """How the manager signs in to AWS: by its instance profile, whose keys change by themselves; or with the access
    key of an IAM user, as in GitLab's guide. Default: instanceProfile."""
    permissionsBoundary: NotRequired[str]
    """ARN of the policy that bounds all roles and users made."""
    path: NotRequired[str]
    """IAM path of all that is made, such as /ci/. Default: /."""
    managerInstanceProfile: NotRequired[str]
    """Name of an existing instance profile for the manager; its role needs the rights that docs/security.md
    describes."""
    workerInstanceProfile: NotRequired[str]
    """ARN of an existing instance profile for the workers."""
    workerRole: NotRequired[str]
    """With workerInstanceProfile: ARN of its role."""
    managerPolicies: NotRequired[list[str]]
    """ARNs of managed policies to attach to the manager's role, or user, that the stack makes."""
    workerPolicies: NotRequired[list[str]]
    """ARNs of managed policies to attach to the workers' role that the stack makes; every job that runs there can
    use them."""
    ecr: NotRequired[EcrSettingsDict]
    """For images in Amazon ECR: gives the manager the right to pull them and Amazon's credential helper."""

class ImageLookupDict(TypedDict):
    """Where to find an image: the newest of an owner's with such a name, or what a parameter of SSM says."""

    owner: NotRequired[str]
    """Account that publishes the image: 12 digits, self or amazon."""
    name: NotRequired[str]
    """Name of the image, with * for any text; the newest is taken."""
    ssmParameter: NotRequired[str]
    """SSM parameter that holds the image's id, instead of owner and name."""

class JobQueuingDurationDict(TypedDict):
    """`[[runners.monitoring.job_queuing_durations]]`: how long a job may wait; the last period that matches wins."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    periods: list[str]
    """When the threshold holds, in seven fields as those of machine.autoscaling."""
    timezone: NotRequired[str]
    """Time zone of the periods, such as Europe/Berlin."""
    threshold: NotRequired[str]
    """Wait from which a job counts as late, such as 5m."""
    jobs_running_for_project: NotRequired[str]
    """Pattern of how many of a project's jobs run already, of those that count, such as ^[0-9]$."""

class LogrotateDict(TypedDict):
    """`[experimental.usage_logger.logrotate]`."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    log_dir: NotRequired[str]
    """Folder of the records on the manager."""
    max_backup_files: NotRequired[int]
    """Files that are kept."""
    max_rotation_age: NotRequired[str]
    """How long one file is written to, such as 24h."""
    labels: NotRequired[dict[str, str]]
    """What each record holds beside the job, by name."""

class LogsDict(TypedDict):
    """A CloudWatch log group in which EC2 tells of spot machines that it takes back, and the manager what it does."""

    journal: NotRequired[bool]
    """Whether the journal of gitlab-runner and of the watch goes there too. Default: false."""
    retentionDays: NotRequired[Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653]]
    """Days after which CloudWatch deletes what is in the log group. One of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150,
    180, 365, 400, 545, 731, 1096, 1827, 3653. Default: 30."""

class MachineDict(TypedDict):
    """`[runners.machine]`, in the order of GitLab's reference. IdleCount and IdleCountMin count the whole pool's."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    MaxGrowthRate: NotRequired[int]
    """Most machines that are created at the same time."""
    IdleCount: NotRequired[int]
    """Machines that wait for jobs. Default: 0."""
    IdleScaleFactor: NotRequired[float]
    """Waiting machines as a multiple of those in use."""
    IdleCountMin: NotRequired[int]
    """Least number of waiting machines with IdleScaleFactor."""
    IdleTime: NotRequired[int]
    """Seconds that a spare machine waits. Default: 1800."""
    MaxBuilds: NotRequired[int]
    """Jobs after which a machine is replaced."""
    MachineDriver: NotRequired[Literal["amazonec2"]]
    """Docker Machine's driver, which is AWS's. Must be amazonec2. Default: amazonec2."""
    MachineName: NotRequired[str]
    """Name of the machines, with %s where their number goes; by default the pool's name and -%s."""
    MachineOptions: NotRequired[list[str]]
    """Options of docker-machine as name=value; the same go under driver, where they have types."""
    MachineOptionsWithName: NotRequired[list[str]]
    """Such options with the machine's name for %s."""
    MaxRemovalAttempts: NotRequired[int]
    """Attempts after which a machine may be left behind."""
    autoscaling: NotRequired[list[AutoscalingDict]]
    """Other numbers during some periods; the last one that matches wins."""

class MachineGlobalsDict(TypedDict):
    """`[machine]`: what holds for the workers of all pools."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    shutdown_drain: NotRequired[ShutdownDrainDict]
    """Removal of the workers at a stop."""

class ManagerSettingsDict(TypedDict):
    """The manager's instance and the programs on it."""

    instanceType: NotRequired[str]
    """Instance type; a small one does, no job runs on it. Default: t3.small."""
    os: NotRequired[Literal["ubuntu-24.04", "debian-12", "amazon-linux-2023", "rhel-9", "rocky-9"]]
    """Operating system: the newest image of its publisher is looked up. Default: ubuntu-24.04."""
    sshFrom: NotRequired[list[str]]
    """Networks that may reach the manager by SSH, such as 203.0.113.0/24; your own address: curl -s
    https://checkip.amazonaws.com."""
    metricsFrom: NotRequired[list[str]]
    """Networks that may read gitlab-runner's metrics, at the port of listen_address."""
    sshPort: NotRequired[int]
    """Port of the manager's SSH server. Default: 22."""
    user: NotRequired[str]
    """User with sudo rights to log in as; by default that of the os' image, such as ubuntu."""
    publicAddress: NotRequired[bool]
    """Whether the manager has a public address; without one it is reached through a bastion or a VPN, and needs a
    private network to get out. Default: true."""
    elasticIp: NotRequired[bool]
    """Whether its public address stays the same when it is stopped and started. Default: false."""
    proxy: NotRequired[ProxyDict]
    """Go through a proxy to GitLab, to downloads and to AWS."""
    bastion: NotRequired[BastionDict]
    """Reach the manager through another host."""
    host: NotRequired[ExistingHostDict]
    """Use an existing host."""
    connectAttempts: NotRequired[int]
    """How often to try to reach a new manager by SSH. Default: 20."""
    rootSize: NotRequired[int]
    """Size of the root disk in GiB. Default: 20."""
    rerun: NotRequired[int]
    """Another number runs all steps on the manager again at the next `pulumi up`, so that what was deleted or
    damaged there is made anew; jobs are not interrupted. Default: 0."""
    lost: NotRequired[bool]
    """Whether the manager is gone for good, so that nothing can be cleaned up through it: pulumi destroy
    --run-program then leaves that out. Default: false."""
    ami: NotRequired[str]
    """Image; by default the newest of the os for the instance type's architecture."""
    image: NotRequired[ImageLookupDict]
    """Where to look the image up, instead of ami."""
    replaceOnNewImage: NotRequired[bool]
    """Whether a newer image, or another one in ami, replaces the manager; its running jobs end first. Default:
    false."""
    monitoring: NotRequired[bool]
    """Whether CloudWatch has a value each minute, at a price. Default: false."""
    stopProtection: NotRequired[bool]
    """Whether AWS refuses to stop and to terminate the instance, until this is false again. Default: false."""
    ssm: NotRequired[bool]
    """Whether AWS Systems Manager may open sessions on the manager, without an open port. Default: false."""
    logs: NotRequired[LogsDict]
    """A log group with EC2's spot interruption and rebalance events."""
    alarms: NotRequired[AlarmsDict]
    """Alarms for an SNS topic; none without it."""
    watch: NotRequired[WatchSettingsDict]
    """What looks after the machines all the time, by a timer on the manager."""
    gitlabRunner: NotRequired[GitlabRunnerProgramDict]
    """The gitlab-runner to install."""
    dockerMachine: NotRequired[DockerMachineProgramDict]
    """The docker-machine to install."""
    fleetingPlugin: NotRequired[FleetingPluginDict]
    """The plugin of docker-autoscaler to install."""
    docker: NotRequired[DockerEngineDict]
    """A Docker Engine to install from Docker's packages; none without it, no job needs it."""
    insecureDownloads: NotRequired[bool]
    """Whether programs may come from an http address: whoever is on the way can then alter what runs as root, unless
    a checksum is given. Default: false."""
    stopTimeout: NotRequired[int]
    """Seconds that running jobs have to end when gitlab-runner is stopped or upgraded; GitLab's documentation
    suggests 7200. Default: 7200."""
    drift: NotRequired[Literal["warn", "fail", "overwrite"]]
    """What to do with a config.toml that somebody changed by hand: replace it and show what is lost (warn), leave it
    and fail, or replace it without a word; the old file is kept on the manager. Default: warn."""
    runningJobs: NotRequired[Literal["wait", "abort"]]
    """Whether the end of the manager waits for running jobs, up to stopTimeout, or aborts them. Default: wait."""

class MetricsRefereeDict(TypedDict):
    """`[runners.referees.metrics]`: metrics of a job's worker, kept with the job."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    prometheus_address: NotRequired[str]
    """Server that is asked, as host:port."""
    query_interval: NotRequired[int]
    """Seconds between two values."""
    queries: list[str]
    """What to ask Prometheus for, as NAME:QUERY, such as "cpu:rate(node_cpu_seconds_total[1m])"."""

class MonitoringDict(TypedDict):
    """`[runners.monitoring]`."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    job_queuing_durations: NotRequired[list[JobQueuingDurationDict]]
    """How long jobs may wait before a metric counts them."""

class NetworkSettingsDict(TypedDict):
    """Where manager and workers are. Without `vpcId` a VPC is made for them."""

    cidr: NotRequired[str]
    """Range of the new VPC, /16 to /24; each zone gets a sixteenth of it. Default: 10.0.0.0/16."""
    zones: NotRequired[list[str]]
    """Zones of the region to use, as suffixes: a for eu-central-1a, -lax-1a for us-west-2-lax-1a. Add new ones at
    the end: each zone keeps its subnet as long as it keeps its place. Default: ["a"]."""
    private: NotRequired[bool]
    """Whether workers have no public address: they are in subnets of their own, behind a NAT gateway. Default:
    false."""
    natGateways: NotRequired[Literal["one", "perZone"]]
    """With private: one NAT gateway for all zones (the default), or one in each, so that a zone that fails takes no
    other with it; each costs about 35 US dollars a month."""
    ipv6: NotRequired[bool]
    """Whether the new VPC has IPv6 beside IPv4. Default: false."""
    interfaceEndpoints: NotRequired[list[str]]
    """AWS services to reach without leaving the new VPC, at a price for each zone and hour; S3 has its gateway
    endpoint always, which is free."""
    vpcId: NotRequired[str]
    """An existing VPC, with subnetIds; or default, the region's default VPC."""
    subnetIds: NotRequired[list[str]]
    """Subnets of vpcId for the workers, one in each zone; each subnet says itself which zone it is in."""
    managerSubnetId: NotRequired[str]
    """Subnet of vpcId for the manager; by default the first of subnetIds."""
    workerSecurityGroup: NotRequired[str]
    """Name, not id, of a security group of vpcId for the workers; it lets the manager in on 22 and 2376."""
    egressPorts: NotRequired[list[int]]
    """TCP ports that manager and workers may reach outside; everything if left out. Needed are 443, 80 for Ubuntu's
    packages, and the ports of GitLab and of registries."""

class PolicyDict(TypedDict):
    """`[[runners.autoscaler.policy]]`: how many jobs find a worker that waits; the last one that matches wins."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    periods: NotRequired[list[str]]
    """When it holds, in five fields: minute hour day-of-month month day-of-week. Default: ["* * * * *"]."""
    timezone: NotRequired[str]
    """Time zone of the periods, such as Europe/Berlin."""
    idle_count: NotRequired[int]
    """Jobs, not machines, that find room at once. Default: 0."""
    idle_time: NotRequired[str]
    """How long a spare machine waits. Default: 30m."""
    scale_factor: NotRequired[float]
    """Room for jobs as a multiple of those that run; idle_count is the least then."""
    scale_factor_limit: NotRequired[int]
    """Most room that scale_factor makes."""
    preemptive_mode: NotRequired[bool]
    """Whether GitLab is asked for a job only once a machine is ready for it. Default: false."""

_PoolOthers = TypedDict(
    "_PoolOthers",
    {
        # File on the manager with the certificate of GitLab's CA; or set gitlab.caCertificate.
        "tls-ca-file": NotRequired[str],
        # File on the manager with a client certificate for GitLab.
        "tls-cert-file": NotRequired[str],
        # File on the manager with the key of that certificate.
        "tls-key-file": NotRequired[str],
    },
)

class PoolDict(_PoolOthers):
    """Workers that are alike; spread over zones and instance types when several are given."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    name: str
    """Name of the pool, of its runner entries and of its machines."""
    limit: int
    """Most jobs that the pool runs at a time, and most machines that it has, idle ones included."""
    output_limit: NotRequired[int]
    """Largest job log in KiB."""
    request_concurrency: NotRequired[int]
    """Questions for jobs at the same time."""
    strict_check_interval: NotRequired[bool]
    """Whether a new job is asked for no sooner than check_interval says, after one was received too."""
    unhealthy_requests_limit: NotRequired[int]
    """Failed questions for jobs, in a row, after which the runner pauses."""
    unhealthy_interval: NotRequired[str]
    """How long it pauses then, such as 1h."""
    job_status_final_update_retry_limit: NotRequired[int]
    """Attempts to tell GitLab the result of a job."""
    experimental: NotRequired[RunnerExperimentalDict]
    """What GitLab may change at any time."""
    token: NotRequired[str]
    """A runner of the pool's own: the name of a secret with its token, such as <secret:blue>; by default the token
    of all pools."""
    labels: NotRequired[dict[str, str]]
    """Labels of the pool's jobs in metrics and logs of GitLab Runner."""
    executor: NotRequired[Literal["docker+machine", "docker-autoscaler"]]
    """How machines are made for jobs; by default the executor of all pools."""
    builds_dir: NotRequired[str]
    """Where jobs have their sources, within the container."""
    cache_dir: NotRequired[str]
    """Where a job's cache is put together, within the container."""
    clone_url: NotRequired[str]
    """Address that jobs fetch sources from, if gitlab.url is none for them."""
    environment: NotRequired[list[str]]
    """Variables of each job, as NAME=value."""
    proxy_exec: NotRequired[bool]
    """Whether the helper program starts the job's commands (experimental)."""
    pre_get_sources_script: NotRequired[str]
    """Commands before sources are fetched."""
    post_get_sources_script: NotRequired[str]
    """Commands after sources were fetched."""
    pre_build_script: NotRequired[str]
    """Commands before those of the job."""
    post_build_script: NotRequired[str]
    """Commands after those of the job, before after_script."""
    prepare_timeout: NotRequired[str]
    """How long it may take until a job's environment is there."""
    get_sources_timeout: NotRequired[str]
    """How long fetching sources may take."""
    debug_trace_disabled: NotRequired[bool]
    """Whether CI_DEBUG_TRACE is without effect, which would show secrets in job logs."""
    safe_directory_checkout: NotRequired[bool]
    """Whether Git is told that the job's folder is safe, whoever owns it."""
    clean_git_config: NotRequired[bool]
    """Whether Git's configuration is removed before and after each job; true if left out."""
    shell: NotRequired[Literal["bash", "sh", "cmd", "pwsh", "powershell"]]
    """Shell of the job's script; bash if left out, and sh where an image has none."""
    custom_build_dir: NotRequired[CustomBuildDirDict]
    """Whether jobs choose where their sources are."""
    referees: NotRequired[RefereesDict]
    """What is kept with a job beside its log."""
    artifact: NotRequired[ArtifactDict]
    """Upload of artifacts."""
    feature_flags: NotRequired[dict[str, bool]]
    """Feature flags of GitLab Runner, such as FF_NETWORK_PER_BUILD, with true or false."""
    monitoring: NotRequired[MonitoringDict]
    """Which jobs metrics count as late."""
    use_slot_cgroups: NotRequired[bool]
    """Whether each job's containers are in a control group of the job's slot."""
    slot_cgroup_template: NotRequired[str]
    """Name of that group, where ${slot} is the job's slot."""
    docker: NotRequired[DockerDict]
    """Containers that jobs run in."""
    machine: NotRequired[MachineDict]
    """How many machines there are, and when."""
    autoscaler: NotRequired[AutoscalerKeysDict]
    """Workers of the executor docker-autoscaler."""
    step_runner_image: NotRequired[str]
    """Image with the program for CI/CD steps, in place of GitLab's own."""
    zones: NotRequired[list[str]]
    """Zones to start machines in, as suffixes; by default those of network.zones."""
    instanceTypes: NotRequired[list[str]]
    """Instance types; machines are started with one of them, in one zone, and with the next where AWS has no
    capacity. Default: ["m5.large"]."""
    spot: NotRequired[SpotDict]
    """Use spot capacity; on-demand without it."""
    ami: NotRequired[str]
    """Image of the machines; by default a current Ubuntu of the types' architecture."""
    image: NotRequired[ImageLookupDict]
    """Where to look the image up, instead of ami."""
    userData: NotRequired[str]
    """User data of the machines: cloud-init's #cloud-config or a script."""
    dockerEngine: NotRequired[DockerEngineDict]
    """With docker-autoscaler: the Docker Engine to install on machines whose image has none; by default 28.5.2 from
    Docker's packages."""
    driver: NotRequired[DriverOptionsDict]
    """Options of docker-machine's amazonec2 driver, as the driver spells them."""

class ProxyDict(TypedDict):
    """A proxy for what the manager asks for: GitLab, downloads, AWS. Not for the jobs on workers."""

    url: str
    """Its address, such as http://proxy.example.com:3128; with a password in it as <secret:proxy>."""
    noProxy: NotRequired[list[str]]
    """Hosts, domains and networks that are reached directly; the stack's own network always is."""

class RefereesDict(TypedDict):
    """`[runners.referees]`."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    metrics: NotRequired[MetricsRefereeDict]
    """Metrics of the job's worker, from Prometheus."""

class RunnerExperimentalDict(TypedDict):
    """`[runners.experimental]`."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    boot_verify: NotRequired[BootVerifyDict]
    """A job that the runner tries at its start."""

class ScaleThrottleDict(TypedDict):
    """`[runners.autoscaler.scale_throttle]`."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    limit: NotRequired[int]
    """New machines a second: 100 if left out, -1 for no limit."""
    burst: NotRequired[int]
    """How many may be asked for at once."""

class ServiceDict(TypedDict):
    """`[[runners.docker.services]]`: a container beside that of each job."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    name: str
    """Image of the service, such as postgres:17."""
    alias: NotRequired[str]
    """Further host names by which jobs reach it, separated by blanks or commas."""
    command: NotRequired[list[str]]
    """Command and arguments in place of the image's own."""
    entrypoint: NotRequired[list[str]]
    """Entrypoint in place of the image's own."""
    environment: NotRequired[list[str]]
    """Variables of the service, as NAME=value."""

class SessionServerDict(TypedDict):
    """`[session_server]`: interactive web terminals of running jobs."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    listen_address: NotRequired[str]
    """Address that the session server binds to."""
    advertise_address: NotRequired[str]
    """Address that GitLab is told to use."""
    session_timeout: NotRequired[int]
    """Seconds that a terminal may outlive its job, which does not end meanwhile."""

class SettingsDict(TypedDict):
    """All settings of a stack, less token, registrationToken and accessToken: secrets are kept out of models."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    listen_address: NotRequired[str]
    """Address of gitlab-runner's metrics, such as 127.0.0.1:9252; off without it. A running service keeps the one
    that it started with."""
    session_server: NotRequired[SessionServerDict]
    """Interactive web terminals."""
    labels: NotRequired[dict[str, str]]
    """Labels of all pools; those of a pool override them."""
    concurrent: NotRequired[int]
    """Most jobs at a time, over all pools; a pool's limit bounds its machines. Default: 10."""
    check_interval: NotRequired[int]
    """Seconds between two questions for jobs; 0 means 3. Default: 0."""
    log_level: NotRequired[Literal["debug", "info", "warn", "warning", "error", "fatal", "panic"]]
    """Least weight of what gitlab-runner logs."""
    log_format: NotRequired[Literal["runner", "text", "json"]]
    """Form of what gitlab-runner logs."""
    user: NotRequired[str]
    """User of shell executors; of no interest to docker+machine."""
    sentry_dsn: NotRequired[str]
    """Where gitlab-runner reports its own errors."""
    connection_max_age: NotRequired[str]
    """How long a connection to GitLab is kept, such as 15m."""
    machine: NotRequired[MachineGlobalsDict]
    """What holds for the workers of all pools."""
    experimental: NotRequired[ExperimentalDict]
    """What GitLab may change at any time."""
    shutdown_timeout: NotRequired[int]
    """Seconds that a forced stop may take; shutdown_drain has to end within them."""
    executor: NotRequired[Literal["docker+machine", "docker-autoscaler"]]
    """How machines are made for jobs: docker+machine, which GitLab removes in May 2027, or docker-autoscaler; each
    pool may have its own. Default: docker+machine."""
    gitlab: GitlabDict
    """The GitLab instance."""
    createRunner: NotRequired[CreateRunnerDict]
    """A runner to create in GitLab, with accessToken."""
    tokenParameter: NotRequired[str]
    """Name of the parameter in AWS Systems Manager that holds the runner's token; the manager reads it."""
    tokenSecret: NotRequired[str]
    """Name or ARN of the secret in AWS Secrets Manager that holds the token; the manager reads it."""
    network: NotRequired[NetworkSettingsDict]
    """The network of manager and workers."""
    identity: NotRequired[IdentitySettingsDict]
    """Who manager and workers are in IAM."""
    manager: ManagerSettingsDict
    """The manager's instance."""
    cache: NotRequired[CacheSettingsDict]
    """The cache that all pools share."""
    tags: NotRequired[dict[str, str]]
    """AWS tags for everything that is created, the workers included."""
    preflight: NotRequired[Literal["warn", "strict", "off"]]
    """At a preview, ask AWS for prices, offers and quotas: warn of caps under today's price; strict: fail; off: do
    not ask. Default: warn."""
    pools: list[PoolDict]
    """Pools of workers, one or more."""

class ShutdownDrainDict(TypedDict):
    """`[machine.shutdown_drain]`: removal of the workers when gitlab-runner stops."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    enabled: NotRequired[bool]
    """Whether machines without a job are removed when gitlab-runner stops."""
    concurrency: NotRequired[int]
    """Workers that are removed at the same time."""
    max_retries: NotRequired[int]
    """Further attempts for each worker."""
    retry_backoff: NotRequired[str]
    """Wait between attempts, times the attempt's number, such as 5s."""

class SpotDict(TypedDict):
    """Spot capacity: cheaper, and taken back by AWS at two minutes' notice."""

    maxPrice: NotRequired[float | Literal["onDemand"]]
    """Highest price to pay for a machine, in US dollars per hour; onDemand for up to onDemandPrice."""
    onDemandPrice: NotRequired[float | dict[str, float]]
    """What such a machine costs on demand, in US dollars per hour: a number, or one for each type."""
    onDemandLimit: NotRequired[int]
    """Most on-demand machines that take jobs while there is no spot capacity in any zone and type; they come on top
    of limit, which counts jobs then."""

class StateStorageDict(TypedDict):
    """`[runners.autoscaler.state_storage]`: what a restart of gitlab-runner knows of its workers."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    enabled: NotRequired[bool]
    """Whether workers outlast a restart of gitlab-runner. Default: true."""
    dir: NotRequired[str]
    """Folder on the manager; that of gitlab-runner's configuration if left out."""
    keep_instance_with_acquisitions: NotRequired[bool]
    """Whether a worker is kept whose job was lost with gitlab-runner."""

class UsageLoggerDict(TypedDict):
    """`[experimental.usage_logger]`: a record of each job in a file."""

    extra: NotRequired[dict[str, Any]]
    """Keys that gitlab-runner knows and these settings do not; written as they stand."""
    enabled: NotRequired[bool]
    """Whether jobs are recorded."""
    writers: NotRequired[list[Literal["logrotate"]]]
    """Where the records go."""
    logrotate: NotRequired[LogrotateDict]
    """Files of the records."""

class WatchSettingsDict(TypedDict):
    """What removes orphaned machines, makes machines where there is capacity, and measures, again and again."""

    enabled: NotRequired[bool]
    """Whether a systemd timer on the manager runs it. Default: true."""
    intervalSeconds: NotRequired[int]
    """Seconds from one look to the next. Default: 60."""
    graceMinutes: NotRequired[int]
    """Minutes for which something that belongs to no machine is left alone: it may be about to. Default: 10."""
    dryRun: NotRequired[bool]
    """Whether the journal only says what would be removed. Default: false."""
    metricsFile: NotRequired[str]
    """File on the manager with metrics for node_exporter's textfile collector. Default:
    /var/lib/node_exporter/textfile_collector/gitlab-runner-aws.prom."""
    breaker: NotRequired[BreakerSettingsDict]
    """What to do about machines that can't be created."""
