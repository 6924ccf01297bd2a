"""The WSGI application that granian serves."""

import gc
import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mitoyen.settings")
application = get_wsgi_application()

from django.template.loader import get_template  # noqa: E402 - once Django is set up
from django.urls import reverse  # noqa: E402

from mitoyen.manifests import registry  # noqa: E402

# Two threads share a process: the one that keeps a request must not wait five milliseconds, Python's default, after
# each statement until the other lets it go on, with all other writers behind it.
sys.setswitchinterval(0.001)
# What the first visitor of a process would wait for, over a second: every view, manifest and form.
reverse("portal:services")
registry.installed()
registry.services.installed()
get_template("portal/service.html")
# This lives as long as the process: looking through it for garbage stopped every visitor for 80 ms, and the writers of
# other processes too when it came in a turn to write.
gc.collect()
gc.freeze()
