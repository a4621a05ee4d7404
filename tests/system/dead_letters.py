#!/usr/bin/python3
"""A letter that cannot be read is kept aside, listed, retried and skipped; a rebuild knows of all of it."""
import json

import house as h
import msgpack  # behind house, which finds the right interpreter
import zmq


def publish(house, publisher, topic, envelopes):
    """As an outsider, by proto/PROTOCOL.md."""
    socket = house.context.socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 0)
    try:
        socket.connect(f"ipc://{house.dir}/broker.sock")
        socket.send(msgpack.packb(["HELLO", 1, publisher, 7]))
        assert socket.poll(10000) and msgpack.unpackb(socket.recv())[0] == "WELCOME"
        socket.send(msgpack.packb(["PUBLISH", 1, [[topic, msgpack.packb(e)] for e in envelopes]]))
        assert socket.poll(10000)
        answer = msgpack.unpackb(socket.recv())
        assert answer[0] == "STORED", answer
    finally:
        socket.close()


def letters(house, service="intake"):
    return house.ask(service, "dead")["letters"]


def kept_aside_retried_and_skipped(house):
    nameless = {"specversion": "1.0", "source": "x", "type": "intake.plan.filed", "subject": "", "time": 1, "data": {}}
    publish(house, "stranger", "intake.plan.filed.06", [nameless, dict(nameless, id="b", type="intake.report.filed")])
    house.settle()
    first, second = letters(house)
    assert second["code"] == "TYPE_MISMATCH" and first["reason"] and not first["retried"], (first, second)
    shown = house.ocop("dead", "list", publisher="operator").stdout
    assert str(first["seq"]) in shown and "intake.plan.filed.06" in shown, shown
    assert "2 letters, 2 open" in shown and "dead retry" in shown, shown
    shown = house.ocop("dead", "show", "intake", first["seq"], publisher="operator").stdout
    assert "publisher  stranger" in shown and "source       x" in shown, shown  # who sent it, and what stands in it
    # Nothing has changed in the program: dead again, and still open.
    house.ocop("dead", "retry", "intake", first["seq"], publisher="operator", expect=(0, 1))
    house.ocop("dead", "skip", "intake", second["seq"], publisher="operator")
    house.ocop("dead", "skip", "intake", second["seq"], publisher="operator", expect=(1,))  # once is enough
    house.settle()
    first, second = letters(house)
    assert (first["retried"], second["retried"]) == (0, 2), (first, second)
    shown = [json.loads(row) for row in house.ocop("--json", "dead", "list", publisher="operator").stdout.splitlines()]
    assert [row["state"] for row in shown] == ["open", "skipped"], shown
    status = house.ask("intake", "status")
    assert status["dead"] == 3, status  # two letters, one of them twice
    assert status["letters"] == 1, status  # the skipped one waits for nobody


def a_rebuild_knows_of_them(house):
    want, head = house.dump("intake", places=True), house.head()
    house.stop("intake")
    want = house.dump("intake", places=True)
    for ending in ("", "-wal", "-shm"):
        (house.dir / f"intake.db{ending}").unlink(missing_ok=True)
    house.start("intake")
    house.settle()
    house.stop("intake")
    assert house.dump("intake", places=True) == want
    house.start("intake")
    assert house.settle() == head


def status_speaks_json(house):
    done = house.ocop("--json", "status", publisher="operator")
    (told,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert told["broker_state"] == "up" and [p["state"] for p in told["processes"]] == ["up"] * 5, told


def main():
    tests = h.Tests()
    with h.House() as house:
        house.start()
        house.settle()
        tests.run("kept aside, listed, retried, skipped", kept_aside_retried_and_skipped, house)
        tests.run("a rebuild knows of them", a_rebuild_knows_of_them, house)
        tests.run("status speaks JSON", status_speaks_json, house)
    tests.end()


if __name__ == "__main__":
    main()
