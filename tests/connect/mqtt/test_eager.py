"""What a broker has sent is read to its end, even when it died and nothing can be sent to it any more."""

import socket
import time
from contextlib import closing

from mitoyen.connect.mqtt.eager import Eager


def connected():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _address = server.accept()
        return ours, theirs


def read_to_the_end(sock, size):
    read = b""
    try:
        while given := sock.recv(size):
            read += given
    except ConnectionResetError:
        pass
    return read


def test_what_a_broker_that_was_killed_had_sent_is_still_read():
    ours, theirs = connected()
    with closing(Eager(ours)) as eager:
        content = bytes(range(256)) * 100
        eager.send(b"never read")
        time.sleep(0.05)
        theirs.sendall(content)
        theirs.close()  # With something unread, as a kill leaves it: the link is reset.
        time.sleep(0.05)
        for _ in range(3):
            assert eager.send(b"more") == 4
            time.sleep(0.01)
        assert read_to_the_end(eager, 7) == content


def test_what_is_here_already_is_told():
    ours, theirs = connected()
    with closing(Eager(ours)) as eager, closing(theirs):
        theirs.sendall(b"abcdef")
        assert eager.pending() == 0
        assert (eager.recv(2), eager.pending(), eager.recv(10), eager.pending()) == (b"ab", 4, b"cdef", 0)
