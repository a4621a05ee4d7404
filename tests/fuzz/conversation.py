#!/usr/bin/python3
"""Whole conversations with a live broker, valid and broken, from one seed.

usage: conversation.py [--conversations N] [--seed N]        long form: --conversations 200000

Some twelve peers at a time say HELLO, PUBLISH, FOLLOW, CREDIT, PING, CLOCK and ASK in any order, with wrong numbers,
wrong kinds, too many, too large, mutated, in several frames, and leave in the middle; others speak broken ZMTP on both
sockets. Each frame must be answered as proto/PROTOCOL.md says. At the end the broker must be up, its memory flat, its log
sound, and each WELCOME, STORED and EVENTS that was ever given must be true of the log. Prints counts; any wrong answer
is printed with the seed.
"""
import argparse
import collections
import hashlib
import os
import pathlib
import random
import socket
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "system"),
                str(pathlib.Path(__file__).resolve().parents[1] / "faults")]
import house as h  # noqa: E402
from wire import chain_of, msgpack, running_of, zmq  # noqa: E402

PEERS = 12
WAIT_MS = 20000
MIB = 1 << 20
FRAME_MAX, ENVELOPE_MAX, EVENTS_MAX, CREDIT_MAX = 16 * MIB, MIB, 256, 65536
GROWTH_MAX_MIB = 64   # of resident memory, from the first quarter on
SETTINGS = ["peers/sessions=20", "peers/silent_ms=60", "follow/followers=6", f"publish/events={EVENTS_MAX}"]
TOPICS = ["intake.plan.filed.06", "intake.dossier.filed.66", "scoring.sheet.submitted.06"]
NAMES = ["province-06", "province-66", "council-06", "x", "a.b_c-9"]
EPOCHS = [1, 2, 4711, 2**62 - 1]
PREFIXES = ["", "intake.", "scoring.sheet.submitted.06", "clock.", "zzz", "intake.plan.filed.0"]
COMMANDS = ["HELLO", "PUBLISH", "FOLLOW", "CREDIT", "PING", "CLOCK", "ASK"]
BROKERS_OWN = ["WELCOME", "STORED", "REFUSED", "EVENTS", "PONG", "CLOCKED", "ANSWER", "FAULT", "DANCE", ""]


def digest(*parts):
    return hashlib.blake2b(b"".join(len(p).to_bytes(8, "big") + p for p in parts), digest_size=32).digest()


def parsed(frame):
    """The array that a peer may have meant, or None."""
    try:
        value = msgpack.unpackb(frame, strict_map_key=False)
    except Exception:  # noqa: BLE001 - any way of being broken
        return None
    return value if isinstance(value, list) and value and isinstance(value[0], str) else None


class Wrong(Exception):
    pass


class Claims:
    """What the broker has said of the log, to be held against it at the end."""

    def __init__(self):
        self.sent = collections.defaultdict(set)    # (publisher, epoch, number): digests that were sent
        self.last = collections.defaultdict(int)    # (publisher, epoch): highest number heard of
        self.stored, self.welcomes = set(), set()
        self.records = {}                           # seq: digest of the record as it was sent to a follower
        self.lost = self.doubled = self.other = 0   # claims that are not true of the log

    def remember(self, who, frame):
        """Whatever in this frame could become records of `who`."""
        if not who or not frame or frame[0] != "PUBLISH" or len(frame) != 3:
            return
        if not isinstance(frame[1], int) or not isinstance(frame[2], list):
            return
        for i, event in enumerate(frame[2]):
            if isinstance(event, list) and len(event) == 2 and isinstance(event[0], str) and isinstance(event[1], bytes):
                self.sent[who + (frame[1] + i,)].add(digest(event[0].encode(), event[1]))

    def record(self, r):
        seen = digest(msgpack.packb(r))
        if self.records.setdefault(r[0], seen) != seen:
            raise Wrong(f"record {r[0]} was served in two forms")

    def hold_against(self, log):
        """`log` is all records in order. Returns how many claims were looked at; counts and tells what is not true."""
        self.lost = self.doubled = self.other = 0
        wrong, chain, held = [], bytes(32), collections.defaultdict(dict)
        running, hashes = collections.defaultdict(lambda: bytes(32)), {}
        for place, r in enumerate(log, 1):
            chain, who = chain_of(chain, r), (r[3], r[4])
            if r[0] != place or r[2] != chain:
                self.other += 1
                wrong.append(f"the log's record {place} is not linked to the one before")
            if r[3] != "broker" and r[5] != len(held[who]) + 1:
                self.doubled += 1
                wrong.append(f"{who} has a gap or a double before number {r[5]}")
            if r[3] != "broker" and digest(r[6].encode(), r[7]) not in self.sent[who + (r[5],)]:
                self.other += 1
                wrong.append(f"{who} number {r[5]} is not what was sent")
            held[who][r[5]] = r[0]
            running[who] = running_of(running[who], r[5], r[6], r[7])
            hashes[who + (r[5],)] = running[who]
            if self.records.get(r[0], digest(msgpack.packb(r))) != digest(msgpack.packb(r)):
                self.other += 1
                wrong.append(f"record {r[0]} was served in another form")
        for who, number, seq in self.stored:
            if held[who].get(number) != seq:
                self.lost += 1
                wrong.append(f"STORED({number}, {seq}) was said to {who}; the log has {held[who].get(number)} there")
        for who, number, running_hash in self.welcomes:
            if number and hashes.get(who + (number,)) != running_hash:
                self.other += 1
                wrong.append(f"WELCOME({number}) was said to {who} with another hash than the log's")
        if self.records and max(self.records) > len(log):
            self.lost += 1
            wrong.append("a record was served that is not in the log")
        if wrong:
            raise Wrong(f"{len(wrong)} claims are not true, as: {wrong[0]}")
        return len(self.stored) + len(self.welcomes) + len(self.records)


