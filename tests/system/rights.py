#!/usr/bin/python3
"""Rights, on the programs themselves: CURVE over TCP, every role against every topic and verb, and what must not work.

usage: rights.py [--write]     --write puts the matrix that was found into deploy/OPERATIONS.md

What is allowed is computed in locked.py a second time, from deploy/policy.zpl and proto/events.json, and compared with what the
programs do. The matrix in deploy/OPERATIONS.md is made from what they did and must be current.
"""
import json
import socket
import subprocess
import sys
import time

import house as h
import msgpack
import rights_change as change
import rights_door as door
import rights_matrix as matrix
import rights_places as places
import zmq
from locked import ENVELOPE, POLICY, Locked, Peer, allows, free_port, is_denied, read_policy


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
    before = house.counted("denied")
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
    assert house.counted("denied") == before + 12
    assert "may not publish intake.dossier.filed.22" in house.log_text()


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
    before = house.counted("refused", "intake")
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
    assert house.counted("refused", "intake") == before + 1


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


def questions_have_a_limit(house):
    """More than so many within a second are told BUSY; `status` always answers, and the next second is a new one."""
    house.stop("certification")
    house.options["certification"].append("--set=questions_second=20")
    house.start("certification")
    house.settle(["certification"])
    peer = Peer(house.curve(zmq.DEALER, "certification", "monitor"))
    for token in range(100):
        peer.say("ASK", token, "summary", {"day": "2018-12-31"})
    peer.say("ASK", 100, "status", {})
    answers = {}
    while len(answers) < 101:
        answer = peer.hear("ANSWER", "FAULT")
        assert answer, f"{len(answers)} answers"
        answers[answer[1]] = answer
    busy = [a for a in answers.values() if a[0] == "FAULT" and a[2] == "BUSY"]
    assert answers[0][0] == answers[100][0] == "ANSWER" and busy and "questions_second" in busy[0][3], answers
    assert len(answers) - len(busy) >= 21 and len(busy) >= 20, len(busy)
    house.wait(lambda: peer.say("ASK", 1, "summary", {"day": "2018-12-31"}) or peer.hear()[0] == "ANSWER", "the next second")
    peer.close()
    house.options["certification"].pop()


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
    for program, key in [("broker", "keys/folder"), ("intake", "keys")]:
        done = subprocess.run([house.bin / f"ocop-{program}"] + house.options[program] + [f"--set={key}=/nowhere/keys", "--check"],
                              capture_output=True, text=True, env=house.env, timeout=60)
        assert done.returncode == 2 and "/nowhere/keys does not exist" in done.stderr, done
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
    assert shown.returncode == 0 and shown.stderr == "", shown
    assert house.remote("show", "dossier", "BK18-05", name="monitor", expect=None).returncode != 0


def main():
    write = "--write" in sys.argv
    tests = h.Tests()
    found, said, asked = {}, set(), {}
    with Locked() as house:
        house.start("broker")
        house.ready()

        def topics():
            result = matrix.matrix_of_topics(house)
            found.update(result[0]), said.update(result[1])
            print(f"     {matrix.check_topics(found, said)} cells of the matrix", flush=True)

        tests.run("every role publishes, follows and subscribes to exactly what the policy says", topics)
        tests.run("what is followed is narrowed for a province, and never for a service", narrowed, house)
    with Locked() as house:
        house.options["broker"].append("--set=tcp/handshake_ms=1000")
        house.start()
        house.settle()

        def asks():
            asked.update(matrix.matrix_of_questions(house))
            print(f"     {matrix.check_questions(asked)} questions asked", flush=True)

        tests.run("every role asks exactly what the policy says", asks)
        tests.run("the demo's first act over TCP", act_one, house)
        tests.run("a dossier is shown to its own province alone", own_province_only, house)
        tests.run("another province in the envelope is refused and counted", foreign_province_inside, house)
        tests.run("another's name and another's topics are refused and counted", wrong_names, house)
        tests.run("without a key nobody comes in, and it is counted", door.without_a_key, house)
        tests.run("with a wrong key nobody comes in, and it is counted", door.with_another_key, house)
        tests.run("with the key of another broker programs say so, and rest between two knocks", door.with_an_old_broker_key, house)
        tests.run("a key holds as soon as it is there", door.with_a_key_of_this_moment, house)
        tests.run("with a revoked key nobody comes in, and it is counted", door.with_a_revoked_key, house)
        tests.run("a captured session cannot be sent again, and it is counted", door.replayed, house)
        tests.run("a connection's id is no name", door.borrowed_connection, house)
        tests.run("a removed key stops receiving within two seconds", change.removed_while_there, house)
        tests.run("a live monitor that was sent away heals", change.healed, house)
        tests.run("subscriptions have a limit", change.subscriptions_have_a_limit, house)
        tests.run("a policy that changes holds at once", change.policy_changes, house)
        tests.run("over ipc nobody can claim a key", door.forged_over_ipc, house)
        tests.run("keys are noted in the log once", change.noted_once, house)
        tests.run("handshakes and connections have limits", limits, house)
        tests.run("one key cannot take the places of all", places.one_key_cannot_lock_out, house)
        tests.run("questions have a limit", questions_have_a_limit, house)
        tests.run("keys that are not secret, and TCP without any, are refused", bad_secrets, house)
    tests.run("the matrix in deploy/OPERATIONS.md is current", lambda: matrix.page_is_current(matrix.tables(found, said, asked), write))
    tests.end()


if __name__ == "__main__":
    main()
