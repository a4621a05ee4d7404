"""Publishers and followers made of pyzmq, msgpack and BLAKE2b, and nothing of ours: the fault tests' own ends of the wire."""
import hashlib
import sys
import threading
import time

try:
    import msgpack
    import zmq
except ImportError:  # another python3 stands before Debian's in the PATH
    import os
    if sys.executable == "/usr/bin/python3":
        raise
    os.execv("/usr/bin/python3", ["/usr/bin/python3"] + sys.argv)

ZERO = bytes(32)


def digest(data):
    return hashlib.blake2b(data, digest_size=32).digest()


def u64(x):
    return (x % 2**64).to_bytes(8, "big")


def part(b):
    b = b.encode() if isinstance(b, str) else b
    return u64(len(b)) + b


def chain_of(previous, r):
    seq, at_ms, _, publisher, epoch, number, topic, envelope = r
    return digest(previous + u64(seq) + u64(at_ms) + u64(epoch) + u64(number) + part(publisher) + part(topic) + part(envelope))


def running_of(previous, number, topic, envelope):
    return digest(previous + u64(number) + part(topic) + part(envelope))


PROVINCES = ["01", "04", "08", "11", "12", "14", "15", "19"]


def plan(publisher, n):
    """A plan of a publisher "NAME-I": intake registers the even ones, refuses one in four, refuses or cannot read one in four. No two
    are about the same years of the same province, whatever order they come in."""
    province = PROVINCES[int(publisher.rsplit("-", 1)[1]) % len(PROVINCES)]
    year = 2020 + n % 80
    data = {"province": province, "title": f"{publisher} {n}", "year_from": year, "year_to": year - (n % 4 == 1), "products": 1,
            "budget_vnd": n, "remark": "synthetic, from a test"}
    if n % 4 == 3:
        data = {"no": "plan"}
    if n % 8 == 7:
        return f"intake.plan.filed.{province}", msgpack.packb({"title": f"{publisher} {n}"})  # a dead letter
    envelope = {"specversion": "1.0", "id": f"{publisher}-{n}", "source": publisher, "type": "intake.plan.filed", "subject": "",
                "time": 1514764800000, "data": data}
    return f"intake.plan.filed.{province}", msgpack.packb(envelope)


class Peer:
    """One DEALER, connected anew whenever its broker is gone for a second."""

    def __init__(self, context, endpoint):
        self.context, self.endpoint, self.socket = context, endpoint, None
        self.connect()

    def connect(self):
        self.close()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.setsockopt(zmq.RECONNECT_IVL, 20)
        self.socket.connect(self.endpoint)

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket = None

    def say(self, *frame):
        try:
            self.socket.send(msgpack.packb(list(frame)), zmq.DONTWAIT)
        except zmq.Again:
            pass

    def hear(self, wait_ms):
        if not self.socket.poll(wait_ms):
            return None
        return msgpack.unpackb(self.socket.recv())


class Publisher:
    """Numbers its events, sends them again until they are STORED, and remembers which were."""

    def __init__(self, context, endpoint, name, epoch, make=plan, window=64, batch=1):
        self.peer = Peer(context, endpoint)
        self.name, self.epoch, self.make, self.window, self.batch = name, epoch, make, window, batch
        self.events, self.hashes = {}, {0: ZERO}
        self.acked = self.acked_seq = self.sent = 0
        self.welcomed, self.heard, self.diverged = False, time.monotonic(), ""
        self.refusals, self.wait_until = {}, 0

    def event(self, number):
        if number not in self.events:
            self.events[number] = self.make(self.name, number)
            self.hashes[number] = running_of(self.hashes[number - 1], number, *self.events[number])
        return self.events[number]

    def welcome(self, last, known):
        if last < self.acked:
            self.diverged = f"{self.acked} were STORED and the broker knows {last}"
        elif last and (last not in self.hashes or self.hashes[last] != known):
            self.diverged = f"another past at number {last}"
        self.welcomed, self.sent = True, last
        self.acked = max(self.acked, last)

    def turn(self, until, wait_ms=20):
        """Send some, hear some; True when everything up to number `until` is STORED."""
        now = time.monotonic()
        if not self.welcomed and now - self.heard > 1:
            self.peer.connect()
            self.heard = now
            self.peer.say("HELLO", 1, self.name, self.epoch)
        while self.welcomed and now >= self.wait_until and self.sent < until and self.sent - self.acked < self.window:
            count = min(self.batch, until - self.sent)
            self.peer.say("PUBLISH", self.sent + 1, [list(self.event(self.sent + 1 + i)) for i in range(count)])
            self.sent += count
        answer = self.peer.hear(wait_ms)
        if answer is None:
            if now - self.heard > 1.5 and self.acked < until:
                self.welcomed = False
            return self.acked >= until
        self.heard = now
        if answer[0] == "WELCOME":
            self.welcome(answer[1], answer[2])
        elif answer[0] == "STORED":
            self.acked, self.acked_seq = max(self.acked, answer[1]), max(self.acked_seq, answer[2])
        elif answer[0] == "REFUSED":
            self.refusals[answer[2]] = self.refusals.get(answer[2], 0) + 1
            self.welcomed, self.heard, self.wait_until = False, 0, now + 0.2
        return self.acked >= until

    def start(self):
        self.heard = 0  # says HELLO in its first turn
        return self

    def push(self, until, limit_s=60):
        end = time.monotonic() + limit_s
        while not self.turn(until):
            if time.monotonic() > end:
                raise AssertionError(f"{self.name} waits for STORED {until}, has {self.acked}: {self.refusals}")


