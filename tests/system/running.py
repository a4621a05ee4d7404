#!/usr/bin/python3
"""What a supervisor and a monitor of the machine see: numbers as OpenMetrics, READY, and a watchdog that is fed only
by a loop that goes round."""
import re
import socket
import sqlite3
import time

import house as h
import msgpack  # behind house, which finds the right interpreter
import zmq

SAMPLE = re.compile(r'([a-z_]+)(?:\{([a-z_]+="[a-z]+")\})? ([0-9.]+)$')


def get(place, request=b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", timeout=10):
    """The whole answer of http over a Unix socket or a port."""
    family = socket.AF_INET if isinstance(place, int) else socket.AF_UNIX
    with socket.socket(family) as s:
        s.settimeout(timeout)
        s.connect(("127.0.0.1", place) if isinstance(place, int) else str(place))
        s.sendall(request)
        answer = b""
        while more := s.recv(65536):
            answer += more
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    assert int(headers["content-length"]) == len(body) or request.startswith(b"HEAD"), answer
    return lines[0], headers, body.decode()


def parse(text):
    """Strictly, by the specification: each family once and whole, its TYPE first, counters end in _total."""
    assert text.endswith("\n# EOF\n"), text[-80:]
    found, kinds, family = {}, {}, None
    for line in text.splitlines()[:-1]:
        if line.startswith("# "):
            _, what, name, value = line.split(" ", 3)
            assert what in ("TYPE", "UNIT", "HELP"), line
            if what == "TYPE":
                assert name not in kinds, f"{name} stands twice"
                kinds[name], family = value, name
            assert name == family, f"{line}: between the lines of {family}"
            continue
        match = SAMPLE.match(line)
        assert match, line
        name, label, value = match.groups()
        ending = {"counter": "_total", "info": "_info", "gauge": ""}[kinds[family]]
        assert name == family + ending, f"{name} in the family {family}"
        assert (name, label) not in found, line
        found[name, label] = float(value)
    return found


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def numbers_are_those_of_status(house, port):
    house.settle()
    want = house.ask("intake", "status")

    def told():
        found = parse(get(house.dir / "m.sock")[2])
        return found if found.get(("ocop_place", None)) == want["seq"] else None
    found = house.wait(told, "the numbers of this second")
    for outcome in ("accepted", "refused", "dead"):
        assert found["ocop_requests_total", f'outcome="{outcome}"'] == want[outcome], (outcome, found)
    assert found["ocop_process_info", 'service="intake"'] == 1 and want["refused"] + want["accepted"] > 0, found
    assert found["ocop_lag", None] == 0 == found["ocop_outbox", None] == found["ocop_letters_open", None], found
    assert found["ocop_complete", None] == found["ocop_following", None] == 1, found
    assert found["ocop_told_age_seconds", None] < 5, found

    def broker():
        found = parse(get(port)[2])
        return found if found.get(("ocop_head", None)) == house.head() else None
    found = house.wait(broker, "the broker's numbers")
    assert found["ocop_followers", None] >= 5 and found["ocop_publishers", None] >= 5, found
    assert found["ocop_log_bytes", None] > 0 and found["ocop_free_bytes", None] > 0, found
    assert found["ocop_clock_stopped", None] == 0, found


def speaks_http(house, port):
    status, headers, body = get(port)
    assert status == "HTTP/1.1 200 OK" and body.endswith("# EOF\n"), status
    assert headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8", headers
    assert get(port, b"HEAD / HTTP/1.1\r\n\r\n")[2] == ""
    for request, code in ((b"POST /metrics HTTP/1.1\r\n\r\n", "405"), (b"GET /etc/passwd HTTP/1.1\r\n\r\n", "404"),
                          (b"GET /metricsx HTTP/1.1\r\n\r\n", "404"), (b"GET / " + b"x" * 5000, "431")):
        status, _, body = get(port, request)
        assert code in status and body == "only GET /metrics is answered", (request[:40], status, body)


def slow_readers_hold_nobody_up(house, port):
    slow = []
    for place in [port] * 12 + [house.dir / "m.sock"] * 12:
        s = socket.socket(socket.AF_INET if place == port else socket.AF_UNIX)
        s.connect(("127.0.0.1", port) if place == port else str(place))
        s.sendall(b"GET /met")  # and not a byte more
        slow.append(s)
    began = time.monotonic()
    for _ in range(20):
        assert house.ask("broker", "status") and house.ask("intake", "status")
        parse(get(port)[2])
        parse(get(house.dir / "m.sock")[2])
    took = time.monotonic() - began
    assert took < 4, f"{took:.1f} s for 80 answers beside slow readers"
    slow[0].settimeout(15)
    assert slow[0].recv(1) == b"", "a reader that says nothing is cut off"
    for s in slow:
        s.close()


def only_this_machine(house):
    for wrong in ("tcp://0.0.0.0:9000", "tcp://10.1.2.3:9000", "tcp://127.0.0.1:0", "tcp://127.0.0.1:70000",
                  "tcp://localhost:9000", "http://127.0.0.1:9000"):
        done = house.check("broker", f"metrics/endpoint={wrong}")
        assert done.returncode == 2 and "metrics" in done.stderr, (wrong, done.stderr)


class Supervisor:
    """The socket that systemd would have."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))

    def words(self, seconds):
        """All that is said within so many seconds."""
        said, until = [], time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                said.append(self.socket.recv(4096).decode())
            except socket.timeout:
                break
        return said

    def wait(self, word):
        until = time.monotonic() + h.LIMIT_S
        while time.monotonic() < until:
            if any(word in said for said in self.words(0.2)):
                return
        raise AssertionError(f"{word} was not said")


def watched(house, name, supervisor):
    house.stop(name)
    house.environment[name] = {"NOTIFY_SOCKET": str(house.dir / "notify"), "WATCHDOG_USEC": "400000"}
    house.start(name)
    supervisor.wait("READY=1\nSTATUS=")
    supervisor.wait("WATCHDOG=1")


def watchdog_is_fed_by_the_loop_alone(house, supervisor):
    for name, store, day in (("broker", "log.db", "2019-02-01"), ("intake", "intake.db", "2019-02-02")):
        watched(house, name, supervisor)
        house.settle()
        with sqlite3.connect(house.dir / store, isolation_level=None) as db:  # the next write waits for this
            db.execute("BEGIN IMMEDIATE")
            with house.context.socket(zmq.DEALER) as socket_:
                socket_.connect(f"ipc://{house.dir}/broker.sock")
                socket_.send(msgpack.packb(["CLOCK", day]))  # something to write
                supervisor.words(1.5)  # until it has come to that
                said = supervisor.words(1)
            db.execute("ROLLBACK")
            assert "WATCHDOG=1" not in said, (name, said)
        supervisor.wait("WATCHDOG=1")
        house.stop(name)
        supervisor.wait("STOPPING=1")
        del house.environment[name]
        house.start(name)
        house.settle()


def main():
    tests = h.Tests()
    with h.House() as house:
        port = free_port()
        house.options["broker"] += ["--set", f"metrics/endpoint=tcp://127.0.0.1:{port}"]
        house.options["intake"] = ["--set", f"metrics/endpoint=ipc://{house.dir}/m.sock"]
        house.start()
        h.act_one(house)
        tests.run("the numbers are those of status", numbers_are_those_of_status, house, port)
        tests.run("speaks HTTP", speaks_http, house, port)
        tests.run("slow readers hold nobody up", slow_readers_hold_nobody_up, house, port)
        tests.run("only this machine is told", only_this_machine, house)
        supervisor = Supervisor(house.dir / "notify")
        tests.run("the watchdog is fed by the loop alone", watchdog_is_fed_by_the_loop_alone, house, supervisor)
    tests.end()


if __name__ == "__main__":
    main()
