"""`mitoyen forms print`, `mitoyen scan`, `mitoyen poster`: as a script uses them."""

import msgspec
import pypdfium2

from mitoyen.channels.paper.layout import Layout
from tests.channels.paper import scans


def test_a_printed_form_is_scanned_and_read(installation, tmp_path):
    pdf, scan, crops = tmp_path / "form.pdf", tmp_path / "scan.pdf", tmp_path / "crops"
    installation.run("forms", "print", "report_problem", "--count", "2", "--large", "-o", pdf)
    layout = installation.python(
        "import msgspec\nfrom mitoyen.channels.paper.models import PrintedLayout\n"
        "print(msgspec.json.encode(PrintedLayout.objects.get().content).decode())"
    )

    form = msgspec.json.decode(layout, type=Layout)
    assert form.large
    with pypdfium2.PdfDocument(pdf) as document:
        assert len(document) == 2 * len(form.pages)
    first = [scans.scan(scans.page_of(pdf, at), page, at + 1, 12 + at) for at, page in enumerate(form.pages)]
    scans.saved([one.picture for one in reversed(first)], scan)
    content = installation.json("scan", scan, "--crops", crops)
    (read,) = content["forms"]
    assert (read["service"], read["large"], read["missing"], content["unread"]) == ("report_problem", True, [], [])
    sure = {
        (box["question"], box["choice"])
        for page in read["pages"]
        for box in page["boxes"]
        if box["verdict"] == "ticked" and box["confidence"] >= 0.9
    }
    assert sure <= set().union(*(one.ticked for one in first))
    assert sure
    assert len(list(crops.glob("*.png"))) >= sum(len(one.written) for one in first)
    said = installation.run("scan", scan).stdout
    assert read["number"][:3] in said
    assert "cochée" in said
    (tmp_path / "no.pdf").write_bytes(b"nothing")
    broken = installation.json("scan", scan, tmp_path / "no.pdf", expect=1)
    assert [one["code"] for one in broken["unread"]] == ["no_picture"]
    assert len(broken["forms"]) == 1


def test_what_can_t_be_printed_is_refused_with_what_to_do(installation, tmp_path):
    out = tmp_path / "x.pdf"
    assert "report_problem" in installation.run("forms", "print", "nothing", "-o", out, expect=1).stderr
    assert "fr" in installation.run("forms", "print", "my_data", "--language", "de", "-o", out, expect=1).stderr
    assert "numérisés" in installation.run("scan", out, expect=1).stderr
    installation.run("communes", "load")
    installation.run("poster", "nowhere", "-o", out, expect=1)
    installation.run("poster", "angers", "--week", "yesterday", "-o", out, expect=1)
    assert not out.exists()
    installation.run("poster", "angers", "--week", "2026-11-23", "-o", out)
    with pypdfium2.PdfDocument(out) as document:
        width, height = document[0].get_size()
        assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == (297, 420)
        assert "23 novembre" in document[0].get_textpage().get_text_bounded()
        assert len(document) == 1
    installation.run("poster", "angers", "-o", tmp_path / "no" / "x.pdf", expect=1)
