"""One key that takes all the places it can get: the services keep theirs. Over the wire, with the real broker."""
import zmq
from locked import Peer


def follow(peer):
    """EVENTS, or the refusal."""
    peer.say("FOLLOW", 0, None, ["certification."], 1)
    return peer.hear("EVENTS", "REFUSED")


def one_key_cannot_lock_out(house):
    """A reporter's key makes 12 connections and follows with each; then intake comes back, and a province, and who is local."""
    house.stop("broker")
    count = len(house.options["broker"])
    house.options["broker"] += house.sets(("follow/followers", 20), ("follow/of_one_key", 4), ("follow/reserved", 10))
    house.start("broker")
    house.ready()
    house.settle()
    crowd = [Peer(house.curve(zmq.DEALER, "broker", "monitor")) for _ in range(12)]
    answers = [follow(peer) for peer in crowd]
    busy = [a for a in answers if a[0] == "REFUSED"]
    assert len(busy) == 12 - 4 and all(a[2] == "BUSY" and "of_one_key" in a[3] for a in busy), answers
    house.stop("intake")
    house.start("intake")
    house.settle(["intake"])
    assert follow(Peer.local(house))[0] == "EVENTS"
    # its own places are free again as soon as their holders have left, however short ago
    for peer in crowd:
        peer.close()
    again = Peer(house.curve(zmq.DEALER, "broker", "monitor"))
    house.wait(lambda: follow(again)[0] == "EVENTS", "a place of those who left")
    again.close()
    del house.options["broker"][count:]
