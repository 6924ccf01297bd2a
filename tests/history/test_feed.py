"""What came in lately, in the order of writing: late readings too, nothing twice, and a gap is said."""

import time

import pytest

from mitoyen.history import feed, journal
from mitoyen.ledger.refusal import Refused

HOUR = 3_600_000_000
START = (int(time.time()) // 86_400 - 2) * 24 * HOUR


def row(stream, hour, value=1.0):
    return (stream, START + hour * HOUR, 0, value, 0)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store(request, home, settings):
    if request.param == "postgresql":
        folder = request.getfixturevalue("postgresql_folder")
        import psycopg

        with psycopg.connect(f"host={folder} user=mitoyen dbname=postgres", autocommit=True) as connection:
            connection.execute("DROP TABLE IF EXISTS feed, observation, aside, tally, identity")
            connection.execute("DROP SEQUENCE IF EXISTS writes")
        settings.MITOYEN = {**settings.MITOYEN, "journal_url": f"postgresql://mitoyen@/postgres?host={folder}"}
    with journal.closed():
        yield
    from mitoyen.history import journal_postgresql

    journal_postgresql.close_all()


def told(news):
    columns = news.columns
    hours = (columns["time"] - START) // HOUR
    return list(zip(columns["datastream"].tolist(), hours.tolist(), columns["value"].tolist(), strict=True))


def test_it_tells_what_came_in_since_in_the_order_of_writing(store):
    journal.append([row(1, 5)])
    start = journal.news()
    assert (told(start), start.whole) == ([], True), "whoever comes begins from now"
    journal.append([row(1, 6, 2.5), row(2, 6)])
    journal.append([row(1, 3, -1.0), row(2, 6)])
    news = journal.news(start.cursor)
    assert told(news) == [(1, 6, 2.5), (2, 6, 1.0), (1, 3, -1.0)]
    assert news.whole
    again = journal.news(news.cursor)
    assert (told(again), again.whole, again.more) == ([], True, False)


def test_readings_known_already_are_no_news(store):
    journal.append([row(1, 5)])
    start = journal.news().cursor
    journal.append([row(1, 5), row(1, 5, 9.0)])
    assert told(journal.news(start)) == []


def test_who_was_away_for_too_long_is_told(store, monkeypatch):
    start = journal.news().cursor
    monkeypatch.setattr(feed, "KEPT_ROWS", 10)
    monkeypatch.setattr(feed, "PRUNED_EVERY", 5)
    monkeypatch.setattr("mitoyen.history.journal_postgresql._KEPT_APPENDS", 10)
    monkeypatch.setattr("mitoyen.history.journal_postgresql._PRUNED_EVERY", 5)
    for hour in range(40):
        journal.append([row(1, hour)])
    news = journal.news(start)
    assert not news.whole
    assert 10 <= len(told(news)) <= 20, "the last ones are kept, no more"
    assert journal.news(news.cursor).whole


def test_much_is_told_bit_by_bit(store, monkeypatch):
    start = journal.news().cursor
    monkeypatch.setattr(feed, "MOST_AT_ONCE", 3)
    for hour in range(7):
        journal.append([row(1, hour)])
    times, more = [], True
    while more:
        news = journal.news(start)
        times += [hour for _stream, hour, _value in told(news)]
        start, more = news.cursor, news.more
    assert times == list(range(7))


def test_a_cursor_of_another_journal_is_not_believed(store):
    assert not journal.news(10**12).whole


def test_old_readings_brought_in_bulk_are_nobody_s_news(store):
    start = journal.news().cursor
    journal.append([row(1, -24 * 10), row(1, 4)])
    assert told(journal.news(start)) == [(1, 4, 1.0)]


@pytest.mark.parametrize("store", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
def test_a_link_that_broke_is_refused_once_whatever_is_asked(store, settings):
    import psycopg

    from mitoyen.history import journal_postgresql

    url = settings.MITOYEN["journal_url"]
    for ask in (journal.extent, lambda: journal.rows_between(0, 1)):
        ask()
        with psycopg.connect(url, autocommit=True) as other:
            pid = journal_postgresql.store(url).connection.info.backend_pid
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        with pytest.raises(Refused):
            ask()
        ask()
