"""What the contracts allow, through the vendors' packages: the page tells every kind of difference, and no other."""

from __future__ import annotations

import pytest

from .generated import KINDS, measure, read_findings
from .scenario import Vendor
from .vendors import VENDORS, load


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
def test_the_page_tells_every_kind_of_difference(vendor: Vendor) -> None:
    load(vendor)
    found, told = measure(vendor), read_findings()[vendor.system]
    assert found.keys() <= KINDS.keys(), "a difference of a new kind"
    new = {kind: sorted(found[kind]) for kind in found.keys() - told.keys()}
    assert not new, "run: python -m tests.conformance.generated, and look at what is new"
    assert not told.keys() - found.keys(), "these no longer hold: run python -m tests.conformance.generated"
