"""Every role against every topic, verb and question, as the programs do it, and as a table for deploy/OPERATIONS.md."""
import re
import time

import house as h
import msgpack
import zmq
from locked import (ENVELOPE, EVENTS, KEYED, NATIONAL, OWN, POLICY, PROVINCES, Peer, all_topics, allows, is_denied, name_of,
                    read_policy, said_by)

PAGE = h.SOURCE / "deploy/OPERATIONS.md"
BEGIN, END = "<!-- the matrix: tests/system/rights.py --write -->", "<!-- end of the matrix -->"
CONTEXTS = ["intake", "scoring", "certification", "notification", "courier", "clock", "broker", "operator"]
VERBS = ["publish", "follow", "subscribe"]


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
