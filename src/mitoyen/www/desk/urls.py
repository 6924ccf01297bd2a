"""Addresses of the desk. Each names what it is about, who may open it and whether it writes (see `access.Page`)."""

from mitoyen.www.desk import (
    accounts,
    actions,
    agreements,
    audit_trail,
    batches,
    buildings,
    closures,
    corrections,
    describing,
    findings,
    home,
    importing,
    partners,
    places,
    rules,
    subjects,
    swaps,
)
from mitoyen.www.desk.access import Page
from mitoyen.www.desk.receiving import receiver

app_name = "desk"
FORM = ("GET", "POST")
POST = ("POST",)
R, S = rules, subjects
MEASURE = "mesures/<slug:slug>/<slug:observed_property>/"

PAGES = (
    Page("home", "", home.today, R.sees_desk),
    Page("findings", "pistes/", findings.listed, R.sees_desk),
    Page("finding", "pistes/<int:number>/", findings.story, R.sees_finding, S.finding),
    Page("finding-decide", "pistes/<int:number>/decider/", findings.decision, R.decides_finding, S.finding, POST),
    Page("finding-undo", "pistes/<int:number>/annuler/", findings.undo, R.decides_finding, S.finding, POST),
    Page("imports", "importer/", importing.drop, R.imports_somewhere, methods=FORM, receives=receiver),
    Page("upload", "importer/<int:number>/", importing.story, R.handles_upload, S.upload),
    Page("upload-answer", "importer/<int:number>/repondre/", importing.answer, R.handles_upload, S.upload, POST),
    Page("upload-confirm", "importer/<int:number>/confirmer/", importing.confirm, R.handles_upload, S.upload, POST),
    Page("upload-give-up", "importer/<int:number>/abandonner/", importing.give_up, R.handles_upload, S.upload, POST),
    Page("batches", "lots/", batches.listed, R.sees_desk),
    Page("batch", "lots/<int:number>/", batches.story, R.sees_batch, S.batch),
    Page("batch-undo", "lots/<int:number>/reprendre/", batches.take_back, R.undoes_batch, S.batch, POST),
    Page("buildings", "batiments/", buildings.listed, R.sees_desk),
    Page("building", "batiments/<slug:slug>/", buildings.story, R.sees_thing, S.building),
    Page("building-describe", "batiments/<slug:slug>/decrire/", describing.edit, R.edits_thing, S.building, FORM),
    Page("action-new", "batiments/<slug:slug>/actions/nouvelle/", actions.new, R.records_action, S.building, FORM),
    Page("correct", f"{MEASURE}corriger/", corrections.correct, R.corrects, S.datastream, FORM),
    Page("swap", f"{MEASURE}compteur/", swaps.swap, R.swaps_meter, S.datastream, FORM),
    Page("swap-undo", f"{MEASURE}compteur/reprendre/", swaps.undo, R.swaps_meter, S.datastream, POST),
    Page("actions", "actions/", actions.listed, R.sees_desk),
    Page("action", "actions/<int:number>/", actions.edit, R.edits_action, S.action, FORM),
    Page("action-take-back", "actions/<int:number>/reprendre/", actions.take_back, R.edits_action, S.action, POST),
    Page("corrections", "corrections/", corrections.listed, R.sees_desk),
    Page("closures", "fermetures/", closures.listed, R.sees_desk),
    Page("closure-new", "fermetures/nouvelle/", closures.new, R.records_somewhere, methods=FORM),
    Page("closure-remove", "fermetures/<int:number>/retirer/", closures.remove, R.edits_closure, S.closure, POST),
    Page("places", "lieux/", places.listed, R.sees_desk),
    Page("place-new", "lieux/nouveau/", places.new, R.adds_place, methods=FORM),
    Page("place", "lieux/<int:number>/", places.story, R.sees_place, S.place),
    Page("place-edit", "lieux/<int:number>/modifier/", places.edit, R.edits_place, S.place, FORM),
    Page("place-put", "lieux/<int:number>/installer/", places.put, R.edits_place, S.place, POST),
    Page("partners", "partenaires/", partners.listed, R.sees_desk),
    Page("partner-new", "partenaires/nouveau/", partners.new, R.manages_partners, methods=FORM),
    Page("partner", "partenaires/<int:number>/", partners.story, R.sees_desk, S.partner),
    Page("partner-edit", "partenaires/<int:number>/modifier/", partners.edit, R.manages_partners, S.partner, FORM),
    Page(
        "agreement-new",
        "partenaires/<int:number>/conventions/nouvelle/",
        agreements.new,
        R.manages_partners,
        S.partner,
        FORM,
    ),
    Page("agreement-end", "conventions/<int:number>/fin/", agreements.end, R.manages_partners, S.agreement, FORM),
    Page("accounts", "comptes/", accounts.listed, R.manages_accounts),
    Page("account-new", "comptes/nouveau/", accounts.new, R.manages_accounts, methods=FORM),
    Page("account", "comptes/<int:number>/", accounts.story, R.manages_account, S.person),
    Page("account-role-add", "comptes/<int:number>/roles/", accounts.add_role, R.manages_account, S.person, POST),
    Page(
        "account-role-remove",
        "comptes/<int:number>/roles/retirer/",
        accounts.remove_role,
        R.manages_account,
        S.person,
        POST,
    ),
    Page("account-close", "comptes/<int:number>/fermer/", accounts.close, accounts.may_close, S.person, POST),
    Page("account-reset", "comptes/<int:number>/mot-de-passe/", accounts.reset, accounts.may_close, S.person, POST),
    Page("audit", "journal/", audit_trail.listed, R.reads_audit),
    Page("privacy", "donnees-personnelles/", audit_trail.privacy, R.sees_desk),
    Page("help", "aide/", audit_trail.help_page, R.sees_desk),
)

urlpatterns = [page.url() for page in PAGES]
