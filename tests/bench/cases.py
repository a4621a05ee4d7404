"""The cases: what is measured, and the goal of each ratio."""
import statistics

import places


class Figures:
    """What one case measured, by name, over the rounds."""

    def __init__(self, case):
        self.case, self.values, self.goals, self.units = case, {}, {}, {}

    def add(self, what, value, unit="/s"):
        self.values.setdefault(what, []).append(value)
        self.units[what] = unit

    def ratio(self, what, value, least=None, most=None):
        self.add(what, value, "ratio")
        self.goals[what] = (least, most)

    def results(self):
        out = []
        for what, values in self.values.items():
            least, most = self.goals.get(what, (None, None))
            median = statistics.median(values)
            goal = f">= {least}" if least is not None else f"<= {most}" if most is not None else None
            out.append({"case": self.case, "what": what, "unit": self.units[what], "median": median, "min": min(values),
                        "max": max(values), "goal": goal,
                        "met": (least is None or median >= least) and (most is None or median <= most)})
        return out


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


ALL = {"publish": publish}
