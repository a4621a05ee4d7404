"""How long one event takes, in the middle and at the tail, and on slower disks."""
import peers
import places

DISKS_MS = (2, 10)  # added to each flush


def latency(where, figures, short):
    """Window 1, p50 and p99; the tail at window 1024; the longest time at half load; slow flushes."""
    ms = 150 if short else 1500
    ours = window_1(where, figures, ms)
    parts = echo_and_commit(where, figures, ms)
    figures.ratio("window 1: p50 / (echo + commit)", ours["p50_us"] / parts, most=1.2)
    rate = window_1024(where, figures, ms)
    half_load(where, figures, 2 * ms, rate // 2)
    for slow_ms in DISKS_MS:
        slow_disk(where, figures, ms, slow_ms)


def add_both(figures, what, done):
    figures.add(f"{what}, p50", done["p50_us"], "us")
    figures.add(f"{what}, p99", done["p99_us"], "us")


def window_1(where, figures, ms):
    names = [name for name in ("OCOP", "Redis always") if name in peers.systems(where)]
    done = {}
    for name in figures.alternate(names):
        figures.step(f"window 1: {name}")
        with peers.start(where, name) as server:
            done[name] = server.publish(window=1, ms=ms)
    for name in names:
        add_both(figures, f"window 1: {name}", done[name])
    ours = done["OCOP"]
    if "Redis always" in done:
        figures.ratio("window 1: p50, OCOP / Redis always", ours["p50_us"] / done["Redis always"]["p50_us"], most=1.4)
    figures.ratio("window 1: OCOP, p99 / p50", ours["p99_us"] / ours["p50_us"], most=3)
    return ours


def echo_and_commit(where, figures, ms):
    """The two things one publish cannot do without, each alone: there and back, and one event into the log."""
    figures.step("echo, commit")
    with places.Raw(where, "echo") as raw:
        echo = raw.measure(ms=ms // 2)
    commit = where.tool("bench_commit", mode="log", path=where.folder() / "log.db", ms=ms // 2)
    add_both(figures, "DEALER/ROUTER echo", echo)
    add_both(figures, "commit of one event", commit)
    return echo["p50_us"] + commit["p50_us"]


def window_1024(where, figures, ms):
    figures.step("window 1024")
    with places.Broker(where) as broker:
        done = broker.publish(window=1024, ms=ms)
    add_both(figures, "window 1024: OCOP", done)
    figures.ratio("window 1024: OCOP, p99 / p50", done["p99_us"] / done["p50_us"], most=10)
    return int(done["rate"])


def half_load(where, figures, ms, rate):
    """Events come at half the rate of window 1024, whether or not the broker keeps up: how long does the slowest wait?"""
    figures.step("half load")
    with places.Broker(where) as broker:
        done = broker.publish(window=places.OPEN_WINDOW, rate=rate, ms=ms)
    for name, key in (("p50", "p50_us"), ("p99", "p99_us"), ("p99.9", "p999_us")):
        figures.add(f"half load: {name}", done[key] / 1000, "ms")
    figures.add("half load: longest", done["max_us"] / 1000, "ms", most=10)
    with peers.start(where, "flat file") as yardstick:
        done = yardstick.publish(window=places.OPEN_WINDOW, rate=rate, ms=ms)
    figures.add("half load: longest, flat file", done["max_us"] / 1000, "ms")
    figures.note("half load: longest, flat file", "no checkpoints: what the machine itself does")


def slow_disk(where, figures, ms, slow_ms):
    """A disk that takes so much longer for each flush. What it takes in all is measured too, on a bare file."""
    figures.step(f"flushes {slow_ms} ms slower")
    env = where.slowly(1000 * slow_ms)
    flush = where.tool("bench_commit", env, mode="flat", path=where.folder() / "flat", ms=ms // 3)["p50_us"]
    with places.Broker(where, env=env) as broker:
        add_both(figures, f"flushes + {slow_ms} ms, window 1: OCOP", broker.publish(window=1, ms=ms // 2))
        rate = broker.publish(window=16, ms=ms)["rate"]
    figures.add(f"flushes + {slow_ms} ms: one flush", flush / 1000, "ms")
    figures.add(f"flushes + {slow_ms} ms, window 16: OCOP", rate)
    figures.ratio(f"flushes + {slow_ms} ms, window 16: OCOP / (16 / flush)", rate / (16 / (flush / 1e6)), 0.75)


CASES = {"latency": latency}
