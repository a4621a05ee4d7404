#!/usr/bin/python3
"""Rights, on the programs themselves: CURVE over TCP, every role against every topic and verb, and what must not work.

usage: rights.py [--write]     --write puts the matrix that was found into deploy/SECURITY.md

What is allowed is computed here a second time, from deploy/policy.zpl and proto/events.json, and compared with what the
programs do. The matrix in deploy/SECURITY.md is made from what they did and must be current.
"""
import json
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import house as h
import msgpack
import zmq

POLICY = h.SOURCE / "deploy/policy.zpl"
PAGE = h.SOURCE / "deploy/SECURITY.md"
EVENTS = json.loads((h.SOURCE / "proto/events.json").read_text())
EVENTS = [e for e in EVENTS if e.get("type")]
OWN, FOREIGN, NATIONAL = "06", "22", "00"
PROVINCES = [OWN, FOREIGN, NATIONAL]
CONTEXTS = ["intake", "scoring", "certification", "notification", "courier", "clock", "broker", "operator"]
VERBS = ["publish", "follow", "subscribe"]
KEYED = ["province", "commune", "council", "authority", "monitor", "intake", "scoring", "certification", "notification",
         "courier", "mirror", "operator"]
WITH_PROVINCE = ["province", "commune", "council", "authority"]
BEGIN, END = "<!-- the matrix: tests/system/rights.py --write -->", "<!-- end of the matrix -->"
CUT_OFF_S = 2.0


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


# --- the matrix ---


def may_publish(peer, name, topics):
    """The topics it may publish: say each, alone."""
    number, allowed = 1, set()
    epoch = 0 if name in h.SERVICES else 7
    welcome = peer.hello(name, epoch)
    assert welcome[0] == "WELCOME", welcome
    number = welcome[1] + 1
    for event, topic in topics:
        (answer,) = peer.ask("PUBLISH", number, [[topic, ENVELOPE]])
        if answer[0] == "STORED":
            allowed.add(topic)
            number += 1
        else:
            assert is_denied(answer), (topic, answer)
    return allowed


def may_follow(peer, topics):
    allowed = set()
    for event, topic in topics:
        answers = peer.ask("FOLLOW", 0, None, [topic], 0)
        if not answers:
            allowed.add(topic)
        else:
            assert is_denied(answers[0]), (topic, answers)
    return allowed


def publish_everything(house):
    """One event of each type and province, by whom may say it; without keys, so that rights do not matter here. Those
    of the broker it says itself."""
    said = set()
    for name in ["tester"] + h.SERVICES + ["operator"]:
        peer = Peer.local(house)
        epoch = 0 if name in h.SERVICES else 9
        number = peer.hello(name, epoch)[1] + 1
        events = [[t, ENVELOPE] for e, t in all_topics() if (e["origin"] == "outside") == (name == "tester") and said_by(e, name)]
        if name != "operator":
            assert peer.ask("PUBLISH", number, events)[0][0] == "STORED"
            said |= {t for t, _ in events}
        else:
            events = [[t, ENVELOPE] for e, t in all_topics() if e["origin"] == "operator"]
            assert peer.ask("PUBLISH", number, events)[0][0] == "STORED"
            said |= {t for t, _ in events}
        peer.close()
    return said


def matrix_of_topics(house):
    """{(role, verb): topics allowed}, as the broker does it."""
    topics, found = all_topics(), {}
    policy = read_policy(POLICY.read_text())
    before = house.status()["denied"]
    listeners, refused = {}, 0
    for role in KEYED + ["local"]:
        if role == "local":
            s = house.context.socket(zmq.SUB)
            s.linger = 0
            s.connect(f"ipc://{house.dir}/live.sock")
        else:
            s = house.curve(zmq.SUB, "live", name_of(role))
        s.rcvhwm = 0
        for _, topic in topics:
            s.subscribe(topic)
            refused += not allows(policy[role]["subscribe"], topic)
        listeners[role] = s
    house.wait(lambda: house.status()["denied"] == before + refused, "every subscription looked at")
    said = publish_everything(house)
    Peer.local(house).ask("CLOCK", "2018-11-02")
    said.add("clock.day.started.00")
    for role, s in listeners.items():
        found[role, "subscribe"] = set()
        wanted = {t for t in said if allows(policy[role]["subscribe"], t)}
        until = time.monotonic() + h.LIMIT_S
        while found[role, "subscribe"] < wanted and time.monotonic() < until and s.poll(2000):
            found[role, "subscribe"].add(s.recv_multipart()[0].decode())
        while s.poll(50):
            found[role, "subscribe"].add(s.recv_multipart()[0].decode())
        s.close()
    for role in KEYED + ["local"]:
        peer = Peer.local(house) if role == "local" else Peer(house.curve(zmq.DEALER, "broker", name_of(role)))
        found[role, "publish"] = may_publish(peer, "tester-2" if role == "local" else name_of(role), topics)
        found[role, "follow"] = may_follow(peer, topics)
        peer.close()
    return found, said


