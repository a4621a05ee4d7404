#!/usr/bin/python3
"""Is what the log says what was promised? From the wire alone: follows the log from 0 and believes nobody.

    check(records, acked, followers, settled)    -> Findings

* every link, number and time follows from the one before, and each day begins once, in order;
* every acknowledged event is there, once, under its number, with its bytes; each follower saw exactly the log, in its order;
* the outcomes of one cause stand together, all of them, once; certificates are unique, by code and by rating, and so are
  products, and plans of the same years;
* for each service: received = accepted + refused + dead-lettered + not yet reached.

usage: checker.py ENDPOINT        what the log behind this ROUTER says, as a table; exit 1 when something is wrong
"""
import json
import pathlib
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import wire  # noqa: E402
from wire import msgpack, zmq  # noqa: E402

KINDS = {k["type"]: k for k in json.loads((pathlib.Path(__file__).resolve().parents[2] / "proto/events.json").read_text())}
SERVICES = ["intake", "scoring", "certification", "notification"]
PARTS = ["received", "accepted", "refused", "dead", "waiting"]   # of an account: the first is the sum of the others


def equation(account):
    return "{received} = {accepted} + {refused} + {dead} + {waiting}".format(**account)


class Findings:
    def __init__(self):
        self.lost = self.doubled = self.disordered = self.unbalanced = 0
        self.acked = self.records = 0
        self.sentences = []
        self.accounts = {}

    def say(self, what, sentence, count=1):
        setattr(self, what, getattr(self, what) + count)
        if len(self.sentences) < 20:
            self.sentences.append(f"{what}: {sentence}")

    @property
    def good(self):
        return not (self.lost or self.doubled or self.disordered or self.unbalanced)

    def must_be_good(self):
        assert self.good, self.sentences

    def add(self, other):
        """What was found in another log."""
        for what in ("lost", "doubled", "disordered", "unbalanced", "acked", "records"):
            setattr(self, what, getattr(self, what) + getattr(other, what))
        self.sentences += other.sentences
        for service, account in other.accounts.items():
            mine = self.accounts.setdefault(service, dict.fromkeys(PARTS, 0))
            for part in PARTS:
                mine[part] += account[part]

    def row(self, fault, injections, more=(0, 0, 0)):
        """The line tests/faults/run makes its table of; `undetected` is what nobody but this checker noticed. `more`: what was
        acknowledged, lost, undetected where no log could be read from the wire."""
        return (f"{fault}: injections={injections} acknowledged={self.acked + more[0]} lost={self.lost + self.unbalanced + more[1]} "
                f"doubled={self.doubled} undetected={self.disordered + more[2]} account: {self.account()}")

    def account(self):
        """Of all services together; where only a broker ran, acknowledged = in its log is the whole account."""
        if not self.accounts:
            return "broker alone"
        return equation({part: sum(a[part] for a in self.accounts.values()) for part in PARTS})

    def line(self):
        accounts = "; ".join(f"{name} {equation(a)}" for name, a in self.accounts.items())
        return (f"{self.records} records, {self.acked} acknowledged, {self.lost} lost, {self.doubled} doubled, "
                f"{self.disordered} out of order, {self.unbalanced} unbalanced; {accounts}")


def opened(record):
    try:
        envelope = msgpack.unpackb(record[7])
        return envelope if isinstance(envelope, dict) else {}
    except Exception:  # noqa: BLE001 - what cannot be read is a dead letter's business
        return {}


class Order:
    """Every link, number and time follows from the one before. Takes one record at a time and keeps none."""

    def __init__(self, found):
        self.found, self.place, self.link, self.at_ms, self.day = found, 0, wire.ZERO, None, None
        self.numbers = {}   # (publisher, epoch): the last one

    def take(self, r):
        found, who = self.found, (r[3], r[4])
        self.place += 1
        if r[0] != self.place:
            found.say("disordered", f"record {r[0]} stands at place {self.place}")
        self.link = wire.chain_of(self.link, r)
        if self.link != r[2]:
            found.say("disordered", f"the link of record {r[0]} does not follow")
            self.link = r[2]
        if self.at_ms is not None and r[1] < self.at_ms:
            found.say("disordered", f"time goes back at record {r[0]}")
        self.at_ms = r[1]
        last = self.numbers.get(who, 0)
        if r[5] != last + 1:
            found.say("doubled" if r[5] <= last else "lost", f"{who} has number {r[5]} behind {last}")
        self.numbers[who] = r[5]
        self.take_day(r)

    def take_day(self, r):
        today = (r[1] + 7 * 3600000) // 86400000
        if r[6] == "clock.day.started.00":
            if self.day is not None and today != self.day + 1:
                self.found.say("disordered", f"day {today} begins after day {self.day} at record {r[0]}")
            self.day = today
        elif today != self.day:
            self.found.say("disordered", f"record {r[0]} is of a day that has not begun")

    def end(self, acked):
        """acked: {(publisher, epoch): the last number that was STORED}"""
        self.found.records = self.place
        for who, last in acked.items():
            self.found.acked += last
            if self.numbers.get(who, 0) < last:
                self.found.say("lost", f"{who}: {last} were acknowledged, the log has {self.numbers.get(who, 0)}",
                               last - self.numbers.get(who, 0))


