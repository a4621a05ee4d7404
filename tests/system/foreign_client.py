#!/usr/bin/python3
"""A client written from proto/PROTOCOL.md alone, with pyzmq and msgpack and nothing of ours.

usage: foreign_client.py [--run DIR] [--broker PATH] [--protocol FILE]

  --run DIR       talk to the broker whose sockets are in DIR; without it, start one, in rehearsal
  --broker PATH   the program to start (default: the newest build/*/bin/ocop-broker)
  --protocol FILE the document whose table of codes is to be provoked

Publishes, sends again, follows from the beginning and recomputes every hash, listens live, and provokes each code of the
table "Error codes". Brokers in a special state are started in temporary folders and ended by their process id.
Prints a line for each check that failed and closes with "N passed, N failed".
"""

import argparse
import hashlib
import os
import pathlib
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

try:
    import msgpack
    import zmq
except ImportError:  # another python3 stands before Debian's in the PATH
    if sys.executable == "/usr/bin/python3":
        raise
    os.execv("/usr/bin/python3", ["/usr/bin/python3"] + sys.argv)

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOPIC = "intake.dossier.filed.06"
WAIT_MS = 15000
NEVER = 2**62  # more bytes than any disk has
ZERO = bytes(32)

context = zmq.Context()
passed = 0
failed = 0
provoked = set()


def check(what, good, found=""):
    """Count one check; say what failed."""
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what} {found!r}", flush=True)
    return good


# --- hashes, as the document defines them ---


def h(data):
    return hashlib.blake2b(data, digest_size=32).digest()


def u64(x):
    return (x % 2**64).to_bytes(8, "big")


def part(b):
    b = b.encode() if isinstance(b, str) else b
    return u64(len(b)) + b


def chain_of(previous, r):
    seq, at_ms, _, publisher, epoch, number, topic, envelope = r
    return h(previous + u64(seq) + u64(at_ms) + u64(epoch) + u64(number) + part(publisher) + part(topic) + part(envelope))


def running_of(previous, number, topic, envelope):
    return h(previous + u64(number) + part(topic) + part(envelope))


def id_of(*parts):
    return h(b"".join(part(p) for p in parts))[:16].hex()


# --- the broker ---


