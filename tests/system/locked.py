"""A house with keys: everybody over TCP with CURVE, the policy read a second time, and a peer's words. For the tests of rights."""
import json
import re
import shutil
import signal
import socket
import time

import house as h
import msgpack
import zmq

POLICY = h.SOURCE / "deploy/policy.zpl"
EVENTS = [e for e in json.loads((h.SOURCE / "proto/events.json").read_text()) if e.get("type")]
OWN, FOREIGN, NATIONAL = "06", "22", "00"
PROVINCES = [OWN, FOREIGN, NATIONAL]
KEYED = ["province", "commune", "council", "authority", "monitor", "intake", "scoring", "certification", "notification",
         "courier", "mirror", "operator"]
WITH_PROVINCE = ["province", "commune", "council", "authority"]


# --- the policy, read a second time ---


def read_policy(text):
    """{role: {verb: [pattern]}}"""
    policy, role = {}, None
    for line in text.splitlines():
        line = line.split("#")[0].rstrip()
        if re.fullmatch(r" {4}\w+", line):
            role = policy.setdefault(line.strip(), {"publish": [], "follow": [], "subscribe": [], "ask": []})
        found = re.fullmatch(r" {8}(\w+) = \"(.*)\"", line)
        if found:
            role[found[1]].append(found[2])
    policy.setdefault("local", policy["operator"])
    return policy


def allows(patterns, topic, province=OWN):
    for pattern in patterns:
        expression = re.escape(pattern.replace("{province}", "\0")).replace("\0", province).replace(r"\*", "[a-z0-9_]+")
        if pattern == "*" or re.fullmatch(expression + (".*" if pattern.endswith(".") else ""), topic):
            return True
    return False


def said_by(event, name):
    """Whether events.json lets a publisher of this name say it."""
    reserved = ["intake", "scoring", "certification", "notification", "courier", "broker", "operator"]
    if event["origin"] == "outside":
        return name not in reserved or name == "operator"
    return event["origin"] == name


def all_topics():
    return [(e, f"{e['type']}.{p}") for e in EVENTS for p in PROVINCES]


# --- a house with keys ---


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def name_of(role):
    return role + "-" + OWN if role in WITH_PROVINCE else role


class Locked(h.House):
    """Broker and services on ipc and on TCP, a key for everybody."""

    def __init__(self, **more):
        super().__init__(**more)
        self.keys = self.dir / "keys"
        self.policy = self.dir / "policy.zpl"
        shutil.copy(POLICY, self.policy)
        self.port = {name: free_port() for name in ["broker", "live"] + h.SERVICES}
        self.make("broker", "broker")
        for role in KEYED:
            self.make(role, name_of(role), OWN if role in WITH_PROVINCE else None)
        self.options["broker"] += self.sets(
            ("bus/endpoint", f"ipc://{self.dir}/broker.sock {self.tcp('broker')}"),
            ("bus/live", f"ipc://{self.dir}/live.sock {self.tcp('live')}"),
            ("keys/secret", self.secret("broker")), ("keys/policy", self.policy))
        for name in h.SERVICES:
            self.options[name] = self.sets(
                ("broker", self.tcp("broker")), ("questions", f"ipc://{self.dir}/{name}.sock {self.tcp(name)}"),
                ("key", self.secret(name)), ("server_key", self.keys / "broker.key"), ("policy", self.policy))

    @staticmethod
    def sets(*pairs):
        return [f"--set={key}={value}" for key, value in pairs]

    def tcp(self, name):
        return f"tcp://127.0.0.1:{self.port[name]}"

    def secret(self, name):
        return self.keys / f"{name}.key_secret"

    def make(self, role, name, province=None):
        self.ocop("keys", "new", role, name, *(["--province", province] if province else []))

    def pair(self, name, suffix="_secret"):
        text = (self.keys / f"{name}.key{suffix}").read_text()
        found = dict(re.findall(r"(public|secret)-key = \"(.{40})\"", text))
        return found["public"].encode(), found.get("secret", "").encode()

    def curve(self, kind, peer, name=None, pair=None, server=None):
        """A socket to `peer`, with the key of `name`, or another pair."""
        s = self.context.socket(kind)
        s.linger = 0
        s.curve_publickey, s.curve_secretkey = pair or self.pair(name)
        s.curve_serverkey = server or self.pair("broker" if peer in ("broker", "live") else peer, "")[0]
        s.connect(self.tcp(peer))
        return s

    def remote(self, *arguments, name, publisher=None, expect=(0,)):
        """ocop over TCP with the key of `name`."""
        services = " ".join(f"{s}={self.tcp(s)}" for s in h.SERVICES)
        env = {"OCOP_BROKER": self.tcp("broker"), "OCOP_SERVICES": services, "OCOP_KEY": str(self.secret(name)),
               "OCOP_SERVER_KEY": str(self.keys / "broker.key")}
        return self.ocop(*arguments, publisher=publisher or name, expect=expect, env=env)

    def hangup(self, name="broker"):
        self.processes[name].send_signal(signal.SIGHUP)

    def log_text(self, name="broker"):
        return (self.dir / f"{name}.log").read_text(errors="replace")

    def status(self):
        return self.ask("broker", "status")

    def counted(self, what, process="broker"):
        """A count as `ocop status` shows it."""
        shown = json.loads(self.ocop("--json", "status", expect=(0, 3)).stdout)
        if process == "broker":
            return shown["broker"][what]
        return next(row[what] for row in shown["processes"] if row["process"] == process)

    def ready(self):
        self.wait(self.status, "the broker")

    def records(self, prefix):
        done = self.ocop("--json", "follow", prefix, "--from", "1", "--until-head")
        return [json.loads(line) for line in done.stdout.splitlines()]


class Peer:
    """One DEALER and its words."""

    def __init__(self, s):
        self.socket, self.token = s, 0

    @classmethod
    def local(cls, house):
        s = house.context.socket(zmq.DEALER)
        s.linger = 0
        s.connect(f"ipc://{house.dir}/broker.sock")
        return cls(s)

    def say(self, *frame):
        self.socket.send(msgpack.packb(list(frame)))

    def hear(self, *words, wait_s=30):
        until = time.monotonic() + wait_s
        while time.monotonic() < until:
            if self.socket.poll(max(0, int((until - time.monotonic()) * 1000))):
                answer = msgpack.unpackb(self.socket.recv())
                if not words or answer[0] in words:
                    return answer
        return None

    def ask(self, *frame):
        """What was said to it until the PONG behind it, but for EVENTS and PONGs of others."""
        self.token += 1
        self.say(*frame)
        self.say("PING", self.token)
        answers = []
        while True:
            answer = self.hear()
            assert answer, f"no answer to {frame[0]}"
            if answer[0] == "PONG" and answer[1] == self.token:
                return answers
            if answer[0] not in ("PONG", "EVENTS"):
                answers.append(answer)

    def hello(self, name, epoch):
        return self.ask("HELLO", 1, name, epoch)[0]

    def close(self):
        self.socket.close()


def is_denied(answer):
    return bool(answer) and answer[0] in ("REFUSED", "FAULT") and answer[2] == "NOT_PERMITTED" and len(answer[3]) > 20


ENVELOPE = msgpack.packb({"specversion": "1.0", "id": "x", "source": "test", "type": "x", "subject": "", "time": 0, "data": {}})
