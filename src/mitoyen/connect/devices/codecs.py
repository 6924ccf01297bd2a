"""Codecs of the register: a script added once, known by its hash, given to the models that need it."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from mitoyen.connect.codecs.answers import Fault, Frame, Reason
from mitoyen.connect.codecs.layout import LayoutFault, read
from mitoyen.connect.codecs.pool import Pool
from mitoyen.connect.codecs.telling import told
from mitoyen.connect.devices.models import Codec, DeviceModel
from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused

LARGEST = 2_000_000


def add_codec(path: Path, name: str, by: str, *, source: str = "", model: DeviceModel | None = None) -> Codec:
    """Keep the script of a JavaScript file, or of a codec's YAML description; the same again is the one kept before.

    `model` decodes with it from now on. Raises Refused for a script that does not load.
    """
    script = _script(path)
    _try(script)
    digest = hashlib.sha256(script.encode()).hexdigest()
    with transaction.atomic():
        about = {"name": (name or path.stem)[:120], "script": script, "source": source[:300], "kept_by": by[:200]}
        codec, new = Codec.objects.get_or_create(sha256=digest, defaults=about)
        if model is not None and model.codec_id != codec.pk:
            model.codec = codec
            model.save(update_fields=["codec"])
            audit.record(by, "devices.codec_given", model.slug, codec=codec.name, sha256=digest)
        if new:
            audit.record(by, "devices.codec_added", codec.name, sha256=digest, source=source)
    return codec


def _script(path: Path) -> str:
    if not path.is_file() or path.stat().st_size > LARGEST:
        raise Refused(_("%(file)s is no file that can hold a codec.") % {"file": path}, code="no_file")
    if path.suffix in (".yaml", ".yml"):
        try:
            described = read(path, path.parent.parent, datetime.now(UTC))
        except LayoutFault as fault:
            raise Refused(f"{path.name}: {fault}", code="bad_codec") from fault
        if described is None or isinstance(described.script, LayoutFault):
            says = _("it describes no decoder") if described is None else str(described.script)
            raise Refused(f"{path.name}: {says}", code="bad_codec")
        return described.script
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Refused(_("The script is not in UTF-8."), code="bad_codec") from error


def _try(script: str) -> None:
    """Load it in a worker of its own; that it can't decode one empty byte is no fault."""
    with Pool(workers=1) as pool:
        pool.register("tried", script)
        (answer,) = pool.decode("tried", [Frame(b"\x00", 1, 0)])
    if isinstance(answer, Fault) and answer.reason == Reason.BROKEN:
        raise Refused(_("The codec can't be used: %(why)s") % {"why": told(answer)}, code="bad_codec")