class Broker:
    """A broker of our own in a temporary folder (short, because a socket's path is)."""

    started = []

    def __init__(self, program, *options, state=None, wait=True):
        self.program = program
        self.folder = state or tempfile.TemporaryDirectory(prefix="ocop-")
        self.run = self.folder.name
        self.output = open(f"{self.run}/broker.out", "ab")
        command = [program, "--run", self.run, "--state", self.run, *options]
        self.process = subprocess.Popen(command, stdout=self.output, stderr=self.output)
        Broker.started.append(self)
        if wait:
            self.wait_ready()

    def wait_ready(self):
        until = time.monotonic() + 30
        while self.process.poll() is None and time.monotonic() < until:
            peer = Peer(self.run)
            answer = peer.ask_pong(500)
            peer.close()
            if answer:
                return
        raise SystemExit(f"the broker does not come up:\n{self.said()}")

    def said(self):
        return pathlib.Path(f"{self.run}/broker.out").read_text(errors="replace")

    def end(self, number=signal.SIGTERM):
        """Ask it to stop; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.output.close()
        return self.process.returncode

    @classmethod
    def end_all(cls):
        for b in cls.started:
            b.end()


class Peer:
    """One DEALER: says commands, reads answers."""

    def __init__(self, run):
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(f"ipc://{run}/broker.sock")
        self.last = 0

    def close(self):
        self.socket.close()

    def say(self, *frame):
        self.socket.send(msgpack.packb(list(frame)))

    def raw(self, *frames):
        self.socket.send_multipart(frames)

    def hear(self, *words, wait_ms=WAIT_MS):
        """The next answer that begins with one of the words (any, without words); None when none comes."""
        until = time.monotonic() + wait_ms / 1000
        while True:
            left = int((until - time.monotonic()) * 1000)
            if left < 0 or not self.socket.poll(left):
                return None
            frames = self.socket.recv_multipart()
            assert len(frames) == 1, "each message is one frame"
            answer = msgpack.unpackb(frames[0], raw=False)
            if not words or answer[0] in words:
                return answer

    def ask_pong(self, wait_ms):
        self.say("PING", 7)
        return self.hear("PONG", wait_ms=wait_ms)

    def hello(self, publisher, epoch):
        self.say("HELLO", 1, publisher, epoch)
        return self.hear("WELCOME", "REFUSED")

    def publish(self, first, events):
        self.say("PUBLISH", first, events)
        return self.hear("STORED", "REFUSED")


def envelope(publisher, number, **changes):
    data = {"reference": f"F-{number}", "province": "06", "product": "Tương ớt", "remark": "synthetic, from a test"}
    attributes = {
        "specversion": "1.0",
        "id": id_of(publisher, TOPIC, str(number)),
        "source": publisher,
        "type": "intake.dossier.filed",
        "subject": "",
        "time": 1514764800000,
        "data": data,
    }
    attributes.update(changes)
    return msgpack.packb(attributes)


def refused(what, code, answer, number=None):
    """The answer must be REFUSED (or FAULT) with this code."""
    good = answer is not None and answer[0] in ("REFUSED", "FAULT") and answer[2] == code and len(answer[3]) > 0
    if number is not None:
        good = good and answer[1] == number
    if check(f"{what}: {code}", good, answer):
        provoked.add(code)


# --- what must work ---


def publishing(run, publisher, epoch):
    """Publish, send again, and know the running hash without being told."""
    peer = Peer(run)
    welcome = peer.hello(publisher, epoch)
    check("a new epoch begins with number 0 and a zero hash", welcome[1:3] == [0, ZERO], welcome)
    events = [[TOPIC, envelope(publisher, n)] for n in range(1, 6)]
    first = peer.publish(1, events[:3])
    check("three events are stored", first[0] == "STORED" and first[1] == 3, first)
    again = peer.publish(1, events[:3])
    check("a resend is answered STORED with the same place", again == first, again)
    mixed = peer.publish(2, events[1:5])
    check("the new rest of a PUBLISH is stored", mixed[0] == "STORED" and mixed[1] == 5, mixed)
    check("the old front was not stored again", mixed[2] == first[2] + 2, mixed)
    for n in range(6, 16):
        peer.say("PUBLISH", n, [[TOPIC, envelope(publisher, n)]])
        events.append([TOPIC, envelope(publisher, n)])
    answer = mixed
    while answer and answer[0] == "STORED" and answer[1] < 15:
        answer = peer.hear("STORED", "REFUSED")
    check("events sent without waiting are all stored", answer and answer[:2] == ["STORED", 15], answer)
    running = ZERO
    for number, (topic, bytes_) in enumerate(events, 1):
        running = running_of(running, number, topic, bytes_)
    welcome = peer.hello(publisher, epoch)
    check("WELCOME has our own running hash", welcome[1:3] == [15, running], welcome)
    pong = peer.ask_pong(WAIT_MS)
    check("PONG has the token and the head", pong[1] == 7 and pong[2] >= answer[2], pong)
    peer.close()
    return events


def read_all(peer, head, prefixes=(), after=0, chain=None):
    """Follow until the cursor is at the head; the records and the cursor's chain."""
    peer.say("FOLLOW", after, chain, list(prefixes), 1000)
    records, through = [], after
    while through < head:
        answer = peer.hear("EVENTS", "REFUSED")
        if not answer or answer[0] == "REFUSED":
            return records, answer
        _, through, chain, more = answer
        if len(more) > 1000 or sum(len(r[7]) for r in more[1:]) > 512 * 1024:
            check("EVENTS keeps its limits", False, len(more))
        records += more
        if more:
            peer.say("CREDIT", len(more))
    return records, chain


