"""A photo by its address: fetched from the public internet only, under limits, whatever the address does."""

import functools
import http.server
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from PIL import Image

from mitoyen.gate.keys import make_key
from mitoyen.services.models import Photo, Request
from mitoyen.territory import register
from mitoyen.territory.models import Commune
from mitoyen.www.open311 import fetching, posting
from mitoyen.www.open311.fetching import NotFetched, fetch, is_public


def anywhere(_address: str, _port: int) -> bool:
    """For the server of these tests, which can only be at home."""
    return True


class Site(http.server.BaseHTTPRequestHandler):
    """Answers what its path asks for; remembers who came."""

    photo = b""
    seen: list[str] = []

    def do_GET(self):
        Site.seen.append(self.path)
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
        elif self.path == "/photo":
            self._whole(Site.photo)
        elif self.path == "/large":
            self._whole(b"x" * 2_000_000)
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            self._drip(b"x" * 100_000, 0)
        elif self.path == "/slow":
            self.send_response(200)
            self.end_headers()
            self._drip(b"x", 0.05)
        elif self.path == "/slow-headers":
            self._drip(b"H", 0.05)
        else:
            self.send_error(404)

    def _whole(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _drip(self, piece: bytes, wait: float) -> None:
        try:
            for _piece in range(400):
                self.wfile.write(piece)
                self.wfile.flush()
                time.sleep(wait)
        except OSError:
            return

    def log_message(self, *_arguments):
        """Quiet."""


@pytest.fixture
def site(tmp_path) -> Iterator[str]:
    """A web server at home: its address."""
    picture = tmp_path / "photo.jpg"
    Image.new("RGB", (640, 480), (10, 120, 10)).save(picture)
    Site.photo, Site.seen = picture.read_bytes(), []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1",
     "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0",
     "fc00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
     "2001:0:7f00:1::", "2001:db8::1", "::7f00:1"],
)  # fmt: skip
def test_no_address_at_home_is_public(address):
    assert not is_public(address, 80)


def test_public_addresses_are_on_the_webs_own_ports():
    assert is_public("93.184.216.34", 80)
    assert is_public("2606:2800:220:1:248:1893:25c8:1946", 443)
    assert not is_public("93.184.216.34", 22)


@pytest.mark.parametrize(
    "url",
    ["{site}/photo", "http://localhost:{port}/photo", "http://127.1:{port}/photo", "http://2130706433:{port}/photo",
     "http://0x7f000001:{port}/photo", "http://[::ffff:127.0.0.1]:{port}/photo", "http://0:{port}/photo",
     "http://017700000001:{port}/photo"],
)  # fmt: skip
def test_this_machine_is_never_reached_however_it_is_written(site, url):
    with pytest.raises(NotFetched):
        fetch(url.format(site=site, port=site.rsplit(":", 1)[1]))
    assert Site.seen == []


@pytest.mark.parametrize(
    "url",
    ["", "photo.jpg", "file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "http://", "http:///x",
     "http://user:secret@127.0.0.1/x", "http://127.0.0.1:99999/x", "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y",
     "http://exa\u0301mple.fr/", "http://[::1/x", "http://" + "a" * 3000, "javascript:alert(1)"],
)  # fmt: skip
def test_what_is_no_web_address_is_not_tried(url):
    with pytest.raises(NotFetched):
        fetch(url, allowed=anywhere)


def test_a_photo_is_fetched_through_redirects(site):
    assert fetch(f"{site}/photo", allowed=anywhere) == Site.photo
    assert fetch(f"{site}/to//to//photo", allowed=anywhere) == Site.photo
    with pytest.raises(NotFetched):
        fetch(f"{site}/to//to//to//to//to//photo", allowed=anywhere)
    with pytest.raises(NotFetched):
        fetch(f"{site}/missing", allowed=anywhere)