class Peer:
    """One DEALER and what is known of its session."""

    def __init__(self, fuzzer):
        self.f, self.rng = fuzzer, fuzzer.rng
        self.socket = fuzzer.house.context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVHWM, self.rng.choice([1, 1000]))
        self.socket.connect(f"ipc://{fuzzer.house.dir}/broker.sock")
        self.steps = self.rng.randint(1, 14)
        self.who = None
        self.credit = 0          # more than was ever given must not come
        self.cursor = None
        self.silent = False      # never reads again

    def close(self):
        self.socket.close()

    # --- hearing ---

    def hear(self, bytes_):
        f = self.f
        answer = msgpack.unpackb(bytes_)
        f.counts[answer[0]] += 1
        if answer[0] == "STORED":
            if not self.who:
                raise Wrong("STORED to a peer that was never welcome")
            f.claims.stored.add((self.who, answer[1], answer[2]))
            f.claims.last[self.who] = max(f.claims.last[self.who], answer[1])
        elif answer[0] == "EVENTS":
            self.credit -= len(answer[3])
            if self.credit < 0:
                raise Wrong("a follower was sent more records than it gave credit for")
            seqs = [r[0] for r in answer[3]]
            if seqs != sorted(set(seqs)) or (seqs and seqs[-1] > answer[1]):
                raise Wrong("EVENTS out of order")
            for r in answer[3]:
                f.claims.record(r)
            if len(answer[3]) == 0 or answer[3][-1][0] == answer[1]:
                self.cursor = (answer[1], answer[2])
        elif answer[0] == "REFUSED":
            f.codes[answer[2]] += 1
            if not answer[3]:
                raise Wrong(f"REFUSED {answer[2]} without a sentence")
        return answer

    def drain(self):
        while self.socket.poll(0):
            self.hear(self.socket.recv())

    def until_pong(self):
        """Everything said before a PING of ours. A peer whose connection the broker ended hears nothing."""
        token = self.rng.getrandbits(64)
        self.socket.send(msgpack.packb(["PING", token]))
        answers = []
        until = time.monotonic() + WAIT_MS / 1000
        while time.monotonic() < until:
            if not self.socket.poll(200):
                continue
            answer = self.hear(self.socket.recv())
            if answer[:2] == ["PONG", token]:
                return answers
            if answer[0] != "EVENTS":
                answers.append(answer)
        raise Wrong("a PING was not answered in 20 s")

    # --- saying ---

    def say(self, frame):
        """One frame; what comes back is checked at once, or (not for HELLO) later."""
        meant = parsed(frame)
        self.f.claims.remember(self.who, meant)
        self.f.said[meant[0] if meant and meant[0] in COMMANDS else "broken"] += 1
        if meant and meant[0] in ("FOLLOW", "CREDIT") and isinstance(meant[-1], int) and 0 < meant[-1] <= 2 * CREDIT_MAX:
            self.credit += meant[-1]  # at most: a refusal gives none
        if not (meant and meant[0] == "HELLO") and self.rng.random() < 0.5:
            self.socket.send(frame)
            return
        self.until_pong()
        self.socket.send(frame)
        self.judge(meant, self.until_pong())

    def judge(self, meant, answers):
        # Another peer may have taken the name in between: that is told unasked too, or in place of an answer.
        evicted = [a for a in answers if a[0] == "REFUSED" and a[2] == "SUPERSEDED"]
        answers = [a for a in answers if a not in evicted]
        kinds = [a[0] for a in answers]
        command = meant[0] if meant else None
        if command == "HELLO" and kinds == ["WELCOME"]:
            self.who = (meant[2], meant[3])
            self.f.claims.welcomes.add((self.who, answers[0][1], answers[0][2]))
            self.f.claims.last[self.who] = max(self.f.claims.last[self.who], answers[0][1])
            return
        wanted = {"HELLO": ["REFUSED"], "PUBLISH": ["STORED", "REFUSED"], "PING": ["PONG", "REFUSED"],
                  "CLOCK": ["CLOCKED", "REFUSED"], "ASK": ["ANSWER", "FAULT", "REFUSED"],
                  "FOLLOW": ["REFUSED"], "CREDIT": ["REFUSED"]}.get(command, ["REFUSED"])
        if len(kinds) > 1 or (kinds and kinds[0] not in wanted):
            raise Wrong(f"{command} was answered {kinds}")
        if not kinds and command not in ("FOLLOW", "CREDIT") and not evicted:
            raise Wrong(f"{command} was not answered")

    # --- what to say ---

    def hello(self):
        name = self.rng.choice(NAMES * 6 + ["intake", "broker", "operator", "", "a b", "x" * 48, "x" * 49, 7, b"x", None])
        epoch = self.rng.choice(EPOCHS * 6 + [0, 2**62, 2**62 + 1, 2**64 - 1, -1, "1"])
        return ["HELLO", self.rng.choice([1] * 15 + [0, 2, 2**40, "1"]), name, epoch]

    def envelope(self):
        kind = self.rng.randrange(40)
        if kind == 0:
            return self.rng.randbytes(self.rng.randrange(60))
        if kind == 1:
            return msgpack.packb([1, 2])
        if kind == 2:
            return b"\x81\xa1a\xdd\x04\x00\x00\x00"
        if kind == 3 and self.rng.random() < 0.2:
            return msgpack.packb({"x": bytes(ENVELOPE_MAX - 8 + self.rng.randint(-1, 2))})
        return msgpack.packb({"id": f"{self.rng.getrandbits(64):x}", "data": {"n": self.rng.getrandbits(20)}})

    def publish(self):
        next_number = self.f.claims.last[self.who] + 1 if self.who else 1
        first = next_number if self.rng.random() < 0.75 else self.rng.choice(
            [0, 1, next_number - 1, next_number + 1, max(1, next_number - 3), 2**62, 2**63, 2**64 - 1, -1])
        count = self.rng.choice([1, 1, 1, 2, 3, 8])
        if self.rng.random() < 0.02:
            count = EVENTS_MAX + self.rng.randint(-1, 1)
        events = [[self.topic(), self.envelope()] for _ in range(count)]
        if self.rng.random() < 0.03:
            events = self.rng.choice([[], [[]], [TOPICS], [[TOPICS[0], "text"]], 7, None, [[TOPICS[0], b"\x80", 1]]])
        return ["PUBLISH", first, events]

    def topic(self):
        if self.rng.random() < 0.93:
            return self.rng.choice(TOPICS)
        return self.rng.choice(["", "intake.plan.filed", "intake.plan.filed.6", "clock.day.started.00", "no.such.type.06",
                                "intake.plan.registered.06", "intake.plan.filed.06" * 9, "bus.head", "\u0110.a.b.06"])

    def follow(self):
        after, chain = self.rng.choice([(0, None), (0, bytes(32)), self.cursor or (0, None), self.cursor or (1, bytes(32)),
                                        (1, bytes(31)), (2**62, bytes(32)), (3, None), (2**64 - 1, None), (-1, None)])
        count = self.rng.choice([0, 1, 2, 63, 64, 65]) if self.rng.random() < 0.2 else 1
        prefixes = [self.rng.choice(PREFIXES) for _ in range(count)]
        if self.rng.random() < 0.05:
            prefixes = [self.rng.choice(["A", "intake/", "x" * 96, "x" * 97, 5, None, "\u0110"])]
        return ["FOLLOW", after, chain, prefixes, self.rng.choice([0, 1, 10, 1000, CREDIT_MAX, CREDIT_MAX + 1, 2**64 - 1])]

    def message(self):
        kind = self.rng.choices(COMMANDS, [5, 8, 4, 2, 1, 1, 1])[0]
        if kind == "PUBLISH" and not self.who and self.rng.random() < 0.8:
            kind = "HELLO"
        if kind == "HELLO":
            return self.hello()
        if kind == "PUBLISH":
            return self.publish()
        if kind == "FOLLOW":
            return self.follow()
        if kind == "CREDIT":
            return ["CREDIT", self.rng.choice([0, 1, 5, 1000, CREDIT_MAX, CREDIT_MAX + 1, 2**63, "1"])]
        if kind == "PING":
            return ["PING", self.rng.choice([0, 1, 2**64 - 1, -1, "x"])]
        if kind == "CLOCK":
            return ["CLOCK", self.rng.choice(["2018-11-01", "2018-11-02", "2018-11-04", "2018-02-30", "", "x", 5, "1900-01-01"])]
        return ["ASK", self.rng.getrandbits(64), self.rng.choice(["status", "", "no", "x" * 64, "x" * 65, 1]),
                self.rng.choice([{}, {"a": 1}, [], None])]

    def mutated(self, frame):
        frame = bytearray(frame)
        for _ in range(self.rng.randint(1, 3)):
            at = self.rng.randrange(len(frame)) if frame else 0
            kind = self.rng.randrange(4)
            if kind == 0 and frame:
                frame[at] ^= 1 << self.rng.randrange(8)
            elif kind == 1:
                del frame[at:]
            elif kind == 2:
                frame[at:at] = self.rng.randbytes(self.rng.randint(1, 5))
            else:
                frame += self.rng.choice([b"\xc0", b"\x00", bytes(frame[:20])])
        return bytes(frame)

    def step(self):
        """One thing to do; False when the peer is done."""
        self.steps -= 1
        if self.steps < 0:
            return False
        if self.silent:
            self.socket.send(msgpack.packb(self.follow()))
            return True
        roll = self.rng.random()
        if roll < 0.72:
            self.say(self.packed(self.message()))
        elif roll < 0.84:
            self.say(self.mutated(self.packed(self.message())))
        elif roll < 0.88:
            self.say(self.rng.choice([b"", b"\x90", b"\xc0", b"\x91", b"\xdd\x7f\xff\xff\xff", b"\x91" * 40,
                                      self.packed([self.rng.choice(BROKERS_OWN), 1, 2]), self.rng.randbytes(30),
                                      self.packed(self.message() + [1]), self.packed(self.message()[:-1])]))
        elif roll < 0.92:
            self.f.said["several frames"] += 1
            self.socket.send_multipart([b"", self.packed(["PING", 1])] * self.rng.randint(1, 9))
        elif roll < 0.95:
            self.drain()
        elif roll < 0.96:
            self.silent = True
        elif roll < 0.98:
            return False  # leaves in the middle
        else:
            self.until_pong()
        return True

    def packed(self, message):
        try:
            return msgpack.packb(message)
        except (OverflowError, ValueError):  # no number of 64 bits
            return msgpack.packb([message[0]])


