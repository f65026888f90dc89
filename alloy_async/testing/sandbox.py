"""A sandbox that also makes the clients and the directory that speak to it."""

from __future__ import annotations

from typing import Any

from ..core.client import AsyncClient
from ..core.sync import Client
from ..directory import Directory
from ..sandbox import Sandbox as PlainSandbox
from ..systems import load_client, load_directory, load_sync_client


class Sandbox(PlainSandbox):
    """A running sandbox, with ready clients: `with Sandbox("alloy") as sandbox: sandbox.client().get_a_user("ada")`.

    Args: as for `alloy_async.sandbox.Sandbox`.
    """

    def client(self, **options: Any) -> Any:
        """Make a sync client of this system that speaks to the sandbox.

        Args:
            options: of the client, as `retry=` or `deadline=`; a credential given here goes before the sandbox's own.

        Returns:
            An Alloy, Alsid, Opendatasoft, Smooch or Agilicus. Close it, or use it in a `with` block.
        """
        client: Client = load_sync_client(self.system)(**self._get_client_options(options))
        return client

    def async_client(self, **options: Any) -> Any:
        """Make an async client of this system that speaks to the sandbox; as `client`."""
        client: AsyncClient = load_client(self.system)(**self._get_client_options(options))
        return client

    def directory(self, **options: Any) -> Directory:
        """Make the directory of this system over a new async client, which you close with `directory.client.aclose()`.

        Args:
            options: of the client, as for `client`.
        """
        directory: Directory = load_directory(self.system)(self.async_client(**options), **self.place)
        return directory

    def check_faults(self) -> None:
        """Raise AssertionError where a fault rule was added and no request ever met it."""
        missed = [fault for fault in self.faults.unhit if fault.probability == 1]
        assert not missed, f"no request met these faults: {missed}"

    def _get_client_options(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"base_url": self.url, **self.credentials, **options}
