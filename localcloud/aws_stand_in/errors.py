"""Stand-in for pulumi-aws: errors of the emulated AWS, in the words that the real provider puts them in."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

Answer = TypeVar("Answer")


class ProviderError(Exception):
    """An operation failed; the text is what the user reads. `gone`: because something does not exist."""

    def __init__(self, text: str, *, gone: bool = False) -> None:
        super().__init__(text)
        self.gone = gone


@contextmanager
def doing(what: str, service: str) -> Iterator[None]:
    """Turn an error of the API into a ProviderError that begins with `what`, e.g. "creating EC2 VPC"."""
    try:
        yield
    except ClientError as error:
        raise ProviderError(f"{what}: {_describe(error, service)}", gone=is_gone(error)) from error
    except ParamValidationError as error:
        # botocore's text quotes the value, which may be a secret.
        raise ProviderError(f"{what}: a value of the wrong type for the API") from error
    except BotoCoreError as error:
        raise ProviderError(f"{what}: request send failed, {error}") from error


def unless_gone(call: Callable[[], Answer]) -> Answer | None:
    """Return what `call` returns, or None when AWS answers that the thing does not exist."""
    try:
        return call()
    except ClientError as error:
        if is_gone(error):
            return None
        raise


def is_gone(error: ClientError) -> bool:
    """Whether the API says that something does not exist."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    return "NotFound" in code or code.startswith("NoSuch") or code == "404"


def api_error(operation: str, service: str, code: str, message: str) -> str:
    """The text of an error that AWS would give and the emulated AWS does not."""
    return f"operation error {service}: {operation}, https response error StatusCode: 400, api error {code}: {message}"


def _describe(error: ClientError, service: str) -> str:
    answer, metadata = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    parts: list[Any] = [
        f"operation error {service}: {error.operation_name}",
        f"https response error StatusCode: {metadata.get('HTTPStatusCode', 0)}",
        f"RequestID: {metadata.get('RequestId', '')}",
    ]
    if service == "S3":
        parts.append(f"HostID: {metadata.get('HostId', '')}")
    # Where the SDK knows the error as a type of its own, it leaves out "api error"; S3's are never known so.
    kind = "api error " if service == "S3" or type(error) is ClientError else ""
    return ", ".join([*parts, f"{kind}{answer.get('Code')}: {answer.get('Message')}"])