def controls(claims, log):
    """A check that cannot fail checks nothing: three lies, each of which it must see."""
    who, number, seq = sorted(claims.stored)[0]
    lies = [(claims.stored, (who, number, seq + 1)), (claims.welcomes, (who, number, bytes(32)))]
    for where, lie in lies:
        where.add(lie)
        must_fail(claims, log)
        where.discard(lie)
    must_fail(claims, log[:-1] + [log[-1][:7] + [log[-1][7] + b"x"]])


def must_fail(claims, log):
    try:
        claims.hold_against(log)
    except Wrong:
        return
    raise Wrong("a lie was not seen")


class Raw:
    """Bytes on the socket's own connection, where ZMTP should be."""

    GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(16) + b"\x00" + bytes(31)

    def __init__(self, fuzzer):
        self.f, self.rng = fuzzer, fuzzer.rng
        self.ipc = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.ipc.settimeout(10)
        self.live = self.rng.random() < 0.3
        self.ipc.connect(f"{fuzzer.house.dir}/{'live' if self.live else 'broker'}.sock")

    def ready(self, kind=None, **more):
        properties = dict({"Socket-Type": kind or (b"SUB" if self.live else b"DEALER"), "Identity": b""}, **more)
        body = b"\x05READY"
        for name, value in properties.items():
            body += bytes([len(name)]) + name.encode() + len(value).to_bytes(4, "big") + value
        return self.command(body)

    @staticmethod
    def command(body):
        if len(body) < 256:
            return b"\x04" + bytes([len(body)]) + body
        return b"\x06" + len(body).to_bytes(8, "big") + body

    def bytes_(self):
        rng, hand = self.rng, self.GREETING + self.ready()
        ping = msgpack.packb(["PING", 1])
        good = b"\x00" + bytes([len(ping)]) + ping
        return rng.choice([
            lambda: rng.randbytes(rng.randrange(200)),
            lambda: self.GREETING[:rng.randrange(64)],
            lambda: hand[:rng.randrange(64, len(hand))],
            lambda: b"\xff" + bytes(8) + b"\x7f" + bytes([rng.choice([0, 1, 2, 4, 255])]) + rng.randbytes(53),
            lambda: self.GREETING.replace(b"NULL", rng.choice([b"CURV", b"PLAI", b"GSSA", b"\x00\x00\x00\x00"])) + self.ready(),
            lambda: b"\x01\x00" + good,                                              # the oldest version
            lambda: self.GREETING + self.ready(rng.choice([b"PUB", b"REQ", b"", b"X" * 300, b"ROUTER"])) + good,
            lambda: self.GREETING + self.ready(**{"Identity": rng.choice([b"\x00abc", b"i" * 255, b"i" * 256, b"twin"])}) + good,
            lambda: self.GREETING + self.command(b"\x05READY\x0bSocket-Type\xff\xff\xff\xff"),
            lambda: self.GREETING + self.command(b"\x05READY" + rng.randbytes(rng.randrange(40))),
            lambda: self.GREETING + self.command(b"\x05ERROR\x00") + good,
            lambda: self.GREETING + good,                                            # no READY at all
            lambda: hand + good * rng.randint(1, 20),
            lambda: hand + b"\x02" + rng.choice([FRAME_MAX + 1, 2**31, 2**62, 2**63, 2**64 - 1]).to_bytes(8, "big") + b"x" * 50,
            lambda: hand + b"\x02" + (0).to_bytes(8, "big") + good,
            lambda: hand + bytes([rng.choice([0x03, 0x07, 0x08, 0x10, 0x80, 0xff])]) + rng.randbytes(30),
            lambda: hand + b"\x00\xc8" + ping,                                       # cut off
            lambda: hand + (b"\x01\x05again") * rng.randint(1, 300),                 # a message without an end
            lambda: hand + self.command(b"\x04PING" + rng.randbytes(rng.choice([0, 1, 2, 18, 19, 60]))) + good,
            lambda: hand + self.command(rng.choice([b"\x09SUBSCRIBE", b"\x06CANCEL", b"\x04PONG", b"\x00", b""])
                                        + rng.randbytes(rng.randrange(30))) + good,
            lambda: hand + b"\x00\x01" + bytes([rng.choice([0, 1, 2])]) + b"\x00\x09\x01intake./" + b"\x00\xff\x01" + b"a" * 254,
        ])()

    def run(self):
        self.f.said["raw ZMTP"] += 1
        try:
            self.ipc.sendall(self.bytes_())
            if self.rng.random() < 0.3:
                self.ipc.settimeout(0.05)
                self.ipc.recv(4096)
        except (BrokenPipeError, ConnectionResetError, socket.timeout):
            pass
        if self.rng.random() < 0.7:
            self.ipc.close()
            return
        self.f.held.append(self.ipc)  # says no more, and stays


