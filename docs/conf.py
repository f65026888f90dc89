"""How the guide is built: `python -m sphinx -W -b html docs docs/_build`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from alloy_async import __version__

project = "alloy_async"
author = "the alloy_async maintainers"
release = version = __version__
extensions = ["myst_parser", "reference_pages"]
exclude_patterns = ["_build", "_ext"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"alloy_async {__version__}"
html_copy_source = False
html_show_sphinx = False
nitpicky = True