def following(run, publisher, epoch, events):
    """Read everything and recompute every hash of it."""
    peer = Peer(run)
    head = peer.ask_pong(WAIT_MS)[2]
    records, chain = read_all(peer, head)
    check("the log begins with 1 and has no gap", [r[0] for r in records] == list(range(1, len(records) + 1)))
    link, good, previous_ms, day = ZERO, True, 0, False
    numbers, hashes = {}, {}
    for r in records:
        link = chain_of(link, r)
        who = (r[3], r[4])
        good = good and link == r[2] and r[1] >= previous_ms and r[5] == numbers.get(who, 0) + 1
        numbers[who] = r[5]
        hashes[who] = running_of(hashes.get(who, ZERO), r[5], r[6], r[7])
        previous_ms = r[1]
        day = day or r[6] == "clock.day.started.00"
    check("every link, number and time follows from the one before", good)
    check("the cursor's chain is the last link", chain == link)
    check("the first record starts a day", records and records[0][6] == "clock.day.started.00", records[:1])
    mine = [[r[6], r[7]] for r in records if (r[3], r[4]) == (publisher, epoch)]
    check("the bytes that were sent are the bytes that come back", mine == events)
    for (who, its_epoch), running in hashes.items():
        if who == "broker" or its_epoch == epoch:
            continue
        other = Peer(run)
        welcome = other.hello(who, its_epoch)
        check(f"the running hash of {who} {its_epoch} can be recomputed", welcome[2] == running, welcome)
        other.close()
    started = [r for r in records if r[3] == "broker" and r[6] == "clock.day.started.00"]
    ids = [msgpack.unpackb(r[7])["id"] == id_of("broker", msgpack.unpackb(r[7])["data"]["day"]) for r in started]
    check("the broker's ids can be computed", ids and all(ids))

    some, _ = read_all(peer, head, ["intake.dossier."])
    check("a prefix selects", [r[0] for r in some] == [r[0] for r in records if r[6].startswith("intake.dossier.")])
    none, cursor = read_all(peer, head, ["scoring.no_such"])
    check("what is skipped moves the cursor", none == [] and cursor == link, cursor)
    half = len(records) // 2
    rest, cursor = read_all(peer, head, after=records[half - 1][0], chain=records[half - 1][2])
    check("following goes on from any place", rest == records[half:] and cursor == link)

    peer.say("FOLLOW", head, link, [], 2)
    author = Peer(run)
    welcome = author.hello(publisher, epoch)
    author.publish(welcome[1] + 1, [[TOPIC, envelope(publisher, welcome[1] + 1 + i)] for i in range(4)])
    got = []
    while len(got) < 2:
        got += peer.hear("EVENTS")[3]
    check("credit is not overdrawn", len(got) == 2 and peer.hear("EVENTS", wait_ms=200) is None, got)
    peer.say("CREDIT", 2)
    while len(got) < 4:
        got += peer.hear("EVENTS")[3]
    check("the past goes over into the present", [r[0] for r in got] == [head + 1 + i for i in range(4)])
    peer.close()
    author.close()


def listening(run, publisher, epoch):
    """The live socket: each event once, and the head."""
    live = context.socket(zmq.SUB)
    live.linger = 0
    live.connect(f"ipc://{run}/live.sock")
    live.subscribe(TOPIC.encode())
    live.subscribe(b"bus.")
    beat = live.recv_multipart() if live.poll(WAIT_MS) else None
    if not check("bus.head comes by itself", beat and beat[0] == b"bus.head" and len(beat[1]) == 24 and beat[2] == b"", beat):
        return
    peer = Peer(run)
    welcome = peer.hello(publisher, epoch)
    sent = [envelope(publisher, welcome[1] + 1), envelope(publisher, welcome[1] + 2)]
    stored = peer.publish(welcome[1] + 1, [[TOPIC, e] for e in sent])
    heard = []
    while len(heard) < 2 and live.poll(WAIT_MS):
        topic, place, bytes_ = live.recv_multipart()
        if topic == TOPIC.encode():
            heard.append(([int.from_bytes(place[i : i + 8], "big") for i in (0, 8, 16)], bytes_))
    check("live messages carry the bytes", [b for _, b in heard] == sent)
    check("and their places", [p[0] for p, _ in heard] == [stored[2] - 1, stored[2]], heard)
    check("and the place before with this topic", heard and heard[1][0][2] == stored[2] - 1, heard)
    peer.close()
    live.close()


def verdict_hashes():
    """The outcome id is a function of four things that anybody knows."""
    ordinal = (1).to_bytes(4, "big")
    check("an outcome's id has 32 digits", re.fullmatch("[0-9a-f]{32}", id_of("intake", "x", "intake.dossier.accepted", ordinal)))