class Fuzzer:
    def __init__(self, house, seed):
        self.house, self.rng = house, random.Random(seed)
        self.claims = Claims()
        self.said, self.counts, self.codes = collections.Counter(), collections.Counter(), collections.Counter()
        self.held, self.peers = collections.deque(), []

    def memory_mib(self):
        text = pathlib.Path(f"/proc/{self.house.processes['broker'].pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0]) // 1024

    def step(self):
        """Returns 1 when a conversation ended."""
        if self.rng.random() < 0.06:
            Raw(self).run()
            while len(self.held) > 40:
                self.held.popleft().close()
            return 1
        if len(self.peers) < PEERS:
            self.peers.append(Peer(self))
        peer = self.rng.choice(self.peers)
        if peer.step():
            return 0
        self.peers.remove(peer)
        peer.close()
        return 1

    def oversize(self):
        """A frame of just the limit is read, one byte more ends the connection."""
        for size, wanted in ((FRAME_MAX, True), (FRAME_MAX + 1, False)):
            raw = Raw(self)
            raw.ipc.close()
            ipc = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            ipc.settimeout(WAIT_MS / 1000)
            ipc.connect(f"{self.house.dir}/broker.sock")
            raw.live = False
            ipc.sendall(Raw.GREETING + raw.ready() + b"\x02" + size.to_bytes(8, "big"))
            try:
                for _ in range(16):
                    ipc.sendall(bytes(MIB))
                ipc.sendall(bytes(size - FRAME_MAX))
                got = b""
                while b"REFUSED" not in got:
                    more = ipc.recv(4096)
                    if not more:
                        break
                    got += more
            except (BrokenPipeError, ConnectionResetError):
                got = b""
            ipc.close()
            if (b"REFUSED" in got) != wanted:
                raise Wrong(f"a frame of {size} bytes was{'' if wanted else ' not'} refused by ending the connection")

    def whole_log(self):
        ear = self.house.context.socket(zmq.DEALER)
        ear.setsockopt(zmq.LINGER, 0)
        ear.connect(f"ipc://{self.house.dir}/broker.sock")
        head, log, through, until = self.house.head(), [], 0, time.monotonic() + 120
        ear.send(msgpack.packb(["FOLLOW", 0, None, [], 1000]))
        while through < head and time.monotonic() < until:
            if not ear.poll(1000):
                continue
            answer = msgpack.unpackb(ear.recv())
            if answer[0] == "REFUSED" and answer[2] == "BUSY":  # the others' places become free
                ear.send(msgpack.packb(["FOLLOW", 0, None, [], 1000]))
                time.sleep(0.1)
            if answer[0] != "EVENTS":
                continue
            log += answer[3]
            through = answer[1]
            ear.send(msgpack.packb(["CREDIT", max(1, len(answer[3]))]))
        ear.close()
        if through < head:
            raise Wrong(f"the log could be read to {through} of {head} only")
        return log

    def row(self, done):
        """For the table of tests/faults/run: what each peer was told is stored counts as acknowledged."""
        print(f"fuzz: injections={done} acknowledged={sum(self.claims.last.values())} lost={self.claims.lost} "
              f"doubled={self.claims.doubled} undetected={self.claims.other}")

    def run(self, conversations):
        done, early = 0, None
        while done < conversations:
            done += self.step()
            if early is None and done >= conversations // 4:
                early = self.memory_mib()
        self.oversize()
        for peer in self.peers:
            peer.close()
        for ipc in self.held:
            ipc.close()
        status = self.house.ask("broker", "status", timeout_ms=WAIT_MS)
        if not status:
            raise Wrong("the broker does not answer its status")
        log = self.whole_log()
        try:
            claims = self.claims.hold_against(log)
        finally:
            self.row(done)
        controls(self.claims, log)
        grown = self.memory_mib() - early
        print(f"said {dict(self.said)}")
        print(f"heard {dict(self.counts)}, refused {dict(self.codes)}")
        print(f"{done} conversations, {len(log)} records, {claims} claims held against the log, "
              f"memory {early} MiB and {grown:+} MiB")
        if grown > GROWTH_MAX_MIB:
            raise Wrong(f"the broker's memory grew by {grown} MiB")
        if not self.counts["STORED"] or not self.counts["EVENTS"]:
            raise Wrong("nothing was stored or followed: the fuzzer is broken")


def play(options):
    with h.House() as house:
        house.options["broker"] += [w for s in SETTINGS for w in ("--set", s)]
        # Freed memory is kept for a while by the sanitizer; that is not the broker's growth.
        house.environment["broker"] = {"ASAN_OPTIONS": "quarantine_size_mb=8:detect_leaks=1"}
        house.start("broker")
        house.head()
        fuzzer = Fuzzer(house, options.seed)
        try:
            fuzzer.run(options.conversations)
        except Wrong:
            code = house.processes["broker"].poll()
            if code is not None:
                print((house.dir / "broker.log").read_text(errors="replace")[-4000:])
                raise Wrong(f"the broker ended with {code}")
            raise
        house.stop("broker")  # leaks, and whatever else the sanitizers have to say, are an exit code here
        print(house.verify())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--conversations", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("OCOP_SEED", "20181216")))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    tests = h.Tests()
    tests.run(f"{options.conversations} conversations", play, options)
    tests.end()


if __name__ == "__main__":
    main()