def check_topics(found, said):
    """Exactly the policy, topic by topic."""
    policy = read_policy(POLICY.read_text())
    wrong = []
    for (role, verb), allowed in found.items():
        for event, topic in all_topics():
            want = allows(policy[role][verb], topic)
            if verb == "publish":
                want = want and said_by(event, "tester-2" if role == "local" else name_of(role))
            if verb == "subscribe" and topic not in said:
                continue  # of the broker's own, which it did not say just now
            if (topic in allowed) != want:
                wrong.append(f"{role} {verb} {topic}: {'allowed' if topic in allowed else 'refused'}")
    assert not wrong, f"{len(wrong)} differ from the policy, as {wrong[:5]}"
    return sum(len(all_topics()) for _ in found)


def questions():
    """{service: [question]}, as the sources have them."""
    known = {"broker": ["status", "clock"]}
    for service in h.SERVICES:
        names = {"status", "dead"}
        folder = "notification" if service == "courier" else service
        for source in sorted((h.SOURCE / "services" / folder).glob("*.c")):
            if folder == "notification" and (source.stem.startswith("courier") != (service == "courier")):
                continue
            for table in re.findall(r"struct question \w+\[\] = \{(.*?)\n\};", source.read_text(), re.S):
                names |= set(re.findall(r"\{ \"(\w+)\",", table))
        known[service] = sorted(names)
    return known


def matrix_of_questions(house):
    """{(role, service, question): allowed}, from the services themselves."""
    found = {}
    for role in KEYED + ["local"]:
        for service, names in questions().items():
            if role == "local":
                s = house.context.socket(zmq.DEALER)
                s.linger = 0
                s.connect(f"ipc://{house.dir}/{service}.sock")
            else:
                s = house.curve(zmq.DEALER, service, name_of(role))
            peer = Peer(s)
            for question in names:
                if (service, question) == ("broker", "clock"):
                    peer.say("CLOCK", "2018-11-03")
                else:
                    peer.say("ASK", 5, question, {})
                answer = peer.hear("ANSWER", "FAULT", "REFUSED", "CLOCKED")
                assert answer, f"{service} does not answer {role}"
                found[role, service, question] = not is_denied(answer)
            peer.close()
    return found


def check_questions(found):
    policy = read_policy(POLICY.read_text())
    wrong = []
    for (role, service, question), allowed in found.items():
        name = f"{service}.{question}"
        want = any(allows([p.replace(".{province}", "")], name) for p in policy[role]["ask"])
        if allowed != want:
            wrong.append(f"{role} asks {name}: {'allowed' if allowed else 'refused'}")
    assert not wrong, f"{len(wrong)} differ from the policy, as {wrong[:5]}"
    return len(found)


def cell(allowed, context):
    """How much of a context: all, own province, so many of its types."""
    types = [e["type"] for e in EVENTS if e["type"].split(".")[0] == context]
    mine = [t for t in allowed if t.split(".")[0] == context]
    some = {t.rsplit(".", 1)[0] for t in mine}
    where = {t.rsplit(".", 1)[1] for t in mine}
    if not mine:
        return "–"
    text = "all" if len(some) == len(types) else f"{len(some)} of {len(types)}"
    if where == {OWN}:
        return text + " own"
    if where == {NATIONAL}:
        return text + " national"
    if where == {OWN, NATIONAL}:
        return text + " own or national"
    assert where == set(PROVINCES), where
    return text


