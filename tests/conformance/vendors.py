"""The vendors' packages, and how they are loaded."""

from __future__ import annotations

import importlib
import os
import warnings

import pytest

from . import agilicus, alloy, alsid, smooch
from .scenario import Vendor

VENDORS: dict[str, Vendor] = {
    module.VENDOR.system: module.VENDOR for module in (alloy, alsid, smooch, agilicus)
}
"""By system."""

REQUIRED = "CONFORMANCE_REQUIRED"
"""Environment variable: 1 makes a missing package a failure, where the whole suite has to run."""


def load(vendor: Vendor) -> None:
    """Import a vendor's package, or skip the test; fail it instead where all packages have to be there."""
    try:
        with warnings.catch_warnings():
            # In smooch, told by Python when it compiles the package: at installation, or else here and now.
            warnings.filterwarnings("ignore", ".*invalid escape sequence")
            importlib.import_module(vendor.module)
    except ModuleNotFoundError as error:
        message = f"{error}: {vendor.package} is needed (pip install 'alloy-async[conformance]')"
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"{message}, and {REQUIRED}=1 demands it")
        pytest.skip(message)
