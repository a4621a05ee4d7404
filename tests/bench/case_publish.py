"""How fast events are stored, beside peers that do the same work and beside what the machine allows."""
import subprocess

import peers
import places

CELLS = [(1, 1), (1, 16), (1, 256), (1, 1024), (4, 256), (16, 1), (16, 64)]  # publishers, window of each
SHORT_CELLS = [(1, 1), (16, 64)]
GOALS = {("Redis always", 1, 1024): 2.5, ("JetStream default", 1, 1024): 1.5, ("JetStream synced", 1, 1024): 60,
         ("RabbitMQ quorum", 1, 1024): 7, ("flat file", 1, 1024): 0.5, ("Redis always", 16, 64): 1.0}
PACK, PACKED_WINDOW = 64, 4096


def publish(where, figures, short):
    """Events of 300 bytes stored, windows 1 to 1024, 1 to 16 publishers, beside the peers; and encrypted."""
    ms = 100 if short else 1000
    names = peers.systems(where)
    if figures.round == 0:
        look_at_flushes(where, figures, names, 20 if short else 200)
    for publishers, window in SHORT_CELLS if short else CELLS:
        rates = {}
        for name in figures.alternate(names):
            figures.step(f"{publishers} x {window}: {name}")
            rates[name] = rate_of(where, name, publishers=publishers, window=window, ms=ms)
        figures.add(f"{publishers} x {window}: OCOP", rates["OCOP"])
        for name in names[1:]:
            figures.add(f"{publishers} x {window}: {name}", rates[name])
            figures.ratio(f"{publishers} x {window}: OCOP / {name}", rates["OCOP"] / rates[name],
                          GOALS.get((name, publishers, window)))
    over_a_file(where, figures, ms)
    encrypted(where, figures, ms)


def look_at_flushes(where, figures, names, acks):
    """Who acknowledges before the flush? Not we, and not the yardstick that we are measured by."""
    for name in names:
        figures.step(f"flushes: {name}")
        seen = peers.ack_waits(where, name, acks)
        figures.fact("waits for the disk", name, seen)
        if seen and name in ("OCOP", "flat file") and not seen["waits"]:
            raise RuntimeError(f"{name} acknowledges before it flushes: {seen}")


def rate_of(where, name, **options):
    with peers.start(where, name) as server:
        done = server.publish(**options)
        if name == "OCOP":
            check(where, server, done)
    return done["rate"]


def check(where, broker, done):
    """What was acknowledged is in the log, and its chain holds."""
    broker.process.end()
    said = subprocess.run([where.bin / "ocop-broker", "--state", broker.dir, "--verify"], capture_output=True, text=True)
    if said.returncode or not done["events"] <= int(said.stdout.split()[0]) <= done["events"] + 5:
        raise RuntimeError(f"{done['events']} events were acknowledged; the log: {said.stdout}{said.stderr}")


def over_a_file(where, figures, ms):
    """OCOP is reached over a socket file here, the peers over TCP, because their clients are: does it matter to Redis?"""
    if not peers.Redis.installed(where):
        return
    rates = {}
    for kind in figures.alternate((peers.Redis, peers.RedisUnix)):
        figures.step("1 x 1024: Redis over a socket file")
        with kind(where) as server:
            rates[kind] = server.publish(window=1024, ms=ms)["rate"]
    figures.ratio("1 x 1024: Redis over a socket file / over TCP", rates[peers.RedisUnix] / rates[peers.Redis])


def encrypted(where, figures, ms):
    """CURVE over TCP, as deployed between machines, against a socket file without."""
    for pack, window, goal in ((1, 1024, None), (PACK, PACKED_WINDOW, 0.8)):
        rates = {}
        for keys in figures.alternate((False, True)):
            figures.step(f"{pack} in a message, CURVE {'on' if keys else 'off'}")
            with places.Broker(where, keys=keys) as broker:
                options = broker.key_options if keys else {}
                rates[keys] = broker.publish(window=window, pack=pack, ms=ms, **options)["rate"]
        what = f"1 x {window}, {pack} in a message:"
        figures.add(f"{what} CURVE off", rates[False])
        figures.add(f"{what} CURVE on", rates[True])
        figures.ratio(f"{what} CURVE on / off", rates[True] / rates[False], goal)


CASES = {"publish": publish}
