"""The cases of the broker: how fast events are stored and read, beside peers that do the same work."""
import places


def sizes(window, short):
    """Events for a window: about a second's work."""
    return 200 * min(window, 8) if short else min(300_000, 4000 * window)


PEERS = [("redis", "bench_publish_redis", "Redis always"), ("nats", "bench_publish_nats", "JetStream default"),
         ("nats_synced", "bench_publish_nats", "JetStream synced"), ("rabbit", "bench_publish_rabbit", "RabbitMQ quorum")]
GOALS = {("redis", 1, 1024): 2.5, ("nats", 1, 1024): 1.5, ("nats_synced", 1, 1024): 60, ("rabbit", 1, 1024): 7,
         ("redis", 16, 64): 1.0}


def publish(where, figures, short):
    """How fast events are stored, at windows from 1 to 1024, beside the peers."""
    for publishers, window in ((1, 1), (1, 16), (1, 256), (1, 1024), (4, 256), (16, 64)):
        events = sizes(window * publishers, short) // publishers
        with places.Broker(where) as broker:
            ours = broker.publish(publishers=publishers, window=window, events=events)["rate"]
        figures.add(f"{publishers} x {window}: OCOP", ours)
        for peer, tool, name in PEERS:
            n = events if peer != "nats_synced" else max(1, min(events, 6000 // publishers))
            rate = where.tool(tool, port=where.peer(peer), publishers=publishers, window=window, events=n)["rate"]
            figures.add(f"{publishers} x {window}: {name}", rate)
            figures.ratio(f"{publishers} x {window}: OCOP / {name}", ours / rate, GOALS.get((peer, publishers, window)))


CASES = {"publish": publish}
