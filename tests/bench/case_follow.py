"""How fast the log is read: from the beginning, and live."""
import peers
import places

RECORDS, SHORT_RECORDS = 1_000_000, 20_000
PACKED = 160  # records of one EVENTS, about: 64 KiB


def follow(where, figures, short):
    """A million events replayed to 1, 4 and 16 followers, beside peers and the bare socket; and publishing meanwhile."""
    records = SHORT_RECORDS if short else RECORDS
    ms = 100 if short else 2000
    sides = {"OCOP": read_ours, "raw": read_raw, "raw, packed": read_raw_packed, "raw, packed, checked": read_raw_checked,
             "OCOP, by prefix": read_ours_by_prefix}
    if peers.Redis.installed(where):
        sides["Redis XREAD 1000"] = lambda where, n, ms: read_peer(where, peers.Redis, n, ms)
    if peers.Nats.installed(where):
        sides["JetStream pull 1000"] = lambda where, n, ms: read_peer(where, peers.Nats, n, ms)
    rates = {}
    for name in figures.alternate(sides):
        figures.step(name)
        rates[name] = sides[name](where, records, ms)
        figures.add(f"one: {name}", rates[name])
    goals = {"Redis XREAD 1000": 2, "JetStream pull 1000": 8, "raw": 0.8}
    for name in list(sides)[1:]:
        figures.ratio(f"one: OCOP / {name}", rates["OCOP"] / rates[name], goals.get(name))
    for name in ("Redis XREAD 1000", "JetStream pull 1000", "raw"):
        if name in rates:
            figures.ratio(f"one: OCOP, by prefix / {name}", rates["OCOP, by prefix"] / rates[name])
    figures.note("one: OCOP", "every link computed and compared by the follower")
    figures.note("one: OCOP, by prefix", "as services follow: links are checked by the broker alone, as always")
    figures.note("one: raw", "DEALER/ROUTER, each event a message of its own")
    figures.note("one: raw, packed", f"{PACKED} events in a message, as EVENTS has")
    figures.note("one: raw, packed, checked", "and every link computed, as a follower must: what one thread can take")
    for followers in (4, 16):
        figures.step(f"{followers} followers")
        with places.Broker(where, folder=filled(where, records)) as broker:
            done = broker.follow(publishers=followers, events=records, ms=2 * ms)
            peak = broker.process.peak_bytes()
        figures.add(f"{followers} together: OCOP", done["rate"])
        figures.ratio(f"{followers} together / one", done["rate"] / rates["OCOP"])
        figures.add(f"memory of the broker with {followers}", peak / 2**20, "MiB", most=places.MEMORY_MIB)
    beside(where, figures, records, ms)


def filled(where, records):
    """The folder of a log of so many events, the same in all rounds."""
    def make():
        folder = where.folder()
        with places.Broker(where, folder=folder) as broker:
            broker.publish(events=records, window=4096, pack=64)
        return folder
    return where.keep(("log", records), make)


def read_ours(where, records, ms, mode="whole"):
    with places.Broker(where, folder=filled(where, records)) as broker:
        return broker.follow(events=records, ms=2 * ms, mode=mode)["rate"]


def read_ours_by_prefix(where, records, ms):
    return read_ours(where, records, ms, "prefix")


def read_raw(where, records, ms, pack=1, mode="stream"):
    with places.Raw(where, "stream", pack=pack, events=max(records, 64 * pack)) as raw:
        return raw.measure(ms=ms, mode=mode)["rate"]


def read_raw_packed(where, records, ms):
    return read_raw(where, records, ms, PACKED)


def read_raw_checked(where, records, ms):
    return read_raw(where, records, ms, PACKED, "check")


def read_peer(where, kind, records, ms):
    """From a server of its own, filled once."""
    def make():
        server = where.enter_context(kind(where))
        server.publish(events=records, window=256)
        return server
    return where.keep(("filled", kind), make).follow(events=records, ms=ms)["rate"]


def beside(where, figures, records, ms):
    """Publishing alone, and while a follower reads the same log from its beginning."""
    rates = {}
    with places.Broker(where, folder=filled(where, records)) as broker:
        for replay in figures.alternate((False, True)):
            figures.step("publishing beside a replay" if replay else "publishing alone")
            if not replay:
                rates[replay] = broker.publish(window=1024, ms=ms)["rate"]
                continue
            with where.begin_tool("bench_follow", endpoint=broker.endpoint, events=1_000_000_000, ms=ms + ms // 4) as finish:
                rates[replay] = broker.publish(window=1024, ms=ms)["rate"]
                read = finish()["rate"]
    figures.add("publishing alone, 1 x 1024", rates[False])
    figures.add("publishing beside a replay, 1 x 1024", rates[True])
    figures.add("the replay beside publishing", read)
    figures.ratio("publishing beside a replay / alone", rates[True] / rates[False], 0.75)


MONITORS = (0, 1, 10, 100)


def live(where, figures, short):
    """One publisher, window 1024, while 1, 10 and 100 monitors listen to a province each."""
    rates, heard, peaks = {}, {}, {}
    for count in figures.alternate(MONITORS):
        figures.step(f"{count} monitors")
        with places.Broker(where) as broker:
            rates[count], heard[count] = publish_to(where, broker, count, 150 if short else 1500)
            peaks[count] = broker.process.peak_bytes()
    for count in MONITORS:
        figures.add(said(count), rates[count])
        if count:
            figures.add(f"heard by {count}", heard[count], "of all")
            figures.ratio(f"{count} / none", rates[count] / rates[0], 0.8 if count == 100 else None)
            figures.add(f"memory of the broker with {said(count)}", peaks[count] / 2**20, "MiB", most=places.MEMORY_MIB)


def said(monitors):
    return {0: "no monitor", 1: "1 monitor"}.get(monitors, f"{monitors} monitors")


def publish_to(where, broker, monitors, ms):
    """The rate, and which share of what should have been heard was."""
    if monitors == 0:
        return broker.publish(window=1024, ms=ms)["rate"], None
    with where.begin_tool("bench_live", endpoint=broker.live, publishers=monitors) as finish:
        if finish.process.stdout.readline() != "ready\n":
            finish()
        done = broker.publish(window=1024, ms=ms)
        finish.process.terminate()
        said = finish()
    if said["reached"] != monitors:
        raise RuntimeError(f"only {said['reached']} of {monitors} monitors heard anything")
    return done["rate"], said["messages"] / (done["events"] * said["wanted"])


CASES = {"follow": follow, "live": live}
