"""Paper at the desk: from the scanned file to the request, with a human's word in between; letters, calls, posters."""

import datetime as dt
import io

import pypdfium2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from mitoyen.channels.paper import forms, intake, letters
from mitoyen.channels.paper.composing import compose
from mitoyen.channels.paper.enums import FormState
from mitoyen.channels.paper.models import LetterBatch, PaperForm, PrintedLayout, Scan, picture_path
from mitoyen.channels.paper.tasks import tidy
from mitoyen.ledger import jobs, outbox
from mitoyen.ledger.enums import NoticeState, NoticeWay
from mitoyen.ledger.models import AuditEntry, Job, Notice
from mitoyen.manifests.registry import services
from mitoyen.services import codes
from mitoyen.services.enums import Channel
from mitoyen.services.models import Contact, Fact, Request
from tests.channels.paper import scans
from tests.www.desk import sheets
from tests.www.desk.conftest import report

TYPED = {
    "q-category": "road",
    "q-place": "3 rue des Ponts",
    "place-commune": "49007",
    "q-words": "Un trou devant le 3.",
    "contact-way": "none",
}


def filled(name="report_problem", seed=6):
    """A form filled with a pen and scanned: its number, the truth by page, the file's bytes."""
    form = compose(services.installed()[name], "fr")
    number = codes.new_code()
    pdf = forms.drawn(form, [number])
    made = [scans.scan(scans.page_of(pdf, at), page, at + 1, seed + at) for at, page in enumerate(form.pages)]
    out = io.BytesIO()
    first, *others = [one.picture for one in reversed(made)]
    assert first is not None
    first.save(out, "PDF", save_all=True, append_images=others, resolution=200)
    return number, made, out.getvalue()


def typed(**more):
    today = timezone.localdate().isoformat()
    return {**TYPED, "arrived": today, **more}


def confirm(client, form, **more):
    return client.post(reverse("desk:paper-form", args=[form.pk]), typed(**more))


def test_from_the_scanned_file_to_the_request(desk, sign_in):
    number, made, content = filled()
    client = sign_in(desk.clerk)
    before = Request.objects.count()
    answer = client.post(reverse("desk:paper"), {"scans": SimpleUploadedFile("scan.pdf", content)})
    assert (answer.status_code, answer.url) == (302, reverse("desk:paper"))
    while jobs.work_once():
        pass
    scan = Scan.objects.get()
    assert (scan.pages, scan.unread, scan.path, scan.commune) == (2, [], "", "49007")
    assert not scan.file.is_file()
    form = PaperForm.objects.get(number=number)
    assert Request.objects.count() == before
    page = client.get(reverse("desk:paper-form", args=[form.pk])).content.decode()
    for question, choice in made[0].ticked:
        assert f'name="q-{question}" value="{choice}" checked' in page
    for sheet in form.sheets.all():
        crop = client.get(reverse("desk:paper-picture", args=[sheet.pk, "page", 0]))
        assert crop.content.startswith(b"\x89PNG")
    seen = {f"seen-{name}": "1" for name in ("category", "place", "words", "danger", "-contact")}
    done = confirm(client, form, **seen)
    request = Request.objects.get(code=number)
    assert done.url == reverse("desk:receipt", args=[request.pk])
    assert (request.channel, request.taken_by, request.commune_id) == (Channel.PAPER, "clerk@example.org", "49007")
    assert request.answers["words"] == "Un trou devant le 3."
    again = confirm(client, form, **seen)
    assert again.status_code == 200
    assert Request.objects.count() == before + 1


def test_the_same_answers_are_the_same_record_as_at_the_counter(desk, sign_in):
    client = sign_in(desk.clerk)
    confirm(client, desk.sheet_form, **{"contact-way": "sms", "contact-value": "06 12 34 56 78"})
    client.post(
        reverse("desk:counter-form", args=["report_problem"]),
        {**TYPED, "contact-way": "sms", "contact-value": "06 12 34 56 78", "same-request": "other"},
    )
    paper, counter = (Request.objects.get(channel=channel, pk__gt=desk.demand.pk) for channel in ("paper", "counter"))
    same = ("service", "version", "answers", "category", "commune_id", "longitude", "team", "state", "language")
    assert [getattr(paper, name) for name in same] == [getattr(counter, name) for name in same]
    assert Contact.objects.get(request=paper).value == Contact.objects.get(request=counter).value