def test_each_redirect_is_checked_anew(site):
    port = int(site.rsplit(":", 1)[1])
    # What a public site may answer: go to a machine inside.
    with pytest.raises(NotFetched):
        fetch(f"{site}/to/http://localhost:{port}/photo", allowed=_first_only())
    assert Site.seen == [f"/to/http://localhost:{port}/photo"]
    for inner in ("file:///etc/passwd", "ftp://127.0.0.1/"):
        with pytest.raises(NotFetched):
            fetch(f"{site}/to/{inner}", allowed=anywhere)


def _first_only():
    """Allows the first address it is asked about: that of a public site."""
    asked: list[str] = []

    def allowed(address: str, _port: int) -> bool:
        asked.append(address)
        return len(asked) == 1

    return allowed


def test_a_name_that_turns_to_this_machine_after_the_check_reaches_nothing(site, monkeypatch):
    port = int(site.rsplit(":", 1)[1])
    real, answers = socket.getaddrinfo, iter(["192.0.2.1", "127.0.0.1", "127.0.0.1"])

    def rebinding(host, *rest, **more):
        return real(next(answers) if host == "rebind.example" else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with pytest.raises(NotFetched):
        fetch(f"http://rebind.example:{port}/photo", allowed=lambda address, _port: address == "192.0.2.1", seconds=1)
    assert Site.seen == []


def test_a_name_with_one_address_at_home_is_refused_whole(site, monkeypatch):
    port = int(site.rsplit(":", 1)[1])
    entries = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("127.0.0.1", "10.0.0.1")]
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *a, **k: entries if host == "mixed.example" else real(host, *a, **k)
    )
    with pytest.raises(NotFetched):
        fetch(f"http://mixed.example:{port}/photo", allowed=lambda address, _port: address == "127.0.0.1", seconds=2)
    assert Site.seen == []


@pytest.mark.parametrize("path", ["/slow", "/slow-headers"])
def test_the_whole_time_counts_however_it_drips(site, path):
    started = time.monotonic()
    with pytest.raises(NotFetched):
        fetch(f"{site}{path}", allowed=anywhere, seconds=1)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("path", ["/large", "/endless"])
def test_what_is_too_large_is_left(site, path):
    with pytest.raises(NotFetched):
        fetch(f"{site}{path}", allowed=anywhere, most=1_000_000)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path):
    pem = tmp_path / "own.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-keyout", str(tmp_path / "key.pem"), "-out", str(pem)], check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, tmp_path / "key.pem")
    server = http.server.HTTPServer(("127.0.0.1", 0), Site)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(NotFetched, match=r"(?i)certificate"):
            fetch(f"https://localhost:{server.server_port}/photo", allowed=anywhere)
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def post(client, db, home):
    register.load_communes()
    ring = [[-0.6, 47.4], [-0.5, 47.4], [-0.5, 47.5], [-0.6, 47.5], [-0.6, 47.4]]
    Commune.objects.filter(pk="49007").update(geometry={"type": "Polygon", "coordinates": [ring]})
    key = make_key(home / posting.KEYS, "app")

    def send(media_url: str):
        fields = {"api_key": key, "service_code": "report_problem-waste", "lat": "47.45", "long": "-0.55",
                  "description": "Dépôt", "media_url": media_url}  # fmt: skip
        address = "/open311/v2/requests.json"
        return client.post(address, urlencode(fields), content_type="application/x-www-form-urlencoded")

    return send


def test_a_report_with_a_photo_at_home_is_kept_without_it(post, site):
    response = post(f"{site}/photo")
    assert response.status_code == 200
    assert "photo" in response.json()[0]["service_notice"].lower()
    assert Request.objects.count() == 1
    assert not Photo.objects.exists()
    assert Site.seen == []


def test_a_photo_is_kept_as_all_others_and_what_is_none_is_left(post, site, monkeypatch):
    monkeypatch.setattr(posting, "fetch", functools.partial(fetching.fetch, allowed=anywhere))
    assert post(f"{site}/photo").status_code == 200
    photo = Photo.objects.get()
    assert photo.request == Request.objects.get()
    assert (photo.width, photo.height) == (640, 480)
    assert post(f"{site}/large").status_code == 200
    assert Photo.objects.count() == 1
    assert Request.objects.count() == 2
