"""A pytest plugin, loaded before Django's settings: tests never see the developer's own installation."""

import os
import tempfile
from pathlib import Path

for name in [name for name in os.environ if name.startswith("MITOYEN_")]:
    del os.environ[name]
_folder = tempfile.TemporaryDirectory(prefix="mitoyen-tests-")
os.environ["MITOYEN_HOME"] = _folder.name
(Path(_folder.name) / "static").mkdir()
# Playwright keeps an event loop in the test process; the ORM is still only called from plain functions.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
