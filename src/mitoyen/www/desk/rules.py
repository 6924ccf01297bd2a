"""Who may open which page: the rules of `territory.perms`, applied to what an address names.

Each function takes a person and the page's subject. The subject's commune is that of its building; what lies
outside the territory (no commune) needs a role on the whole of it.
"""

from typing import Any

from django.http import HttpRequest

from mitoyen.channels.paper import letters
from mitoyen.channels.paper import perms as paper_perms
from mitoyen.channels.paper.models import LetterBatch, PaperForm, Sheet
from mitoyen.connect.models import Upload
from mitoyen.evaluate.models import Action, Closure
from mitoyen.gate import perms as gate_perms
from mitoyen.history.models import Batch, Datastream
from mitoyen.ledger.models import Notice
from mitoyen.operate.alerts import perms as alert_perms
from mitoyen.operate.alerts.models import Alert
from mitoyen.operate.models import Finding
from mitoyen.operate.work import perms as work_perms
from mitoyen.operate.work.models import WorkOrder
from mitoyen.services import perms as request_perms
from mitoyen.services.models import Opening, Request, Venue
from mitoyen.territory import perms
from mitoyen.territory.models import Agreement, Partner, Person, Place, Thing
from mitoyen.www.desk import scope
from mitoyen.www.desk.scope import commune_of


def person_of(request: HttpRequest) -> Person:
    """Who is signed in: `access.Page` lets nobody else through."""
    person = request.user
    assert isinstance(person, Person)
    return person


def sees_desk(person: Person, subject: Any) -> bool:
    """Whoever has a role other than partner sees the desk."""
    return perms.can_see_desk(person)


def sees_requests(person: Person, subject: Any) -> bool:
    """Clerks, operators, moderators and data protection officers of one commune at least."""
    return request_perms.can_see_requests(person)


def sees_request(person: Person, request: Request) -> bool:
    """Clerks, operators, moderators and data protection officers, in the request's commune; each act asks again who
    may do it."""
    return request_perms.can_see_request(person, request)


def takes_in(person: Person, subject: Any) -> bool:
    """Clerks and operators, for whoever stands at the counter or calls."""
    return request_perms.can_take_in(person)


def announces(person: Person, subject: Any) -> bool:
    """Operators and administrators of one commune at least."""
    return request_perms.can_announce(person)


def arranges(person: Person, subject: Any) -> bool:
    """Operators and administrators of one commune at least."""
    return request_perms.can_arrange(person)


def arranges_venue(person: Person, venue: Venue) -> bool:
    """Operators and administrators of the commune where it stands."""
    return request_perms.arranges(person).covers(venue.place.commune_id)


def arranges_hours(person: Person, opening: Opening) -> bool:
    """The same, for hours of a place to meet."""
    return arranges_venue(person, opening.venue)


def handles_form(person: Person, form: PaperForm) -> bool:
    """Clerks and operators of the commune where the sheet was scanned, and whoever scanned it."""
    return paper_perms.can_handle_form(person, form)


def sees_sheet(person: Person, named: tuple[Sheet, str, int]) -> bool:
    """Whoever may confirm the form that the sheet belongs to."""
    return paper_perms.can_handle_form(person, named[0].form)


def handles_letters(person: Person, batch: LetterBatch) -> bool:
    """Whoever gathered the batch, and whoever handles every request that its letters are about."""
    if batch.by == person.email and request_perms.can_take_in(person):
        return True
    found = letters.of(batch)
    return bool(found) and paper_perms.handled(person, found) == found


def makes_call(person: Person, notice: Notice) -> bool:
    """Clerks and operators, in the commune of the request that the call is about."""
    return paper_perms.can_handle_notice(person, notice)


def sees_erasing(person: Person, subject: Any) -> bool:
    """Data protection officers and administrators of one commune at least."""
    return request_perms.can_see_erasing(person)


def sees_receipt(person: Person, request: Request) -> bool:
    """Whoever took the request in, and who sees the requests of its commune."""
    mine = request.taken_by == person.email and request_perms.can_take_in(person)
    return mine or request_perms.can_see_request(person, request)


def sees_finding(person: Person, finding: Finding) -> bool:
    """Findings of one's own communes."""
    return perms.can_see_commune(person, finding.commune_id)


def decides_finding(person: Person, finding: Finding) -> bool:
    """Energy officers and operators, in the finding's commune."""
    return perms.can_decide_finding(person, finding.commune_id)


def sees_thing(person: Person, thing: Thing) -> bool:
    """Buildings of one's own communes."""
    return perms.can_see_commune(person, commune_of(thing))


def edits_thing(person: Person, thing: Thing) -> bool:
    """Energy officers and operators, in the building's commune."""
    return perms.can_edit_thing(person, commune_of(thing))


def records_action(person: Person, thing: Thing) -> bool:
    """Energy officers and operators, in the building's commune."""
    return perms.can_record_action(person, commune_of(thing))


def records_somewhere(person: Person, subject: Any) -> bool:
    """Whoever may record an action in one commune at least."""
    return bool(scope.managed(person))


