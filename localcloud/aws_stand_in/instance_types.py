"""Stand-in for pulumi-aws: look-ups of EC2 instance types, and of where they are offered."""

from collections.abc import Mapping
from typing import Any

from .access import Access
from .errors import ProviderError, doing
from .properties import Properties

_LOCATION_TYPES = ("region", "availability-zone", "availability-zone-id", "outpost")
_NOT_SHOWN: tuple[str, ...] = ("bandwidthWeightings", "fpgas", "inferenceAccelerators", "mediaAccelerators")
"""Empty for every general type; accelerators other than GPUs are left out."""

_OUTPUTS: Mapping[str, str] = {
    "autoRecoverySupported": "AutoRecoverySupported",
    "bareMetal": "BareMetal",
    "bootModes": "SupportedBootModes",
    "burstablePerformanceSupported": "BurstablePerformanceSupported",
    "currentGeneration": "CurrentGeneration",
    "dedicatedHostsSupported": "DedicatedHostsSupported",
    "defaultCores": "VCpuInfo.DefaultCores",
    "defaultNetworkCardIndex": "NetworkInfo.DefaultNetworkCardIndex",
    "defaultThreadsPerCore": "VCpuInfo.DefaultThreadsPerCore",
    "defaultVcpus": "VCpuInfo.DefaultVCpus",
    "ebsEncryptionSupport": "EbsInfo.EncryptionSupport",
    "ebsNvmeSupport": "EbsInfo.NvmeSupport",
    "ebsOptimizedSupport": "EbsInfo.EbsOptimizedSupport",
    "ebsPerformanceBaselineBandwidth": "EbsInfo.EbsOptimizedInfo.BaselineBandwidthInMbps",
    "ebsPerformanceBaselineIops": "EbsInfo.EbsOptimizedInfo.BaselineIops",
    "ebsPerformanceBaselineThroughput": "EbsInfo.EbsOptimizedInfo.BaselineThroughputInMBps",
    "ebsPerformanceMaximumBandwidth": "EbsInfo.EbsOptimizedInfo.MaximumBandwidthInMbps",
    "ebsPerformanceMaximumIops": "EbsInfo.EbsOptimizedInfo.MaximumIops",
    "ebsPerformanceMaximumThroughput": "EbsInfo.EbsOptimizedInfo.MaximumThroughputInMBps",
    "efaMaximumInterfaces": "NetworkInfo.EfaInfo.MaximumEfaInterfaces",
    "efaSupported": "NetworkInfo.EfaSupported",
    "enaSrdSupported": "NetworkInfo.EnaSrdSupported",
    "enaSupport": "NetworkInfo.EnaSupport",
    "encryptionInTransitSupported": "NetworkInfo.EncryptionInTransitSupported",
    "freeTierEligible": "FreeTierEligible",
    "hibernationSupported": "HibernationSupported",
    "hypervisor": "Hypervisor",
    "id": "InstanceType",
    "instanceStorageSupported": "InstanceStorageSupported",
    "instanceType": "InstanceType",
    "ipv6Supported": "NetworkInfo.Ipv6Supported",
    "maximumIpv4AddressesPerInterface": "NetworkInfo.Ipv4AddressesPerInterface",
    "maximumIpv6AddressesPerInterface": "NetworkInfo.Ipv6AddressesPerInterface",
    "maximumNetworkCards": "NetworkInfo.MaximumNetworkCards",
    "maximumNetworkInterfaces": "NetworkInfo.MaximumNetworkInterfaces",
    "memorySize": "MemoryInfo.SizeInMiB",
    "networkPerformance": "NetworkInfo.NetworkPerformance",
    "nitroEnclavesSupport": "NitroEnclavesSupport",
    "nitroTpmSupport": "NitroTpmSupport",
    "nitroTpmSupportedVersions": "NitroTpmInfo.SupportedVersions",
    "phcSupport": "PhcSupport",
    "supportedArchitectures": "ProcessorInfo.SupportedArchitectures",
    "supportedPlacementStrategies": "PlacementGroupInfo.SupportedStrategies",
    "supportedRootDeviceTypes": "SupportedRootDeviceTypes",
    "supportedUsagesClasses": "SupportedUsageClasses",
    "supportedVirtualizationTypes": "SupportedVirtualizationTypes",
    "sustainedClockSpeed": "ProcessorInfo.SustainedClockSpeedInGhz",
    "totalGpuMemory": "GpuInfo.TotalGpuMemoryInMiB",
    "totalInstanceStorage": "InstanceStorageInfo.TotalSizeInGB",
    "validCores": "VCpuInfo.ValidCores",
    "validThreadsPerCores": "VCpuInfo.ValidThreadsPerCore",
}
"""By output, where EC2's description has it."""

_LISTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "gpuses": (
        "GpuInfo.Gpus",
        {"count": "Count", "manufacturer": "Manufacturer", "memorySize": "MemoryInfo.SizeInMiB", "name": "Name"},
    ),
    "instanceDisks": ("InstanceStorageInfo.Disks", {"count": "Count", "size": "SizeInGB", "type": "Type"}),
    "networkCards": (
        "NetworkInfo.NetworkCards",
        {
            "baselineBandwidth": "BaselineBandwidthInGbps",
            "index": "NetworkCardIndex",
            "maximumInterfaces": "MaximumNetworkInterfaces",
            "peakBandwidth": "PeakBandwidthInGbps",
            "performance": "NetworkPerformance",
        },
    ),
}


def instance_type(aws: Access, arguments: Properties) -> Properties:
    """`getInstanceType`. Raises ProviderError for a type that EC2 does not know."""
    with doing("reading EC2 Instance Type", "EC2"):
        answer = aws.client("ec2").describe_instance_types(InstanceTypes=[arguments["instanceType"]])
    found = answer["InstanceTypes"][0]
    lists = {
        name: [_picked(item, outputs) for item in _at(found, path) or ()] for name, (path, outputs) in _LISTS.items()
    }
    empty: Properties = {name: [] for name in (*_NOT_SHOWN, "neuronDevices", "supportedCpuFeatures")}
    return {**empty, **_picked(found, _OUTPUTS), **lists}


def instance_type_offerings(aws: Access, arguments: Properties) -> Properties:
    """`getInstanceTypeOfferings`: no match is no error."""
    location_type = arguments.get("locationType")
    if location_type is not None and location_type not in _LOCATION_TYPES:
        listed = " ".join(f'"{name}"' for name in _LOCATION_TYPES)
        raise ProviderError(f"expected location_type to be one of [{listed}], got {location_type}")
    filters = [{"Name": item["name"], "Values": item["values"]} for item in arguments.get("filters") or ()]
    where = {"LocationType": location_type} if location_type else {}
    with doing("reading EC2 Instance Type Offerings", "EC2"):
        answer = aws.client("ec2").describe_instance_type_offerings(Filters=filters, **where)
    offered = sorted(answer["InstanceTypeOfferings"], key=lambda each: (each["Location"], each["InstanceType"]))
    return {
        **arguments,
        "id": aws.settings.region,
        "instanceTypes": [each["InstanceType"] for each in offered],
        "locationTypes": [each["LocationType"] for each in offered],
        "locations": [each["Location"] for each in offered],
    }


def _picked(value: Mapping[str, Any], outputs: Mapping[str, str]) -> Properties:
    return {name: _at(value, path) for name, path in outputs.items()}


def _at(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = value.get(key) if value is not None else None
    return value
