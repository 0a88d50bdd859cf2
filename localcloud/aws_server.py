"""The emulated AWS: moto's server, with the stand-ins in front of it for what moto has not."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import cache
from threading import RLock, Thread
from typing import Any

from .calls_stand_in import CallRecord
from .hosts_stand_in import Hosts, HostsOfInstances
from .metadata_stand_in import MetadataStandIn
from .prices_stand_in import with_prices
from .refusals_stand_in import Refusals
from .wsgi import Application


class AwsServer:
    """The server, in threads of its own."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, hosts: Hosts | None = None) -> None:
        """With `hosts`, managers' instances have one each to log in to."""
        # Here, as moto reads its environment when it is imported.
        from moto.moto_server.werkzeug_app import (
            DomainDispatcherApplication,
            MotoRequestHandler,
            create_backend_app,
        )
        from werkzeug.serving import make_server

        from .auto_scaling_stand_in import AutoScalingStandIn

        class Dispatcher(DomainDispatcherApplication):
            """Looks for the service of a host in moto's 200 folders once, not at each request."""

            get_backend_for_host = cache(DomainDispatcherApplication.get_backend_for_host)

        lock = RLock()
        moto = _one_at_a_time(Dispatcher(create_backend_app), lock)
        if hosts is not None:
            moto = HostsOfInstances(hosts, moto, lock)
        groups = AutoScalingStandIn(moto, lock)
        refusals = Refusals(with_prices(groups))
        groups.refuse_by(refusals.code)
        application = MetadataStandIn(lambda: self.url).in_front_of(CallRecord(refusals))
        self._server = make_server(host, port, application, threaded=True, request_handler=MotoRequestHandler)

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def start(self) -> None:
        """Serve from now on."""
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Serve no longer."""
        self._server.shutdown()
        self._server.server_close()


def _one_at_a_time(moto: Application, lock: AbstractContextManager[Any]) -> Application:
    """Answer one call after the other: by some, moto changes what it makes the answers to others of."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with lock:
            return [b"".join(moto(environ, start_response))]

    return answer
