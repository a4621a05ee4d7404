"""Does a large log make anything slower?"""
import contextlib
import shutil
import sqlite3
import time

import places

SIZES, SHORT_SIZES = (1_000_000, 10_000_000), (20_000, 40_000)  # events in the log; and none
MEASURED, SHORT_MEASURED = 200_000, 5_000                       # stored and read at each size


def sizes(short):
    return SHORT_SIZES if short else SIZES


def said(events):
    return f"{events // 1_000_000} million" if events >= 1_000_000 else f"{events:,}"


def folders(where, figures, short):
    """By events in the log; each is filled once, and then grows by what is measured."""
    def make():
        out = {}
        for events in sizes(short):
            figures.step(f"filling {said(events)}")
            out[events] = fill(where, events)
        return out
    return where.keep("growth", make)


def fill(where, events):
    folder = where.folder()
    with places.Broker(where, folder=folder) as broker:
        broker.publish(events=events, window=4096, pack=64)
    return folder


def growth(where, figures, short):
    """Publish and follow at 0, 1 and 10 million events in the log, and the broker's memory."""
    large = folders(where, figures, short)
    empty = where.folder()
    rates = {}
    for events in figures.alternate((0,) + sizes(short)):
        figures.step(f"{said(events)} events")
        rates[events] = at_size(where, large.get(events, empty), SHORT_MEASURED if short else MEASURED)
    shutil.rmtree(empty)
    for events, (publish, follow, peak) in sorted(rates.items()):
        figures.add(f"publish 1 x 1024 at {said(events)}", publish)
        figures.add(f"follow at {said(events)}", follow)
        figures.add(f"memory of the broker at {said(events)}", peak / 2**20, "MiB", most=places.MEMORY_MIB)
    last = max(rates)
    figures.ratio(f"publish at {said(last)} / at 0", rates[last][0] / rates[0][0], 0.9)
    figures.ratio(f"follow at {said(last)} / at 0", rates[last][1] / rates[0][1], 0.9)


def at_size(where, folder, events):
    """Rates of storing `events` and of reading as many at the head; the broker's largest memory."""
    with places.Broker(where, folder=folder) as broker:
        publish = broker.publish(window=1024, events=events)["rate"]
        follow = broker.follow(events=events, **place_before_head(folder, events))["rate"]
        return publish, follow, broker.process.peak_bytes()


def place_before_head(folder, events):
    """Where a follower begins that has all but the last `events`."""
    with contextlib.closing(sqlite3.connect(f"file:{folder}/log.db?mode=ro", uri=True)) as log:
        (head,) = log.execute("SELECT max(seq) FROM log").fetchone()
        if head <= events + 1:
            return {}
        (chain,) = log.execute("SELECT chain FROM log WHERE seq = ?", (head - events,)).fetchone()
    return {"after": head - events, "chain": chain.hex()}


def start(where, figures, short):
    """From starting the broker with the largest log of `growth`, its files forgotten by the system, to its first answer."""
    events = sizes(short)[-1]
    folder = folders(where, figures, short)[events]
    figures.step(f"{said(events)} events")
    cold = not short and where.forget_files()
    with where.begin_tool("bench_ready", endpoint=f"ipc://{folder}/broker.sock") as finish:
        time.sleep(0.2)  # it tries to connect, each 20 ms
        with places.Broker(where, folder=folder) as broker:
            figures.add(f"ready with {said(events)}", finish()["ready_s"] - broker.began_s, "s", most=1)
    figures.note(f"ready with {said(events)}", "cold" if cold else "warm: the system's cache was not emptied")


CASES = {"growth": growth, "start": start}
