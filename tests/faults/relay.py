"""A bad line between two ends: bytes late, connections reset, silence without an end. Knows no protocol.

Both ends are addresses: a path is a unix socket, (host, port) is TCP. All faults come from one seed and from counts of
bytes, so that they fall into the middle of things whatever the machine's speed.
"""
import collections
import random
import selectors
import socket
import struct
import threading
import time

CHUNK = 8192


class Faults:
    """What goes wrong on a line. Times in seconds, sizes in bytes; a range is drawn from anew each time."""

    def __init__(self, delay=(0, 0), resets=0, reset_after=(1, 2), freeze_after=None, bytes_s=None):
        self.delay = delay              # each chunk, each way; order stays
        self.resets = resets            # so many connections are reset
        self.reset_after = reset_after  # bytes, both ways together
        self.freeze_after = freeze_after    # bytes from the client, over all connections, until freeze()
        self.bytes_s = bytes_s          # the line's width, each way


class Way:
    """One direction of one connection: what waits to be written, and from when on."""

    def __init__(self, source, target):
        self.source, self.target = source, target
        self.waiting, self.free_at, self.ended = collections.deque(), 0, False


class Relay:
    def __init__(self, listen, forward, faults, seed):
        self.forward, self.faults, self.rng = forward, faults, random.Random(seed)
        self.connections, self.resets_done, self.frozen, self.freezes = 0, 0, False, 0
        self.from_client = self.late = 0
        self.links, self.deaf = {}, []      # id: [ways, bytes left until the reset, client, server]
        self.orders, self.running = collections.deque(), True
        self.listener = socket.socket(socket.AF_UNIX if isinstance(listen, str) else socket.AF_INET)
        self.listener.bind(str(listen) if isinstance(listen, str) else listen)
        self.listener.listen(64)
        self.address = self.listener.getsockname()
        self.bell, self.ear = socket.socketpair()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    # --- orders, from other threads ---

    def order(self, what):
        self.orders.append(what)
        self.bell.send(b"!")

    def thaw(self):
        """What was on its way goes on: late, and behind what other connections have said since."""
        self.order("thaw")

    def end(self):
        self.running = False
        self.bell.send(b"!")
        self.thread.join(10)
        for link in list(self.links):
            self.drop(link)
        for s in [self.listener, self.bell, self.ear] + self.deaf:
            s.close()

    # --- the line ---

    def work(self):
        while self.running:
            self.turn(0.005 if any(w.waiting for link in self.links.values() for w in link[0]) else 0.2)

    def turn(self, wait):
        with selectors.DefaultSelector() as ready:
            ready.register(self.ear, selectors.EVENT_READ)
            ready.register(self.listener, selectors.EVENT_READ)
            now = time.monotonic()
            for number, link in self.links.items():
                if self.frozen:
                    break
                for way in link[0]:
                    if not way.ended and len(way.waiting) < 64:
                        ready.register(way.source, selectors.EVENT_READ, (number, way))
            got = ready.select(wait)
        for key, _ in got:
            if key.fileobj is self.ear:
                self.ear.recv(100)
            elif key.fileobj is self.listener:
                self.accept()
            elif key.data[0] in self.links:
                self.read(*key.data)
        while self.orders:
            self.orders.popleft()
            self.frozen = False
        if not self.frozen:
            for number in list(self.links):
                self.write(number, time.monotonic())

    def accept(self):
        client, _ = self.listener.accept()
        server = socket.socket(socket.AF_UNIX if isinstance(self.forward, str) else socket.AF_INET)
        try:
            server.connect(self.forward)
        except OSError:  # the other end is down: so is the line
            client.close()
            server.close()
            return
        client.setblocking(False)
        server.setblocking(False)
        left = self.rng.randint(*self.faults.reset_after) if self.resets_done < self.faults.resets else None
        self.connections += 1
        self.links[self.connections] = [(Way(client, server), Way(server, client)), left, client, server]

    def read(self, number, way):
        link = self.links[number]
        try:
            data = way.source.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            way.ended = True
            return
        if way.source is link[2]:
            self.from_client += len(data)
        if link[1] is not None:
            link[1] -= len(data)
            if link[1] <= 0 and self.resets_done < self.faults.resets:
                cut = self.rng.randrange(len(data) + 1)  # the reset falls into the middle of a frame
                self.send(way.target, data[:cut])
                self.resets_done += 1
                self.drop(number)
                return
        start = max(time.monotonic(), way.free_at)
        due = start + self.rng.uniform(*self.faults.delay)
        if way.waiting:
            due = max(due, way.waiting[-1][0])
        way.free_at = start + (len(data) / self.faults.bytes_s if self.faults.bytes_s else 0)
        way.waiting.append((due, data))
        if self.faults.freeze_after is not None and self.from_client >= self.faults.freeze_after:
            self.faults.freeze_after = None
            self.frozen, self.freezes = True, self.freezes + 1

    @staticmethod
    def send(target, data):
        """How much of it went."""
        try:
            return target.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            return None

    def write(self, number, now):
        ways = self.links[number][0]
        for way in ways:
            while way.waiting and way.waiting[0][0] <= now:
                due, data = way.waiting.popleft()
                sent = self.send(way.target, data)
                if sent is None:
                    self.drop(number)
                    return
                if now - due > 3:
                    self.late += sent
                if sent < len(data):
                    way.waiting.appendleft((due, data[sent:]))
                    break
        if any(way.ended and not way.waiting for way in ways):
            self.drop(number)

    def drop(self, number):
        """Over for both ends at once; on TCP by RST."""
        _, _, client, server = self.links.pop(number)
        for s in (client, server):
            if s.family == socket.AF_INET:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