def test_nothing_unclear_is_handed_in_before_someone_looked(desk, sign_in):
    client = sign_in(desk.clerk)
    form = sheets.sheet_form(ticked=(), unsure=(("category", "road"),), written=())
    page = client.get(reverse("desk:paper-form", args=[form.pk])).content.decode()
    assert 'value="road" checked' not in page
    assert "Rue, trottoir" in page
    assert "paper-look--needed" in page
    assert confirm(client, form).status_code == 422
    assert form.request is None
    assert confirm(client, form, **{"seen-category": "1"}).status_code == 302


def test_what_is_written_must_be_typed_or_looked_at(desk, sign_in):
    client = sign_in(desk.clerk)
    form = sheets.sheet_form(written=(("place", ""), ("words", ""), ("-contact", "value")))
    refused = confirm(client, form)
    assert refused.status_code == 422
    assert "Quelque chose est écrit ici" in refused.content.decode()
    assert confirm(client, form, **{"seen--contact": "1"}).status_code == 302


def test_missing_pages_and_a_number_that_came_twice_are_said(desk, sign_in):
    client = sign_in(desk.clerk)
    form = sheets.sheet_form()
    form.sheets.get(page=2).delete()
    assert "Pages manquantes\u00a0: 2" in client.get(reverse("desk:paper-form", args=[form.pk])).content.decode()
    assert confirm(client, form).status_code == 422
    assert confirm(client, form, **{"seen-pages": "1"}).status_code == 302
    twin = sheets.sheet_form(number=form.number)
    assert confirm(client, twin, **{"same-request": "other"}).status_code == 422
    assert confirm(client, twin, **{"seen-twins": "1", "same-request": "other"}).status_code == 302
    twin.refresh_from_db()
    assert twin.request is not None
    assert twin.request.code != form.number


def test_a_sheet_that_arrived_days_ago_is_promised_from_that_day(desk, sign_in):
    client = sign_in(desk.clerk)
    day = timezone.localdate() - dt.timedelta(days=3)
    confirm(client, desk.sheet_form, arrived=day.isoformat())
    request = Request.objects.get(code=desk.sheet_form.number)
    assert timezone.localtime(request.received_at).date() == day
    assert request.promised_for == day + dt.timedelta(days=5)
    tomorrow = (timezone.localdate() + dt.timedelta(days=1)).isoformat()
    assert confirm(client, sheets.sheet_form(), arrived=tomorrow).status_code == 422
    assert confirm(client, sheets.sheet_form(), arrived="").status_code in (200, 422)
    assert Request.objects.filter(channel="paper").count() == 1


def test_a_page_scanned_later_joins_its_form_and_a_file_is_read_once(desk, home):
    number, _made, content = filled()
    one, two = _split(content)
    for name, body in (("one.pdf", one), ("two.pdf", two), ("again.pdf", two)):
        intake.read(_dropped(name, body, home))
    form = PaperForm.objects.get(number=number)
    assert [sheet.page for sheet in form.sheets.all()] == [1, 2]
    assert Scan.objects.get(name="again.pdf").unread[0]["code"] == "known"


def test_a_hostile_upload_is_only_said_to_be_unreadable(desk, sign_in):
    client = sign_in(desk.clerk)
    for name, body in (("../../x.pdf", b"%PDF-1.4 broken"), ("a.png", b"\x89PNG" + b"\0" * 99), ("b.exe", b"MZ")):
        client.post(reverse("desk:paper"), {"scans": SimpleUploadedFile(name, body)})
    while jobs.work_once():
        pass
    assert [scan.unread[0]["code"] for scan in Scan.objects.all()] == ["no_picture"] * 3
    assert {scan.name for scan in Scan.objects.all()} == {"x.pdf", "a.png", "b.exe"}
    shown = client.get(reverse("desk:paper")).content.decode()
    assert "Ce n’est pas un PDF" in shown
    assert client.post(reverse("desk:paper"), {}).status_code == 422


def test_set_aside_with_a_reason_and_taken_up_again(desk, sign_in):
    client = sign_in(desk.clerk)
    address = reverse("desk:paper-aside", args=[desk.sheet_form.pk])
    assert client.post(address, {"why": ""}).status_code == 422
    client.post(address, {"why": "Feuille vide"})
    desk.sheet_form.refresh_from_db()
    assert (desk.sheet_form.state, desk.sheet_form.why) == (FormState.SET_ASIDE, "Feuille vide")
    assert "Feuille vide" in client.get(reverse("desk:paper-form", args=[desk.sheet_form.pk])).content.decode()
    client.post(address)
    desk.sheet_form.refresh_from_db()
    assert desk.sheet_form.state == FormState.WAITING
    assert set(AuditEntry.objects.filter(action__startswith="paper.").values_list("action", flat=True)) == {
        "paper.set_aside",
        "paper.taken_up",
    }


