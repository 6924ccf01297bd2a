"""How often one visitor or number may try something in an hour: enough for a family behind one address, too little to
guess codes or to flood. Counted in the database, since several processes answer."""

import datetime as dt
import hashlib
import hmac
import ipaddress

from django.conf import settings
from django.db import connection
from django.utils import timezone

from mitoyen.services.models import Tries

# Wrong codes and submissions an hour. Of 1.7e10 codes, 30 guesses an hour find nothing. `wrong_code_mail` counts those
# of all mails together, since senders are easily made up; `mail_answer` ends a talk between two machines.
LIMITS = {
    "wrong_code": 30,
    "wrong_code_mail": 300,
    "submission": 60,
    "support": 120,
    "photo": 100,
    "printed_form": 40,
    "mail_answer": 8,
    "open311": 1000,
    "sms_answer": 60,
}
KEPT_FOR = dt.timedelta(days=2)


def is_over(what: str, who: str) -> bool:
    """Whether `who` (an address, a number) reached this hour's limit."""
    with connection.cursor() as cursor:
        # Before each submission: as SQL, which takes a fifth of the time.
        cursor.execute(
            "SELECT count FROM services_tries WHERE what = %s AND who = %s AND hour = %s",
            [what, _hashed(who), connection.ops.adapt_datetimefield_value(_hour())],
        )
        tried = cursor.fetchone()
    return tried is not None and tried[0] >= LIMITS[what]


def count(what: str, who: str, times: int = 1) -> None:
    """One more try, or several: one statement, so that two at once count as two."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO services_tries (what, who, hour, count) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (what, who, hour) DO UPDATE SET count = services_tries.count + excluded.count",
            [what, _hashed(who), connection.ops.adapt_datetimefield_value(_hour()), times],
        )


def forget_old() -> int:
    """Remove what is older than two days; how many rows."""
    removed, _detail = Tries.objects.filter(hour__lt=timezone.now() - KEPT_FOR).delete()
    return removed


def _hour() -> dt.datetime:
    return timezone.now().replace(minute=0, second=0, microsecond=0)


def _hashed(who: str) -> str:
    day = timezone.now().date().isoformat()
    return hmac.new(settings.SECRET_KEY.encode(), f"{day}|{_line(who)}".encode(), hashlib.sha256).hexdigest()


def _line(who: str) -> str:
    """An IPv6 visitor has 2^64 addresses, all behind one line: those count as one."""
    try:
        address = ipaddress.ip_address(who)
    except ValueError:
        return who
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, 64), strict=False))
