"""The peers: how each is started, and whether its acknowledgement waits for the disk, counted with strace."""
import collections
import re
import shutil
import signal
import subprocess

from places import Broker, Process, Server, Yardstick, answers_on, free_port, wait_for


class Peer(Server):
    """One server on loopback with its data in a folder of its own; what it is like is in the classes below."""

    def __init__(self, where):
        super().__init__(where)
        self.port, self.unix = free_port(), self.dir / "peer.sock"
        self.process = self.start()
        wait_for(lambda: answers_on(self.port), self.process, self.program)

    def publish(self, **options):
        return self.where.tool(self.tool, port=self.port, **options)

    @classmethod
    def installed(cls, where):
        return shutil.which(cls.program) is not None and (where.bin / cls.tool).exists()


class Redis(Peer):
    """appendfsync always: the reply waits for the flush. Its log is not rewritten while it is measured."""
    program, tool = "redis-server", "bench_publish_redis"

    def start(self):
        return Process([self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", str(self.unix), "--dir",
                        str(self.dir), "--save", "", "--appendonly", "yes", "--appendfsync", "always",
                        "--auto-aof-rewrite-percentage", "0"], self.dir / "log")

    def follow(self, **options):
        return self.where.tool("bench_follow_redis", port=self.port, **options)


class RedisUnix(Redis):
    """The same over a socket file, as OCOP's broker on one machine."""

    def publish(self, **options):
        return self.where.tool(self.tool, path=self.unix, **options)


class Nats(Peer):
    """As it comes: acknowledged before it is flushed, which happens every two minutes."""
    program, tool = "nats-server", "bench_publish_nats"

    def start(self):
        return Process([self.program, "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self.dir)], self.dir / "log")

    def follow(self, **options):
        return self.where.tool("bench_follow_nats", port=self.port, **options)


class NatsSynced(Nats):
    """2.9 has no setting for it: the synchronous attribute on the folder makes each write wait for the disk."""

    def start(self):
        subprocess.run(["chattr", "+S", self.dir], check=True)
        return super().start()

    @classmethod
    def installed(cls, where):
        def can():
            return subprocess.run(["chattr", "+S", where.folder()], capture_output=True).returncode == 0
        return super().installed(where) and where.keep("chattr", can)


class Rabbit(Peer):
    """A quorum queue of one node. It takes seconds to start, so one runs for all rounds; each begins with a new queue."""
    program, tool = "rabbitmq-server", "bench_publish_rabbit"

    def start(self):
        epmd_port, dist_port = free_port(), free_port()
        (self.dir / "plugins").write_text("[].")
        self.epmd = Process(["epmd", "-address", "127.0.0.1", "-port", str(epmd_port)], self.dir / "epmd.log")
        env = {"HOME": str(self.dir), "RABBITMQ_MNESIA_BASE": str(self.dir / "mnesia"), "RABBITMQ_LOG_BASE": str(self.dir / "logs"),
               "RABBITMQ_NODE_PORT": str(self.port), "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_NODENAME": "bench@localhost",
               "RABBITMQ_DIST_PORT": str(dist_port), "ERL_EPMD_PORT": str(epmd_port), "ERL_EPMD_ADDRESS": "127.0.0.1",
               "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.dir / "plugins"), "RABBITMQ_PID_FILE": str(self.dir / "pid"),
               "RUNNING_UNDER_SYSTEMD": "1"}  # else a shell stands in between, and its death is not the server's
        return Process(["/usr/lib/rabbitmq/bin/rabbitmq-server"], self.dir / "log", env)

    def __exit__(self, *_):
        self.process.end()
        self.epmd.end()
        super().__exit__()

    @property
    def pid(self):
        return int((self.dir / "pid").read_text())


class Borrowed:
    """What stays up from round to round."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        return self.server

    def __exit__(self, *_):
        pass


def kept(where, make):
    """The one of this run, made and ended with it."""
    return Borrowed(where.keep(make, lambda: where.enter_context(make(where))))


PEERS = {"Redis always": Redis, "JetStream default": Nats, "JetStream synced": NatsSynced, "RabbitMQ quorum": Rabbit}
OWN = {"OCOP": Broker, "flat file": lambda where: Yardstick(where, "flat"), "no storage": lambda where: Yardstick(where, "null")}


def systems(where):
    """The names of all that can be measured here."""
    return ["OCOP"] + [name for name, peer in PEERS.items() if peer.installed(where)] + ["flat file", "no storage"]


def start(where, name):
    """A running one, to be used in `with`."""
    if name == "RabbitMQ quorum":
        return kept(where, Rabbit)
    return (OWN.get(name) or PEERS[name])(where)


# --- does the acknowledgement wait for the disk? ---

CALLS = "fsync,fdatasync,write,pwrite64,writev,pwritev,pwritev2"


def flushes(trace, synchronous):
    """Flushes in a trace of strace -y, and writes to files in a folder whose writes are flushes themselves."""
    count = collections.Counter()
    for line in trace.splitlines():
        call = re.search(r"\b(\w+)\(\d+<([^>]*)>", line)
        if not call:
            continue
        if call[1] in ("fsync", "fdatasync"):
            count["flushes"] += 1
        elif synchronous and call[2].startswith(str(synchronous)):
            count["synchronous writes"] += 1
    return count


def ack_waits(where, name, acks):
    """Publish so many events one after the other, and count what the server flushed meanwhile; None: strace is not there, or
    may not look."""
    if not shutil.which("strace"):
        return None
    with start(where, name) as server:
        server.publish(window=1, events=3)  # what is made once is made
        trace = where.dir / "strace"
        strace = subprocess.Popen(["strace", "-f", "-y", "-e", "trace=" + CALLS, "-o", trace, "-p", str(server.pid)],
                                  stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            if "attached" not in strace.stderr.readline():
                return None
            done = server.publish(window=1, events=acks)
        finally:
            strace.send_signal(signal.SIGINT)
            strace.communicate(timeout=30)
        count = flushes(trace.read_text(errors="replace"), server.dir if name == "JetStream synced" else None)
    seen = sum(count.values())
    return {"acks": done["events"], "flushes": count["flushes"], "synchronous writes": count["synchronous writes"],
            "waits": seen >= 0.9 * done["events"]}