def rehearsing(run):
    """CLOCK: each day passed is started."""
    peer = Peer(run)
    peer.say("ASK", 5, "status", {})
    status = peer.hear("ANSWER")
    check("status answers", status and status[1] == 5 and status[2]["service"] == "broker", status)
    if not status[2]["rehearsal"]:
        peer.close()
        return
    day = status[2]["day"]
    year = int(day[:4]) + 1
    peer.say("CLOCK", f"{year}-01-03")
    clocked = peer.hear("CLOCKED", "REFUSED")
    check("CLOCKED has the day and the last place", clocked and clocked[:2] == ["CLOCKED", f"{year}-01-03"], clocked)
    peer.say("CLOCK", day)
    refused("a day before the broker's", "CLOCK_BACK", peer.hear("REFUSED"))
    records, _ = read_all(peer, clocked[2], ["clock."])
    days = [msgpack.unpackb(r[7])["data"]["day"] for r in records]
    check("no day is left out", days[-3:] == [f"{year}-01-01", f"{year}-01-02", f"{year}-01-03"] and len(days) > 3, days[-3:])
    check("it is eight o'clock", records[-1][1] % 86400000 == 3600000, records[-1][1])
    peer.close()


# --- what must be refused ---


def refusals(run, publisher, epoch):
    peer = Peer(run)
    good = [TOPIC, envelope(publisher, 1)]
    refused("PUBLISH first", "NO_HELLO", peer.publish(1, [good]), 1)
    peer.say("HELLO", 2, publisher, epoch)
    refused("version 2", "VERSION", peer.hear("REFUSED"))
    refused("the broker's name", "NOT_PERMITTED", peer.hello("broker", 0))
    refused("a name with a blank", "MALFORMED", peer.hello("my name", 1))
    next_number = peer.hello(publisher, epoch)[1] + 1

    refused("a gap", "OUT_OF_SEQUENCE", peer.publish(next_number + 1, [good]), next_number + 1)
    refused("an unknown type", "UNKNOWN_TOPIC", peer.publish(next_number, [["intake.dossier.eaten.06", good[1]]]), next_number)
    refused("no province", "UNKNOWN_TOPIC", peer.publish(next_number, [["intake.dossier.filed", good[1]]]), next_number)
    mine = peer.publish(next_number, [good, ["intake.dossier.accepted.06", good[1]]])
    refused("a service's event, second in its message", "NOT_PERMITTED", mine, next_number + 1)
    huge = envelope(publisher, 1, filler="x" * 2**20)
    refused("an envelope above 1 MiB", "TOO_LARGE", peer.publish(next_number, [[TOPIC, huge]]), next_number)
    for what, bytes_ in {
        "an empty envelope": b"",
        "an array": msgpack.packb([1]),
        "a map cut off": good[1][:-1],
        "something behind the map": good[1] + b"\xc0",
        "a key twice": b"\x82\xa1a\x01\xa1a\x01",
        "a long form": b"\x81\xa1a\xcc\x01",
        "text that is not UTF-8": b"\x81\xa1a\xa1\xff",
    }.items():
        refused(what, "MALFORMED", peer.publish(next_number, [[TOPIC, bytes_]]), next_number)
    refused("number 0", "MALFORMED", peer.publish(0, [good]), 0)
    peer.raw(b"\xc1")
    refused("no MessagePack", "MALFORMED", peer.hear("REFUSED"), 0)
    peer.raw(msgpack.packb(["PING", 1]), b"and another")
    refused("two frames", "MALFORMED", peer.hear("REFUSED"), 0)
    peer.raw(msgpack.packb(["PING"]))
    refused("a member missing", "MALFORMED", peer.hear("REFUSED"), 0)
    peer.raw(msgpack.packb(["PING", 1])[:-1])
    refused("a frame cut off", "MALFORMED", peer.hear("REFUSED"), 0)
    peer.say("DANCE", 1)
    refused("no such command", "UNKNOWN_COMMAND", peer.hear("REFUSED"))
    peer.say("STORED", 1, 1)
    refused("the broker's command", "UNKNOWN_COMMAND", peer.hear("REFUSED"))
    peer.say("CREDIT", 5)
    refused("CREDIT without FOLLOW", "BAD_CREDIT", peer.hear("REFUSED"))
    peer.say("FOLLOW", 0, None, ["Intake"], 5)
    refused("a capital letter", "BAD_PREFIX", peer.hear("REFUSED"))
    peer.say("FOLLOW", 0, None, ["a" * 97], 5)
    refused("97 bytes", "BAD_PREFIX", peer.hear("REFUSED"))
    peer.say("FOLLOW", 0, None, [], 65537)
    refused("too much credit", "BAD_CREDIT", peer.hear("REFUSED"))
    peer.say("FOLLOW", 1, bytes(32), [], 5)
    refused("another chain", "DIVERGED", peer.hear("REFUSED"))
    peer.say("FOLLOW", 10**9, bytes(32), [], 5)
    refused("beyond the head", "DIVERGED", peer.hear("REFUSED"))
    peer.say("FOLLOW", 0, None, ["scoring."], 5)
    peer.say("CREDIT", 65536)
    refused("credit on top of credit", "BAD_CREDIT", peer.hear("REFUSED"))
    peer.say("ASK", 9, "weather", {})
    refused("a question nobody knows", "UNKNOWN_QUESTION", peer.hear("FAULT"), 9)

    stored = peer.publish(next_number, [good])
    check("after all that nothing of it was stored", stored[:2] == ["STORED", next_number], stored)
    newer = Peer(run)
    newer.hello(publisher, epoch)
    refused("told unasked when another takes over", "SUPERSEDED", peer.hear("REFUSED"), 0)
    refused("and at each PUBLISH", "SUPERSEDED", peer.publish(next_number + 1, [good]), next_number + 1)
    check("PING is still answered", peer.ask_pong(WAIT_MS) is not None)
    stored = newer.publish(next_number + 1, [good])
    check("the newer one goes on", stored[:2] == ["STORED", next_number + 1], stored)
    peer.close()
    newer.close()