def test_pictures_are_destroyed_a_month_after_the_end(desk, home):
    old = timezone.now() - dt.timedelta(days=31)
    PaperForm.objects.update(state=FormState.HANDED_IN, ended_at=old)
    waiting = sheets.sheet_form(ended_at=None)
    picture = desk.sheet_form.sheets.get(page=1).picture
    tidy(Job())
    assert not any(sheet.picture or sheet.reading for sheet in desk.sheet_form.sheets.all())
    assert picture_path(picture).is_file()
    assert all(sheet.picture for sheet in waiting.sheets.all())
    PaperForm.objects.update(state=FormState.HANDED_IN, ended_at=old)
    stuck = _dropped("stuck.pdf", b"%PDF", home)
    Scan.objects.update(at=old)
    tidy(Job())
    assert not picture_path(picture).is_file()
    assert not stuck.file.is_file()
    assert Scan.objects.get(pk=stuck.pk).path == ""


def test_forms_are_printed_from_the_desk_with_as_many_numbers(desk, sign_in):
    answer = sign_in(desk.clerk).post(
        reverse("desk:paper-print", args=["my_data"]), {"exemplaires": "3", "langue": "en", "grand": "1"}
    )
    assert answer["Content-Type"] == "application/pdf"
    kept = PrintedLayout.objects.get(service="my_data")
    assert (kept.language, kept.large) == ("en", True)
    assert _pages(answer.content) == 3 * len(kept.layout.pages)


def test_letters_are_handed_over_once_they_are_posted(desk, sign_in):
    client = sign_in(desk.clerk)
    notice = sheets.letter(desk.demand, key="letter:2")
    client.post(reverse("desk:letters-gather"))
    batch = LetterBatch.objects.latest("pk")
    notice.refresh_from_db()
    assert (notice.state, notice.reference) == (NoticeState.HANDING, batch.reference)
    text = _text(client.get(reverse("desk:letters-pdf", args=[batch.pk])).content)
    assert "Marie Dupont" in text
    assert "49000 ANGERS" in text
    assert "Le trou est bouché." in text
    client.post(reverse("desk:letters-act", args=[batch.pk]), {"act": "back"})
    notice.refresh_from_db()
    assert (notice.state, notice.reference) == (NoticeState.QUEUED, "")
    client.post(reverse("desk:letters-gather"))
    batch = LetterBatch.objects.latest("pk")
    for _twice in range(2):
        client.post(reverse("desk:letters-act", args=[batch.pk]), {"act": "posted"})
    notice.refresh_from_db()
    assert notice.state == NoticeState.HANDED
    assert AuditEntry.objects.filter(action="letters.posted").count() == 1
    client.post(reverse("desk:letters-act", args=[batch.pk]), {"act": "back"})
    notice.refresh_from_db()
    assert letters.put_back(batch, "clerk@example.org") == 0
    notice.refresh_from_db()
    assert notice.state == NoticeState.HANDED


def test_letters_of_other_communes_are_left(desk, sign_in):
    elsewhere = report("Un autre trou.", desk.trelaze)
    notice = sheets.letter(elsewhere, key="letter:3")
    client = sign_in(desk.clerk)
    assert "0 lettre" in client.get(reverse("desk:letters")).content.decode()
    client.post(reverse("desk:letters-gather"))
    notice.refresh_from_db()
    assert notice.state == NoticeState.QUEUED


def test_a_call_is_made_or_comes_back_and_is_given_up_after_six(desk, sign_in):
    client = sign_in(desk.clerk)
    page = client.get(reverse("desk:calls")).content.decode()
    assert "02 41 00 00 00" in page
    assert "Le trou est bouché." in page
    client.post(reverse("desk:call-act", args=[desk.call.pk]), {"act": "reached"})
    desk.call.refresh_from_db()
    assert desk.call.state == NoticeState.ARRIVED
    other = sheets.call(desk.demand, key="call:2")
    Contact.objects.create(request=desk.demand, way="phone", value=other.to)
    for attempt in range(1, 7):
        client.post(reverse("desk:call-act", args=[other.pk]), {"act": "missed"})
        other.refresh_from_db()
        assert other.attempts == attempt
        if attempt < 6:
            assert other.due_at > timezone.now() + dt.timedelta(hours=2)
            assert "02 41 00 00 00" not in client.get(reverse("desk:calls")).content.decode()
    assert other.state == NoticeState.FAILED
    assert Fact.objects.filter(request=desk.demand, kind="unreached").exists()