def edits_action(person: Person, action: Action) -> bool:
    """Energy officers and operators, in the commune of what was acted on."""
    return perms.can_record_action(person, commune_of(action.thing))


def edits_closure(person: Person, closure: Closure) -> bool:
    """Energy officers and operators of the closed building's commune; for every building, of the whole territory."""
    return perms.can_record_action(person, commune_of(closure.thing) if closure.thing else closure.commune_id)


def corrects(person: Person, datastream: Datastream) -> bool:
    """Energy officers and operators, in the meter's commune."""
    return perms.can_correct(person, commune_of(datastream.thing))


def swaps_meter(person: Person, datastream: Datastream) -> bool:
    """Energy officers, operators and contractors, in the meter's commune."""
    return perms.can_swap_meter(person, commune_of(datastream.thing))


def imports_somewhere(person: Person, subject: Any) -> bool:
    """Whoever may import for one commune at least."""
    return perms.can_import_somewhere(person)


def handles_upload(person: Person, upload: Upload) -> bool:
    """Whoever may import for the commune it was dropped for; before one is named, whoever dropped it."""
    if not upload.commune and upload.by == person.email:
        return perms.can_import_somewhere(person)
    return perms.can_import(person, upload.commune or None)


def sees_batch(person: Person, batch: Batch) -> bool:
    """Whoever sees one of the communes that the batch fell in, and who brought it."""
    if batch.by == person.email and perms.can_see_desk(person):
        return True
    return any(perms.can_see_commune(person, code) for code in scope.communes_of_batch(batch))


def undoes_batch(person: Person, batch: Batch) -> bool:
    """Whoever may import in every commune that the batch fell in."""
    return perms.can_undo_batch(person, scope.communes_of_batch(batch))


def manages_keys(person: Person, subject: Any) -> bool:
    """Operators and administrators of the whole territory."""
    return gate_perms.can_manage_keys(person)


def manages_partners(person: Person, subject: Partner | Agreement | None) -> bool:
    """Operators and administrators of the whole territory, for every partner and agreement."""
    return perms.can_manage_partners(person)


def sees_place(person: Person, place: Place) -> bool:
    """Places of one's own communes."""
    return perms.can_see_commune(person, place.commune_id)


def edits_place(person: Person, place: Place) -> bool:
    """Energy officers and operators, in the place's commune."""
    return perms.can_edit_thing(person, place.commune_id)


def adds_place(person: Person, subject: Any) -> bool:
    """Whoever may describe what stands in one commune at least."""
    return bool(scope.managed(person))


def manages_accounts(person: Person, subject: Any) -> bool:
    """Administrators of one commune at least, once their second factor is set up in time."""
    held = perms.scope(person, perms.ADMINISTER)
    return bool(held) and not perms.is_second_factor_overdue(person)


def manages_account(person: Person, other: Person) -> bool:
    """Administrators, for people who have a role in their communes (or none yet)."""
    return manages_accounts(person, None) and reaches_account(perms.scope(person, perms.ADMINISTER), other)


def reaches_account(held: perms.Scope, other: Person) -> bool:
    """Whether a scope covers one of the other's roles; someone without a role is within anybody's reach."""
    places = [role.commune_id for role in other.roles.all()]
    return held.whole or not places or any(held.covers(place) for place in places)


def reads_audit(person: Person, subject: Any) -> bool:
    """Evaluators, data protection officers and administrators of the whole territory."""
    return perms.can_read_audit(person)


def sees_alerts(person: Person, subject: Any) -> bool:
    """Any role but partner and contractor, in one commune at least."""
    return alert_perms.can_see_alerts(person)


def sees_alert(person: Person, alert: Alert) -> bool:
    """The same, in the alert's commune; each act asks again who may do it."""
    return alert_perms.can_see_alert(person, alert)


def tunes_somewhere(person: Person, subject: Any) -> bool:
    """Operators and administrators of one commune at least; the form asks again for its commune."""
    return alert_perms.can_tune_somewhere(person)


def is_told(person: Person, subject: Any) -> bool:
    """Whoever sees alerts chooses which they are told of."""
    return alert_perms.can_be_told(person)


def sees_orders(person: Person, subject: Any) -> bool:
    """Any role but partner; each sees their own, see `operate.work.perms`."""
    return work_perms.can_see_orders(person)


def sees_order(person: Person, order: WorkOrder) -> bool:
    """Agents of its commune, and the contractors of the partner that it is given to."""
    return work_perms.can_see_order(person, order)


def works_on_order(person: Person, order: WorkOrder) -> bool:
    """Operators and energy officers of its commune, and the contractors of its partner; each act asks again."""
    return work_perms.can_work_on(person, order)


def says_who_works(person: Person, partner: Partner) -> bool:
    """Operators of the whole territory."""
    return work_perms.can_say_who_works(person)


def opens_order(person: Person, thing: Thing) -> bool:
    """Operators and energy officers, in the commune of the thing."""
    return work_perms.can_open_order(person, commune_of(thing))
