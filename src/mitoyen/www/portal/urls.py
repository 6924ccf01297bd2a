"""Addresses of the portal, French words in both languages: an address that was printed stays."""

from django.urls import path

from mitoyen.www.portal import (
    account,
    audit,
    buildings,
    communes,
    data,
    downloads,
    figures,
    following,
    home,
    parity,
    public_requests,
    services,
    texts,
    where_when,
)

app_name = "portal"
urlpatterns = [
    path("", home.home, name="home"),
    path("communes/", communes.listing, name="communes"),
    path("communes/<slug:slug>/", communes.commune, name="commune"),
    path("communes/<slug:slug>/affiche/", communes.poster, name="poster"),
    path("batiments/<slug:slug>/", buildings.building, name="building"),
    path("chiffres/<slug:figure_id>/", figures.figure, name="figure"),
    path("chiffres/<slug:figure_id>/recalcul/", figures.again, name="recompute"),
    path("chiffres/<slug:figure_id>/serie.csv", figures.series, name="series"),
    path("comptes/", account.account, name="account"),
    path("comptes/batiments/", account.buildings, name="account-buildings"),
    path("comptes/non-prouve/", account.not_proven, name="account-not-proven"),
    path("comment-nous-comptons/", texts.method, name="method"),
    path("donnees/", data.catalogue, name="data"),
    path("donnees/catalogue.json", data.catalogue_json, name="catalogue"),
    path("donnees/communes/<slug:slug>/", data.of_commune, name="data-commune"),
    path("donnees/mesures/<slug:thing>/<slug:observed_property>/", data.datastream, name="datastream"),
    path(
        "donnees/mesures/<slug:thing>/<slug:observed_property>/<int:year>.<slug:form>",
        downloads.readings,
        name="readings",
    ),
    path("services/", services.doors, name="services"),
    path("services/<slug:name>/", services.form, name="service"),
    path("services/<slug:name>/recu/<str:signed>/", services.received, name="service-received"),
    path("services/<slug:name>/demandes/", public_requests.listed, name="service-requests"),
    path("services/<slug:name>/demandes/<int:number>/", public_requests.one, name="service-request"),
    path("services/<slug:name>/demandes/<int:number>/soutenir/", public_requests.support, name="service-support"),
    path("services/<slug:name>/ou-et-quand/", where_when.of_ours, name="where-when"),
    path("services/<slug:name>/ou-et-quand/<slug:source>/", where_when.of_another, name="where-when-source"),
    path("le-meme-service-pour-tous/", parity.page, name="parity"),
    path("suivre/", following.follow, name="follow"),
    path("moderation/", public_requests.moderation, name="moderation"),
    path("photos/<str:signed>/", public_requests.photo, name="photo"),
    path("accessibilite/", texts.accessibility, name="accessibility"),
    path("audit/tetes.json", audit.heads, name="heads"),
]
