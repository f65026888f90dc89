"""Create the workers that an address names: local:4, or dask://scheduler:8786."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...core.argument_errors import format_argument_name
from ...core.errors import ConfigurationError
from .interface import Workers


def create_workers(on: str, command: Sequence[str], secrets: Mapping[str, str]) -> Workers:
    """Create the workers that `on` asks for; they start with `start_missing`.

    Args:
        on: local:N for processes of this machine, or dask://host:port, the scheduler of a cluster; dask+tls:// where it
            speaks TLS, by Dask's own configuration.
        command: what each runs: the arguments behind the name of the program, without anything secret.
        secrets: variables of their environment, of processes of this machine only.

    Raises:
        ConfigurationError: `on` is neither, or secrets would have to travel.
    """
    kind, _, rest = on.partition(":")
    if kind == "local" and rest.isdecimal() and int(rest) > 0:
        from .local_workers import LocalWorkers

        return LocalWorkers(int(rest), command, secrets)
    if kind in ("dask", "dask+tls") and rest.startswith("//") and len(rest) > 2:
        if secrets:
            raise ConfigurationError(
                "job= holds a password, which would travel to the hosts of on=dask: leave it out of the address, and give it"
                " on each host, in PGPASSWORD or ~/.pgpass"
            )
        from .dask_workers import DaskWorkers

        return DaskWorkers(f"{'tls' if kind == 'dask+tls' else 'tcp'}:{rest}", command)
    raise ConfigurationError(
        f"{format_argument_name('on')} takes local:N, as local:4, or dask://host:port; got {on!r}"
    )
