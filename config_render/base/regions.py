"""The AWS regions that the amazonec2 driver takes."""

from difflib import get_close_matches

_NAMES = """
    af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2
    ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-7 ca-central-1
    ca-west-1 cn-north-1 cn-northwest-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1
    eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2
    us-gov-east-1 us-gov-west-1 us-west-1 us-west-2
"""

REGIONS = frozenset(_NAMES.split())
"""The driver's own table (0.16.2-gitlab.23) and the regions that AWS opened after it."""


def check_region(region: str) -> str | None:
    """Return why `region` can't be used, or None."""
    if region in REGIONS:
        return None
    if region[:-1] in REGIONS:
        return f"is a zone; the region is {region[:-1]}"
    close = get_close_matches(region, sorted(REGIONS), n=1)
    return (
        f"is not a valid AWS region; did you mean `{close[0]}`?"
        if close
        else "is not a valid AWS region, such as eu-central-1"
    )


def partition(region: str) -> str:
    """Return the part of AWS that a region belongs to, with which its ARNs begin."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def s3_endpoint(region: str) -> str:
    """Return S3's address as config.toml's ServerAddress wants it: one for all regions, but for China's."""
    return f"s3.{region}.amazonaws.com.cn" if region.startswith("cn-") else "s3.amazonaws.com"