def one_event(publisher="foreign"):
    return [[TOPIC, envelope(publisher, 1)]]


def clock_stopped(program):
    """A log whose last record is years away from the clock."""
    first = Broker(program, "--rehearsal", "--start-day", "2018-12-03")
    first.end()
    second = Broker(program, state=first.folder)
    peer = Peer(second.run)
    peer.hello("foreign", 1)
    refused("years after the last record", "CLOCK_STOPPED", peer.publish(1, one_event()), 1)
    peer.say("FOLLOW", 0, None, [], 10)
    check("following goes on", peer.hear("EVENTS", "REFUSED")[0] == "EVENTS")
    peer.say("CLOCK", "2018-12-04")
    refused("CLOCK outside a rehearsal", "NOT_REHEARSAL", peer.hear("REFUSED"))
    peer.close()
    second.end()
    third = Broker(program, "--confirm-clock", state=first.folder)
    peer = Peer(third.run)
    peer.hello("foreign", 1)
    stored = peer.publish(1, one_event())
    check("an operator's word is enough", stored[0] == "STORED", stored)
    peer.close()
    third.end()


def disk_full(program):
    broker = Broker(program, "--rehearsal", "--set", f"disk/stop_bytes={NEVER}")
    peer = Peer(broker.run)
    peer.hello("foreign", 1)
    refused("less space than the setting", "DISK_FULL", peer.publish(1, one_event()), 1)
    peer.say("FOLLOW", 0, None, [], 10)
    check("reading goes on", peer.hear("EVENTS", "REFUSED")[0] == "EVENTS")
    peer.close()
    broker.end()


def busy(program):
    broker = Broker(program, "--rehearsal", "--set", "peers/sessions=1")
    one, other = Peer(broker.run), Peer(broker.run)
    check("one may come", one.hello("foreign", 1)[0] == "WELCOME")
    refused("the table is full", "BUSY", other.hello("other", 1))
    other.say("FOLLOW", 0, None, [], 10)
    refused("for followers too", "BUSY", other.hear("REFUSED"))
    one.close()
    other.close()
    broker.end()


def flip(folder, seq):
    """Change one byte of a stored envelope behind the broker's back."""
    db = sqlite3.connect(f"{folder}/log.db")
    with db:
        (bytes_,) = db.execute("SELECT envelope FROM log WHERE seq = ?", (seq,)).fetchone()
        changed = bytes_[:-1] + bytes([bytes_[-1] ^ 1])
        db.execute("UPDATE log SET envelope = ? WHERE seq = ?", (changed, seq))
    db.close()