def tables(found, said, asked):
    policy = read_policy(POLICY.read_text())
    lines = ["Topics. *all*: every type of the context, in every province; *own*: those of the certificate's province alone;",
             "*k of n*: so many types of the context.", "",
             "| role | verb | " + " | ".join(CONTEXTS) + " |", "|---" * (len(CONTEXTS) + 2) + "|"]
    for role in KEYED + ["local"]:
        for verb in VERBS:
            allowed = set(found[role, verb])
            if verb == "subscribe":  # what the broker did not say just now stands as the policy has it
                allowed |= {t for _, t in all_topics() if t not in said and allows(policy[role][verb], t)}
            lines.append(f"| {role} | {verb} | " + " | ".join(cell(allowed, c) for c in CONTEXTS) + " |")
    known = questions()
    lines += ["", "Questions. *own*: answered only about the certificate's province. `broker clock` is the time of a rehearsal.", "",
              "| role | " + " | ".join(known) + " |", "|---" * (len(known) + 1) + "|"]
    for role in KEYED + ["local"]:
        cells = []
        for service, names in known.items():
            some = [q for q in names if asked[role, service, q]]
            limited = [q for q in some if f"{service}.{q}.{{province}}" in policy[role]["ask"]]
            cells.append("all" if len(some) == len(names) and not limited else
                         ", ".join(q + (" (own)" if q in limited else "") for q in some) or "–")
        lines.append(f"| {role} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def page_is_current(text, write):
    page = PAGE.read_text()
    begin, end = page.index(BEGIN) + len(BEGIN), page.index(END)
    if write:
        PAGE.write_text(page[:begin] + "\n" + text + "\n" + page[end:])
        return
    assert page[begin:end].strip() == text.strip(), f"{PAGE.name} is not current; make it anew: tests/system/rights.py --write"


# --- what else must be ---


def narrowed(house):
    """A province that asks for a context gets its own of it; a service and who wants everything get no part."""
    policy = read_policy(POLICY.read_text())
    peer = Peer(house.curve(zmq.DEALER, "broker", "province-06"))
    head = house.head()
    assert not peer.ask("FOLLOW", 0, None, ["intake.", "operator.", "scoring."], 60000)
    seen, through = set(), 0
    peer.say("FOLLOW", 0, None, ["intake.", "operator.", "scoring."], 60000)
    while through < head:
        answer = peer.hear("EVENTS", "REFUSED")
        through = answer[1]
        seen |= {r[6] for r in answer[3]}
    want = {r["topic"] for r in house.records("intake.") + house.records("scoring.") if
            allows(policy["province"]["follow"], r["topic"])}
    assert seen == want and want, (sorted(seen ^ want)[:5])
    assert is_denied(peer.ask("FOLLOW", 0, None, [], 10)[0]), "everything"
    assert is_denied(peer.ask("FOLLOW", 0, None, ["operator."], 10)[0]), "nothing of it"
    peer.close()
    peer = Peer(house.curve(zmq.DEALER, "broker", "intake"))
    assert is_denied(peer.ask("FOLLOW", 0, None, ["intake.", "notification."], 10)[0]), "a service takes no part"
    peer.close()


def wrong_names(house):
    """Another's name in HELLO, another's province in the topic: refused with a sentence that says so, and counted."""
    before = house.status()["denied"]
    peer = Peer(house.curve(zmq.DEALER, "broker", "province-06"))
    for name in ["province-22", "intake", "operator", "broker", "centre", "province-06x"]:
        answer = peer.hello(name, 5)
        assert is_denied(answer), (name, answer)
        assert name == "broker" or "province-06" in answer[3], answer
    assert peer.hello("province-06", 5)[0] == "WELCOME"
    for topic in ["intake.dossier.filed.22", "certification.decision.signed.06", "scoring.sheet.submitted.06",
                  "operator.skip.requested.00"]:
        (answer,) = peer.ask("PUBLISH", 1, [[topic, ENVELOPE]])
        assert is_denied(answer) and answer[1] == 1, (topic, answer)
        assert topic.startswith("operator") or topic in answer[3], answer
    # the first is good, the second is not: nothing of it is stored
    (answer,) = peer.ask("PUBLISH", 1, [["intake.dossier.filed.06", ENVELOPE], ["intake.dossier.filed.22", ENVELOPE]])
    assert is_denied(answer) and answer[1] == 2, answer
    assert peer.hello("province-06", 5)[1] == 0
    assert is_denied(peer.ask("CLOCK", "2019-01-01")[0])
    peer.close()
    assert house.status()["denied"] == before + 12, house.status()
    assert "may not publish intake.dossier.filed.22" in house.log_text()


def does_not_come_in(house, connect):
    """It may say what it wants: nothing comes back, and the broker counts it."""
    before = house.status()["strangers"]
    s = connect()
    try:
        s.send(msgpack.packb(["PING", 1]), zmq.DONTWAIT)
    except zmq.Again:
        pass  # turned away already
    house.wait(lambda: house.status()["strangers"] > before, "a stranger to be counted")
    assert not s.poll(200), s.recv_multipart()
    s.close()


def bare_dealer(house):
    s = house.context.socket(zmq.DEALER)
    s.linger = 0
    s.connect(house.tcp("broker"))
    return s


def strangers(house):
    """Without a key, with an unknown one, with the wrong idea of the broker's, with a revoked one."""
    does_not_come_in(house, lambda: bare_dealer(house))
    does_not_come_in(house, lambda: house.curve(zmq.DEALER, "broker", pair=zmq.curve_keypair()))
    does_not_come_in(house, lambda: house.curve(zmq.DEALER, "broker", "operator", server=zmq.curve_keypair()[0]))
    house.make("monitor", "gone")
    pair = house.pair("gone")
    house.ocop("keys", "revoke", "gone")
    house.hangup()
    does_not_come_in(house, lambda: house.curve(zmq.DEALER, "broker", pair=pair))
    assert "event=not_admitted because=unknown_key" in house.log_text()
    # and the command line is told so at once
    house.make("monitor", "early")
    house.wait(lambda: "name=early" in house.log_text(), "the key")
    secret = house.secret("early").read_text()
    house.ocop("keys", "revoke", "early")
    house.wait(lambda: "event=key_revoked name=early" in house.log_text(), "the revocation")
    (house.keys / "early.key_secret").write_text(secret)
    (house.keys / "early.key_secret").chmod(0o600)
    done = house.remote("follow", "certification.", "--until-head", name="early", expect=None)
    assert done.returncode == 2 and "does not admit" in done.stderr, (done.returncode, done.stderr)


def replayed(house):
    """A captured conversation, sent again byte for byte, says nothing to the broker."""
    listener = socket.create_server(("127.0.0.1", 0))
    captured = []

    def carry():
        a, _ = listener.accept()
        b = socket.create_connection(("127.0.0.1", house.port["broker"]))
        while True:
            for s in select.select([a, b], [], [])[0]:
                data = s.recv(65536)
                if not data:
                    a.close(), b.close()
                    return
                if s is a:
                    captured.append(data)
                (b if s is a else a).sendall(data)

    thread = threading.Thread(target=carry, daemon=True)
    thread.start()
    s = house.context.socket(zmq.DEALER)
    s.linger = 0
    s.curve_publickey, s.curve_secretkey = house.pair("province-06")
    s.curve_serverkey = house.pair("broker", "")[0]
    s.connect(f"tcp://127.0.0.1:{listener.getsockname()[1]}")
    peer = Peer(s)
    assert peer.hello("province-06", 77)[0] == "WELCOME"
    assert peer.ask("PUBLISH", 1, [["intake.plan.filed.06", ENVELOPE]])[0][0] == "STORED"
    peer.close()
    thread.join(30)
    house.settle()
    head, before = house.head(), house.status()["strangers"]
    raw = socket.create_connection(("127.0.0.1", house.port["broker"]))
    raw.sendall(b"".join(captured))
    raw.settimeout(30)
    try:
        while raw.recv(65536):
            pass
    except ConnectionResetError:
        pass
    raw.close()
    house.wait(lambda: house.status()["strangers"] > before, "the replay to be counted")
    assert house.head() == head, "a replay was stored"


def forged_over_ipc(house):
    """Who comes over ipc is local, whatever it says of itself in the handshake."""
    before = house.log_text().count("event=policy_changed")
    house.policy.write_text(POLICY.read_text() + "\n    local\n        ask = \"broker.status\"\n")
    house.hangup()
    house.wait(lambda: house.log_text().count("event=policy_changed") > before, "the policy")
    operator = house.pair("operator", "")[0]
    for forged in [operator, b"0" * 32 + operator, b"operator"]:
        forge(house, forged)
    shutil.copy(POLICY, house.policy)
    house.hangup()
    house.wait(lambda: house.log_text().count("event=policy_changed") == before + 2, "the policy as it was")


def prop(name, value):
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


def forge(house, user):
    """A handshake by hand, with a User-Id of its own in it; then the operator's words."""
    raw = socket.socket(socket.AF_UNIX)
    raw.connect(str(house.dir / "broker.sock"))
    raw.settimeout(20)
    got = b""

    def until(*words):
        nonlocal got
        while not any(w in got for w in words):
            more = raw.recv(65536)
            assert more, got
            got += more

    def say(flags, body):
        raw.sendall(bytes([flags, len(body)]) + body)

    raw.sendall(b"\xff" + b"\0" * 7 + b"\x01\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + b"\0" + b"\0" * 31)
    until(b"NULL")
    say(4, b"\x05READY" + prop(b"Socket-Type", b"DEALER") + prop(b"User-Id", user))
    until(b"READY")
    say(0, msgpack.packb(["HELLO", 1, "operator", 5]))
    say(0, msgpack.packb(["PUBLISH", 1, [["operator.skip.requested.00", ENVELOPE]]]))
    until(b"REFUSED", b"STORED")
    assert b"NOT_PERMITTED" in got and b"STORED" not in got, got
    raw.close()


def borrowed_connection(house):
    """A peer that takes the connection id another has left does not get its name."""
    def dealer(name):
        s = house.context.socket(zmq.DEALER)
        s.linger = 0
        s.setsockopt(zmq.ROUTING_ID, b"window-seat")
        s.curve_publickey, s.curve_secretkey = house.pair(name)
        s.curve_serverkey = house.pair("broker", "")[0]
        s.connect(house.tcp("broker"))
        return Peer(s)

    first = dealer("province-06")
    assert first.hello("province-06", 31)[0] == "WELCOME"
    first.close()
    second = dealer("operator")
    house.wait(lambda: second.socket.poll(200) or second.say("PING", 999), "the place to be free")
    (answer,) = second.ask("PUBLISH", 1, [["intake.dossier.filed.06", ENVELOPE]])
    assert answer[0] == "REFUSED" and answer[2] == "NO_HELLO", answer
    second.close()


class Stream:
    """Somebody publishes all the time, and each second stands in the log of who saw what."""

    def __init__(self, house):
        self.house, self.stopped = house, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        peer = Peer.local(self.house)
        number = peer.hello("stream", 3)[1] + 1
        while not self.stopped.is_set():
            assert peer.ask("PUBLISH", number, [["certification.finding.filed.06", ENVELOPE]])[0][0] == "STORED"
            number += 1
            time.sleep(0.02)
        peer.close()

    def stop(self):
        self.stopped.set()
        self.thread.join(30)


def listen(s, until, seen):
    """Note when something came."""
    while time.monotonic() < until:
        if s.poll(20):
            frames = s.recv_multipart()
            if frames[0] != b"bus.head":
                seen.append((time.monotonic(), frames))


def removed_while_there(house):
    """A key is removed while it follows and listens: within two seconds nothing comes any more. The other stays."""
    for name in ["leaver", "stayer"]:
        house.make("monitor", name)
    house.wait(lambda: "event=key_added name=stayer" in house.log_text(), "the keys")
    stream = Stream(house)
    follower = Peer(house.curve(zmq.DEALER, "broker", "leaver"))
    follower.say("FOLLOW", 0, None, ["certification."], 60000)
    live = {name: house.curve(zmq.SUB, "live", name) for name in ["leaver", "stayer"]}
    live["local"] = house.context.socket(zmq.SUB)
    live["local"].linger = 0
    live["local"].connect(f"ipc://{house.dir}/live.sock")
    for s in live.values():
        s.subscribe("certification.")
    for s in list(live.values()) + [follower.socket]:
        assert s.poll(20000), "the stream does not come"
    seen = {name: [] for name in ["leaver", "stayer", "local", "follow"]}
    removed = time.monotonic()
    house.ocop("keys", "revoke", "leaver")
    until = removed + CUT_OFF_S + 3
    threads = [threading.Thread(target=listen, args=(s, until, seen[name])) for name, s in
               list(live.items()) + [("follow", follower.socket)]]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    stream.stop()
    words = [msgpack.unpackb(f[-1]) for _, f in seen["follow"]]
    records = [t for (t, _), w in zip(seen["follow"], words) if w[0] == "EVENTS" and w[3]]
    assert any(is_denied(w) for w in words), "the follower was not told"
    for what, times in [("live", [t for t, _ in seen["leaver"]]), ("follow", records)]:
        last = max(times, default=removed) - removed
        print(f"     a removed key received {what} for {last:.2f} s", flush=True)
        assert last <= CUT_OFF_S, f"{what} for {last:.2f} s after its key was removed"
    for name in ["stayer", "local"]:
        assert any(t > removed + CUT_OFF_S for t, _ in seen[name]), f"the monitor {name} did not come back"
    follower.say("HELLO", 1, "leaver", 1)
    assert is_denied(follower.hear("REFUSED", "WELCOME"))
    for s in live.values():
        s.close()
    follower.close()


def healed(house):
    """A live monitor that was sent away sees the gap and fills it with FOLLOW: it has everything."""
    s = house.curve(zmq.SUB, "live", "monitor")
    s.subscribe("certification.")
    s.subscribe("bus.head")
    assert s.poll(20000)
    stream = Stream(house)
    seen = set()

    def note(wait_s):
        until = time.monotonic() + wait_s
        while time.monotonic() < until and s.poll(200):
            frames = s.recv_multipart()
            if frames[0] != b"bus.head":
                seen.add(struct.unpack(">Q", frames[1][:8])[0])

    house.wait(lambda: note(0.3) or seen, "the stream")
    first = min(seen)
    house.make("monitor", "passer")
    house.wait(lambda: "event=key_added name=passer" in house.log_text(), "the key")
    house.ocop("keys", "revoke", "passer")
    house.wait(lambda: "event=key_revoked name=passer" in house.log_text(), "the revocation")
    before = max(seen)
    house.wait(lambda: note(0.3) or max(seen) > before + 5, "the monitor to be back")
    stream.stop()
    note(1)
    last = max(seen)
    want = {r["seq"] for r in house.records("certification.") if first <= r["seq"] <= last}
    peer = Peer(house.curve(zmq.DEALER, "broker", "monitor"))
    peer.say("FOLLOW", 0, None, ["certification."], 60000)
    through, filled = 0, set()
    while through < last:
        answer = peer.hear("EVENTS")
        through = answer[1]
        filled |= {r[0] for r in answer[3]}
    peer.close()
    s.close()
    assert seen | (filled & want) == want and seen <= want, (len(seen), len(want))


def policy_changes(house):
    """SIGHUP: the new policy holds for connections that are there, in the broker and in the services."""
    events = len(house.records("operator.policy.changed"))
    peer = Peer(house.curve(zmq.DEALER, "broker", "monitor"))
    asker = Peer(house.curve(zmq.DEALER, "certification", "monitor"))
    assert not peer.ask("FOLLOW", 0, None, ["certification."], 10)
    asker.say("ASK", 1, "summary", {"day": "2018-12-31"})
    assert asker.hear()[0] == "ANSWER"
    text = POLICY.read_text()
    begin, end = text.index("    monitor\n"), text.index("    intake\n")
    house.policy.write_text(text[:begin] + "    monitor\n        follow = \"clock.\"\n\n" + text[end:])
    house.hangup()
    answer = peer.hear("REFUSED")
    assert is_denied(answer) and "allows clock." in answer[3], answer
    assert not peer.ask("FOLLOW", 0, None, ["clock."], 10)
    house.hangup("certification")
    house.wait(lambda: asker.say("ASK", 1, "summary", {"day": "2018-12-31"}) or is_denied(asker.hear()), "the service's refusal")
    assert house.ask("certification", "status")["denied"] > 0
    # a broken one changes nothing, and is complained about
    house.policy.write_text("role\n    monitor\n        follows = \"*\"\n")
    house.hangup()
    house.wait(lambda: "event=policy_not_read" in house.log_text(), "the complaint")
    assert not peer.ask("FOLLOW", 0, None, ["clock."], 10)
    shutil.copy(POLICY, house.policy)
    house.hangup()
    house.wait(lambda: not peer.ask("FOLLOW", 0, None, ["certification."], 10), "the old policy")
    house.hangup("certification")
    house.wait(lambda: asker.say("ASK", 1, "summary", {"day": "2018-12-31"}) or asker.hear()[0] == "ANSWER", "the old answers")
    house.wait(lambda: len(house.records("operator.policy.changed")) == events + 2, "both changes in the log")
    peer.close()
    asker.close()


def own_province_only(house):
    """Questions about a dossier: the province it is of gets an answer, another does not."""
    house.make("province", "province-22", "22")
    house.wait(lambda: "event=key_added name=province-22" in house.log_text(), "the key")
    house.hangup("intake")
    shown = {}
    for name in ["province-06", "province-22", "operator"]:
        peer = Peer(house.curve(zmq.DEALER, "intake", name))
        for question, arguments in [("dossier", {"key": "BK18-05"}), ("fact", {"key": "BK18-05"})]:
            peer.say("ASK", 1, question, arguments)
            shown[name, question] = peer.hear()
        peer.close()
    for question in ["dossier", "fact"]:
        assert shown["province-06", question][0] == "ANSWER", shown["province-06", question]
        assert shown["operator", question] == shown["province-06", question]
        assert is_denied(shown["province-22", question]), shown["province-22", question]


def foreign_province_inside(house):
    """The topic is ours and the envelope speaks of another province: the broker does not look into it, intake does."""
    row = house.dir / "foreign.jsonl"
    row.write_text(json.dumps({"province": "22", "title": "Kế hoạch", "year_from": 2021, "year_to": 2025, "products": 1,
                               "budget_vnd": 1}) + "\n")
    done = house.remote("push", "--type", "intake.plan.filed", row, name="province-06", expect=None)
    assert done.returncode == 1 and "NOT_PERMITTED" in done.stdout + done.stderr, done.stdout + done.stderr
    peer = Peer(house.curve(zmq.DEALER, "broker", "province-06"))
    number = peer.hello("province-06", 91)[1] + 1
    data = {"province": "22", "title": "Kế hoạch", "year_from": 2021, "year_to": 2025, "products": 1, "budget_vnd": 1}
    envelope = msgpack.packb({"specversion": "1.0", "id": "foreign-1", "source": "province-06", "type": "intake.plan.filed",
                              "subject": "", "time": 0, "data": data})
    assert peer.ask("PUBLISH", number, [["intake.plan.filed.06", envelope]])[0][0] == "STORED"
    peer.close()
    house.settle()
    verdicts = [r for r in house.records("intake.plan.") if r.get("cause") == "foreign-1"]
    assert verdicts and verdicts[0]["topic"] == "intake.plan.refused.06", verdicts


def noted_once(house):
    """Each key stands in the log once; one that was made while the broker was down is noted when it is back."""
    added = [r["data"]["name"] for r in house.records("operator.key.added")]
    assert set(name_of(r) for r in KEYED) | {"broker"} <= set(added), added
    house.stop("broker")
    house.make("monitor", "night")
    house.ocop("keys", "revoke", "province-22")
    house.start("broker")
    house.ready()
    house.wait(lambda: "event=key_added name=night" in house.log_text(), "what was done in the night")
    again = [r["data"]["name"] for r in house.records("operator.key.added")]
    revoked = [r["data"]["name"] for r in house.records("operator.key.revoked")]
    assert again == added + ["night"], again
    assert revoked[-1] == "province-22", revoked
    house.verify()


def limits(house):
    """Who does not shake hands is cut off; who is one too many is told to come later."""
    began = time.monotonic()
    raw = socket.create_connection(("127.0.0.1", house.port["broker"]))
    raw.settimeout(30)
    try:
        while raw.recv(1000):
            pass
    except ConnectionResetError:
        pass
    assert time.monotonic() - began < 10, "cut off too late"
    most = 12
    house.stop("broker")
    house.options["broker"].append(f"--set=tcp/connections={most}")
    house.start("broker")
    house.ready()
    peers = []
    for _ in range(most + 6):
        peers.append(Peer(house.curve(zmq.DEALER, "broker", "monitor")))
        peers[-1].say("PING", 1)
    house.wait(lambda: "because=connections" in house.log_text(), "one too many")
    let_in = sum(1 for p in peers if p.socket.poll(300))
    assert 0 < let_in <= most, let_in
    for p in peers:
        p.close()
    house.wait(lambda: house.status()["connections"] < most, "the places to be free again")
    house.options["broker"].pop()


def bad_secrets(house):
    """A secret key that others may read, and TCP without keys: refused at the check and at the start."""
    secret = house.secret("broker")
    secret.chmod(0o640)
    for check in [["--check"], []]:
        done = subprocess.run([house.bin / "ocop-broker"] + house.options["broker"] + check, capture_output=True, text=True,
                              env=dict(house.env, OCOP_STATE=str(house.dir / "other")), timeout=60)
        assert done.returncode == 2 and "may read the secret key" in done.stderr, (check, done)
    secret.chmod(0o600)
    intake = house.secret("intake")
    intake.chmod(0o604)
    done = subprocess.run([house.bin / "ocop-intake"] + house.options["intake"], capture_output=True, text=True, env=house.env,
                          timeout=60)
    assert done.returncode == 2 and "may read the secret key" in done.stderr, done
    intake.chmod(0o600)
    for program, key in [("ocop-broker", "bus/endpoint"), ("ocop-broker", "bus/live"), ("ocop-intake", "broker"),
                         ("ocop-intake", "questions")]:
        for check in [["--check"], []]:
            done = subprocess.run([house.bin / program, f"--set={key}=tcp://127.0.0.1:{free_port()}"] + check, text=True,
                                  capture_output=True, env=house.env, timeout=60)
            assert done.returncode == 2 and "TCP needs keys" in done.stderr, (program, key, check, done)
    done = subprocess.run([house.bin / "ocop-intake"] + house.options["intake"] + [f"--set=key={house.secret('scoring')}"],
                          capture_output=True, text=True, env=house.env, timeout=60)
    assert done.returncode == 2 and "is the key of scoring" in done.stderr, done
    for path in house.dir.glob("*.db"):
        assert path.stat().st_mode & 0o077 == 0, path


def act_one(house):
    """The demo's first act, each party over TCP with its key."""
    house.make("operator", "centre")
    house.wait(lambda: "name=centre" in house.log_text(), "the key")
    for service in h.SERVICES:
        house.hangup(service)

    def run(*arguments, publisher, expect):
        house.remote(*arguments, name=publisher, expect=expect)

    h.act_one(house, ocop=run)
    house.settle()
    total = h.summary(house, "2018-12-31")["total"]
    assert total == 37, total
    shown = house.remote("--json", "summary", "--on", "2018-12-31", name="monitor",
                          expect=None)  # it may not ask for the provinces' plans
    assert '"total":37' in shown.stdout, shown.stdout
    assert house.remote("show", "dossier", "BK18-05", name="monitor", expect=None).returncode != 0


def main():
    write = "--write" in sys.argv
    tests = h.Tests()
    found, said, asked = {}, set(), {}
    with Locked() as house:
        house.start("broker")
        house.ready()

        def topics():
            result = matrix_of_topics(house)
            found.update(result[0]), said.update(result[1])
            print(f"     {check_topics(found, said)} cells of the matrix", flush=True)

        tests.run("every role publishes, follows and subscribes to exactly what the policy says", topics)
        tests.run("what is followed is narrowed for a province, and never for a service", narrowed, house)
    with Locked() as house:
        house.options["broker"].append("--set=tcp/handshake_ms=1000")
        house.start()
        house.settle()

        def asks():
            asked.update(matrix_of_questions(house))
            print(f"     {check_questions(asked)} questions asked", flush=True)

        tests.run("every role asks exactly what the policy says", asks)
        tests.run("the demo's first act over TCP", act_one, house)
        tests.run("a dossier is shown to its own province alone", own_province_only, house)
        tests.run("another province in the envelope", foreign_province_inside, house)
        tests.run("another's name and another's topics are refused and counted", wrong_names, house)
        tests.run("who has no key that is known does not come in", strangers, house)
        tests.run("a captured session cannot be sent again", replayed, house)
        tests.run("a connection's id is no name", borrowed_connection, house)
        tests.run("a removed key stops receiving within two seconds", removed_while_there, house)
        tests.run("a live monitor that was sent away heals", healed, house)
        tests.run("a policy that changes holds at once", policy_changes, house)
        tests.run("over ipc nobody can claim a key", forged_over_ipc, house)
        tests.run("keys are noted in the log once", noted_once, house)
        tests.run("handshakes and connections have limits", limits, house)
        tests.run("keys that are not secret, and TCP without any, are refused", bad_secrets, house)
    tests.run("the matrix in deploy/SECURITY.md is current", lambda: page_is_current(tables(found, said, asked), write))
    tests.end()


if __name__ == "__main__":
    main()
