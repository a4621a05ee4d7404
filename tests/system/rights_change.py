"""Keys and policy that change while everybody is there."""
import shutil
import struct
import threading
import time

import house as h
import msgpack
import zmq
from locked import ENVELOPE, KEYED, POLICY, Peer, is_denied, name_of

CUT_OFF_S = 2.0


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


def subscriptions_have_a_limit(house):
    """Whoever subscribes without end makes everybody subscribe anew, and gets no further; the others are back at once."""
    most = 200
    house.stop("broker")
    house.options["broker"].append(f"--set=bus/subscriptions={most}")
    house.start("broker")
    house.ready()
    stream = Stream(house)
    monitor, greedy = house.curve(zmq.SUB, "live", "monitor"), house.curve(zmq.SUB, "live", "operator")
    monitor.subscribe("certification.")
    assert monitor.poll(20000), "the stream does not come"
    for i in range(most + 50):
        greedy.subscribe(f"certification.x{i:04}")
    house.wait(lambda: "event=subscriptions" in house.log_text(), "the limit")
    assert f"event=subscriptions count={most + 1} last=operator" in house.log_text()
    greedy.close()

    def later():
        seen = []
        listen(monitor, time.monotonic() + 0.5, seen)
        return seen
    house.wait(later, "the stream to go on for the other")
    monitor.close()
    stream.stop()
    house.options["broker"].pop()
    house.stop("broker")
    house.start("broker")
    house.ready()


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