def check_order(records, found):
    order = Order(found)
    for r in records:
        order.take(r)


def check_acked(records, acked, found):
    """acked: {(publisher, epoch): {number: (topic, envelope)}}"""
    there = {(r[3], r[4], r[5]): (r[6], r[7]) for r in records}
    for (publisher, epoch), events in acked.items():
        for number, event in events.items():
            found.acked += 1
            if there.get((publisher, epoch, number)) != tuple(event):
                found.say("lost", f"{publisher} {epoch}: number {number} was acknowledged")
    ids = {}
    for r in records:
        envelope = opened(r)
        key = (r[3], envelope.get("id"))
        if envelope.get("id") is not None and key in ids:
            found.say("doubled", f"{key} stands at {ids[key]} and {r[0]}")
        ids[key] = r[0]


def check_followers(records, followers, found):
    """Each follower's records, in the order it saw them; with its prefixes."""
    for prefixes, seen in followers:
        want = [r for r in records if not prefixes or any(r[6].startswith(p) for p in prefixes)][:len(seen)]
        for mine, right in zip(seen, want):
            if mine != right:
                word = "doubled" if mine[0] < right[0] else "lost" if mine[0] > right[0] else "disordered"
                found.say(word, f"a follower of {prefixes} saw {mine[0]} where {right[0]} comes")
                break
        if len(seen) > len(want):
            found.say("doubled", f"a follower of {prefixes} saw more than there is")


UNIQUE = [("certification.certificate.issued", ["certificate"]), ("certification.certificate.issued", ["rated"]),
          ("intake.product.registered", ["product"]), ("intake.plan.registered", ["province", "year_from", "year_to"])]


def check_unique(records, found):
    """What a service gives or takes once: it remembers that in its store, so a hole in the store shows here."""
    for kind, fields in UNIQUE:
        seen = {}
        for r in records:
            if r[6].rsplit(".", 1)[0] != kind:
                continue
            data = opened(r).get("data", {})
            value = tuple(data.get(f) for f in fields)
            if value in seen:
                found.say("doubled", f"{kind} {value} stands at {seen[value]} and {r[0]}")
            seen[value] = r[0]


def check_account(service, records, settled, found):
    requests, groups, last_answered = {}, {}, 0
    for r in records:
        kind = KINDS.get(r[6].rsplit(".", 1)[0])
        if kind and kind["origin"] == "outside" and kind["type"].split(".")[0] == service:
            requests[r[0]] = r
        if r[3] == service:
            envelope = opened(r)
            groups.setdefault(envelope.get("causeseq"), []).append((r[0], envelope))
            last_answered = max(last_answered, envelope.get("causeseq") or 0)
    for cause, outcomes in groups.items():
        ordinals = [e.get("ordinal") for _, e in outcomes]
        if ordinals != list(range(outcomes[0][1].get("count", 0))):
            found.say("doubled" if len(ordinals) > len(set(ordinals)) else "lost",
                      f"{service} answered {cause} with outcomes {ordinals} of {outcomes[0][1].get('count')}")
        if [seq for seq, _ in outcomes] != list(range(outcomes[0][0], outcomes[0][0] + len(outcomes))):
            found.say("disordered", f"the outcomes of {cause} do not stand together")
        if cause is None or cause >= outcomes[0][0]:
            found.say("disordered", f"the outcomes of {cause} stand before it")
    account = dict(dict.fromkeys(PARTS, 0), received=len(requests))
    for seq in requests:
        types = [e.get("type", "") for _, e in groups.get(seq, [])]
        if not types and not settled and seq > last_answered:
            account["waiting"] += 1
        elif not types:
            found.say("lost", f"{service} passed record {seq} ({requests[seq][6]}) without an answer")
        elif any(t.endswith(".deadlettered") for t in types):
            account["dead"] += 1
        elif any(t.endswith((".refused", ".returned")) for t in types):
            account["refused"] += 1
        else:
            account["accepted"] += 1
    if account["received"] != sum(account[part] for part in PARTS[1:]):
        found.say("unbalanced", f"{service}: {account}")
    found.accounts[service] = account


def check(records, acked=None, followers=(), settled=True, services=SERVICES):
    found = Findings()
    found.records = len(records)
    check_order(records, found)
    check_acked(records, acked or {}, found)
    check_followers(records, followers, found)
    check_unique(records, found)
    for service in services:
        check_account(service, records, settled, found)
    return found


def acked_of(publishers):
    return {(p.name, p.epoch): {n: p.events[n] for n in range(1, p.acked + 1)} for p in publishers}


def acked_of_spool(path, publisher):
    """What the command line was told is STORED, by its own file."""
    acked = {}
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        for epoch, number, topic, envelope in db.execute(
                "SELECT epoch, number, topic, envelope FROM entry WHERE state IN ('stored', 'answered')"):
            acked.setdefault((publisher, epoch), {})[number] = (topic, envelope)
    return acked


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.split("\n\n")[-1].strip())
    context = zmq.Context()
    found = check(wire.read_log(context, sys.argv[1]), settled=False)
    context.destroy(linger=0)
    print("\n".join([found.line()] + found.sentences))
    sys.exit(0 if found.good else 1)


if __name__ == "__main__":
    main()