class Follower:
    """Follows from the beginning, starts anew when its broker is gone, and keeps what it saw, in the order it saw it."""

    def __init__(self, context, endpoint, prefixes=()):
        self.peer, self.prefixes = Peer(context, endpoint), list(prefixes)
        self.seq, self.chain = 0, None
        self.records, self.wrong = [], ""
        self.following, self.heard, self.moved = False, 0, 0

    def turn(self, wait_ms=20):
        now = time.monotonic()
        if not self.following or now - self.heard > 1.5:
            self.peer.connect()
            self.peer.say("FOLLOW", self.seq, self.chain, self.prefixes, 5000)
            self.following, self.heard, self.moved = True, now, now
        self.peer.say("PING", 1)
        answer = self.peer.hear(wait_ms)
        if answer is None:
            return
        self.heard = now
        if answer[0] == "EVENTS":
            self.moved = now
            self.records += answer[3]
            self.seq, self.chain = answer[1], answer[2]
            if answer[3]:
                self.peer.say("CREDIT", len(answer[3]))
        elif answer[0] == "PONG" and answer[2] > self.seq and now - self.moved > 1.5:
            self.following = False  # a broker that was started anew does not know that we follow
        elif answer[0] == "REFUSED":
            self.wrong = f"refused {answer[2]}: {answer[3]}"
            self.following = False

    def read_to(self, seq, limit_s=60):
        end = time.monotonic() + limit_s
        while self.seq < seq:
            self.turn()
            if time.monotonic() > end:
                raise AssertionError(f"a follower waits for {seq}, has {self.seq}: {self.wrong}")


class Crowd:
    """Publishers and followers in a thread of their own: each publisher up to number `target`, which grows."""

    def __init__(self, publishers, followers):
        self.publishers, self.followers, self.target, self.ending, self.failed = publishers, followers, 0, False, None
        self.thread = threading.Thread(target=self.work, daemon=True)
        for publisher in publishers:
            publisher.start()
        self.thread.start()

    def work(self):
        try:
            while not self.ending:
                for publisher in self.publishers:
                    publisher.turn(self.target, 2)
                for follower in self.followers:
                    follower.turn(2)
        except Exception as wrong:  # noqa: BLE001 - raised again by end()
            self.failed = wrong

    def end(self):
        """Everything up to the target is STORED, and each publisher remembers the log's past."""
        self.ending = True
        self.thread.join(60)
        if self.failed:
            raise self.failed
        for publisher in self.publishers:
            publisher.push(self.target)
            assert not publisher.diverged, f"{publisher.name}: {publisher.diverged}"

    def reached(self):
        return all(p.acked >= self.target for p in self.publishers)

    def saw(self):
        return [(f.prefixes, f.records) for f in self.followers]


def head(context, endpoint, limit_s=30):
    peer, end = Peer(context, endpoint), time.monotonic() + limit_s
    try:
        while time.monotonic() < end:
            peer.say("PING", 9)
            answer = peer.hear(500)
            if answer and answer[0] == "PONG":
                return answer[2]
        raise AssertionError("the broker does not answer")
    finally:
        peer.close()


def read_log(context, endpoint, limit_s=60):
    """Every record, from 0."""
    follower = Follower(context, endpoint)
    follower.read_to(head(context, endpoint), limit_s)
    follower.peer.close()
    return follower.records
