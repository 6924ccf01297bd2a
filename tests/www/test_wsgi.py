"""A process of the people's door is ready before its first visitor comes."""

from tests.ledger.conftest import Installation, installation, postgresql  # noqa: F401 - fixtures

READY = """
import gc, sys
import mitoyen.www.wsgi
from mitoyen.manifests import registry
print("mitoyen.www.desk.urls" in sys.modules, registry.services._seen is not None)
print(sys.getswitchinterval(), gc.get_freeze_count() > 100_000)
"""


def test_views_and_manifests_are_there_once_the_application_is(installation: Installation):  # noqa: F811
    assert installation.run(READY) == "True True\n0.001 True"