def verify(program, folder):
    done = subprocess.run([program, "--state", folder, "--verify"], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def corrupt(program):
    """A flipped byte is named and never served."""
    broker = Broker(program, "--rehearsal")
    peer = Peer(broker.run)
    peer.hello("foreign", 1)
    stored = peer.publish(1, [[TOPIC, envelope("foreign", n)] for n in range(1, 1201)])
    check("1200 events in one PUBLISH", stored == ["STORED", 1200, 1201], stored)
    peer.close()
    check("asked to stop, it stops", broker.end() == 0)
    code, text = verify(program, broker.run)
    check("--verify counts", code == 0 and "1201 records, chain verified" in text, text)
    flip(broker.run, 50)
    code, text = verify(program, broker.run)
    check("--verify names the record", code == 1 and "record 50 " in text, text)
    again = Broker(program, "--rehearsal", state=broker.folder)
    peer = Peer(again.run)
    peer.say("FOLLOW", 0, None, [], 1000)
    seen, answer = [], peer.hear("EVENTS", "REFUSED")
    while answer and answer[0] == "EVENTS":
        seen += [r[0] for r in answer[3]]
        answer = peer.hear("EVENTS", "REFUSED")
    refused("a flipped byte", "CORRUPT", answer)
    check("what stands before it is served, and nothing of it", seen == list(range(1, 50)), seen[-3:])
    check("the sentence names it", answer and "record 50 " in answer[3], answer)
    peer.close()
    again.end()
    flip(broker.run, 1200)
    last = Broker(program, "--rehearsal", state=broker.folder, wait=False)
    try:
        last.process.wait(30)
    except subprocess.TimeoutExpired:
        pass
    check("a broker does not start on a damaged tail", last.end() == 6 and "record 1200 " in last.said(), last.said()[-300:])


def killed(program):
    """kill -9: what was STORED is there, the rest may be sent again; one log has one broker."""
    broker = Broker(program, "--rehearsal")
    peer = Peer(broker.run)
    peer.hello("foreign", 1)
    for n in range(1, 301):
        peer.say("PUBLISH", n, [[TOPIC, envelope("foreign", n)]])
    stored = peer.hear("STORED")[1]
    second = Broker(program, "--rehearsal", state=broker.folder, wait=False)
    second.process.wait(30)
    check("a second broker on one log is refused", second.end() == 4 and "another broker" in second.said(), second.said()[-200:])
    broker.end(signal.SIGKILL)
    while True:
        answer = peer.hear("STORED", wait_ms=200)
        if not answer:
            break
        stored = answer[1]
    peer.close()
    again = Broker(program, "--rehearsal", state=broker.folder)
    peer = Peer(again.run)
    welcome = peer.hello("foreign", 1)
    running = ZERO
    for n in range(1, welcome[1] + 1):
        running = running_of(running, n, TOPIC, envelope("foreign", n))
    check("nothing that was STORED is lost", welcome[1] >= stored > 0, (welcome[1], stored))
    check("and it is what was sent", welcome[2] == running)
    peer.close()
    again.end()
    check("the whole log is sound", verify(program, broker.run)[0] == 0)


# --- the document ---


def codes_of(document):
    """The codes of the table under "Error codes"."""
    section = document.split("\n## Error codes\n")[1].split("\n## ")[0]
    return re.findall(r"^\| ([A-Z][A-Z_]+) \|", section, re.MULTILINE)


def default_program():
    found = sorted(ROOT.glob("build/*/bin/ocop-broker"), key=lambda p: p.stat().st_mtime)
    return str(found[-1]) if found else None


def main():
    parser = argparse.ArgumentParser(description="Check a broker from the outside, as proto/PROTOCOL.md says.")
    parser.add_argument("--run", help="folder of a running broker's sockets")
    parser.add_argument("--broker", default=default_program(), help="the program to start")
    parser.add_argument("--protocol", default=str(ROOT / "proto" / "PROTOCOL.md"))
    options = parser.parse_args()
    if not options.broker or not os.access(options.broker, os.X_OK):
        raise SystemExit("no ocop-broker to start: build it, or give --broker PATH")
    program = os.path.abspath(options.broker)
    codes = codes_of(pathlib.Path(options.protocol).read_text())
    check("the document has a table of codes", len(codes) > 10, codes)
    epoch = random.randrange(1, 2**62)
    try:
        run = options.run or Broker(program, "--rehearsal", "--start-day", "2018-12-03").run
        events = publishing(run, "foreign", epoch)
        following(run, "foreign", epoch, events)
        listening(run, "foreign", epoch)
        verdict_hashes()
        rehearsing(run)
        refusals(run, "foreign", epoch)
        for special in (clock_stopped, disk_full, busy, corrupt, killed):
            special(program)
        if options.run:  # a broker that is not in rehearsal has no day to go back to
            rehearsing(Broker(program, "--rehearsal").run)
    finally:
        Broker.end_all()
    for code in codes:
        check(f"{code} of the document's table was provoked", code in provoked)
    for code in sorted(provoked - set(codes)):
        check(f"{code} stands in the document's table", False)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