def test_the_poster_counts_and_never_shows_a_code_a_name_or_a_house(desk, sign_in):
    from mitoyen.channels.paper import posters
    from mitoyen.services import timeline

    timeline.close(desk.demand, "Bouché hier.", "clerk@example.org")
    timeline.close(report("Encore un trou.", desk.angers), "Bouché.", "clerk@example.org")
    late = report("Toujours un trou.", desk.angers)
    report("Une autre chose.", desk.angers)
    Request.objects.filter(pk=late.pk).update(promised_for=timezone.localdate() - dt.timedelta(days=1))
    Contact.objects.create(request=desk.demand, way="mail", value="marie@exemple.fr", name="Marie Dupont")
    text = _text(posters.poster(desk.angers, timezone.localdate(), "fr"))
    assert "4 demandes sont arrivées." in text
    assert "2 demandes sont terminées." in text
    assert "1 demande devrait déjà avoir une réponse." in text
    assert "Rue, trottoir – rue des Ponts, Angers (2)" in text
    for secret in ("3 rue", desk.demand.code, codes.shown(desk.demand.code), "Marie", "Un trou", "Bouché"):
        assert secret not in text
    empty = _text(posters.poster(desk.trelaze, timezone.localdate(), "fr"))
    assert "Personne n’a rien demandé cette semaine." in empty
    answer = sign_in(desk.clerk).get(reverse("desk:poster"), {"commune": "49007"})
    assert answer["Content-Type"] == "application/pdf"
    assert sign_in(desk.clerk).get(reverse("desk:poster"), {"commune": "49353"}).status_code == 302


def test_one_may_not_call_or_post_in_the_place_of_another_commune(desk, sign_in):
    outbox.put(NoticeWay.PHONE, "+33241000001", "…", key="call:all", about="topic:flood")
    page = sign_in(desk.clerk).get(reverse("desk:calls")).content.decode()
    assert "02 41 00 00 01" not in page
    assert "02 41 00 00 01" in sign_in(desk.operator).get(reverse("desk:calls")).content.decode()
    assert Notice.objects.filter(key="call:all", state=NoticeState.QUEUED).exists()


def _dropped(name, body, home):
    import hashlib

    file = home / "staging" / f"upload-{name}"
    file.write_bytes(body)
    return Scan.objects.create(
        name=name, path=file.name, sha256=hashlib.sha256(body).hexdigest(), size=len(body), by="clerk@example.org"
    )


def _split(content):
    """Each page as a PDF of its own."""
    source = pypdfium2.PdfDocument(content)
    for at in range(len(source)):
        one, out = pypdfium2.PdfDocument.new(), io.BytesIO()
        one.import_pages(source, [at])
        one.save(out)
        one.close()
        yield out.getvalue()
    source.close()


def _pages(pdf):
    document = pypdfium2.PdfDocument(pdf)
    try:
        return len(document)
    finally:
        document.close()


def _text(pdf):
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()


pytestmark = pytest.mark.django_db


def home_page(client, **asked):
    return client.get(reverse("desk:home"), asked).content.decode()


def test_a_form_that_waits_is_told_today_to_who_may_confirm_it(desk, sign_in):
    address, key = reverse("desk:paper-form", args=[desk.sheet_form.pk]), f"papier-{desk.sheet_form.pk}"
    page = home_page(sign_in(desk.clerk))
    assert f"?quoi={key}#" in page
    assert "Signaler un problème" in page
    assert address in home_page(sign_in(desk.clerk), quoi=key)
    for other in (desk.clerk_trelaze, desk.officer, desk.reader, desk.moderator):
        assert key not in home_page(sign_in(other))
    PaperForm.objects.update(state=FormState.HANDED_IN)
    assert key not in home_page(sign_in(desk.clerk))


def test_what_waits_is_never_hidden_behind_what_is_done_elsewhere(desk, sign_in):
    told = {"service": "report_problem", "version": "1.0", "language": "fr", "digest": "x", "by": "else@example.org"}
    PaperForm.objects.bulk_create(
        PaperForm(**told, number=codes.new_code(), commune="49353", state=FormState.HANDED_IN) for _one in range(210)
    )
    address = reverse("desk:paper-form", args=[desk.sheet_form.pk])
    assert address in sign_in(desk.clerk).get(reverse("desk:paper")).content.decode()
    assert address not in sign_in(desk.clerk_trelaze).get(reverse("desk:paper")).content.decode()
