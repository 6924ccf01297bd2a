"""Addresses of the people's door: the portal at the root, the desk under bureau/, accounts under compte/.

French is the default and has no prefix; English stands under en/.
"""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

from mitoyen.www.assets import serve

urlpatterns = [
    path("habillage/<str:digest>/<path:name>", serve, name="asset"),
    path("open311/", include("mitoyen.www.open311.urls")),
    *i18n_patterns(
        path("compte/", include("mitoyen.www.accounts.urls")),
        path("bureau/", include("mitoyen.www.desk.urls")),
        path("", include("mitoyen.www.portal.urls")),
        prefix_default_language=False,
    ),
]

handler500 = "mitoyen.www.faults.broken"
