"""The cases of a nation: a year through all services, from the first push to the last receipt."""
import os

import nation

MEMORY_MIB = 96


def small(short):
    """A tenth of a nation would not fill a batch: --short is only for whether it works."""
    return {"products": 315, "months": 2} if short else {}


def year_figures(figures, year):
    events, seconds = year["events"], year["seconds"]
    figures.add("log events", events / seconds, "/s", least=25_000)
    figures.add("whole year", seconds, "s")
    cores = seconds * os.cpu_count()
    for name, used in year["cpu_s"].items():
        figures.add(f"CPU of {name}", 100 * used / cores, "%")
        figures.note(f"CPU of {name}", f"of {os.cpu_count()} cores")
    for name, peak in year["peak_bytes"].items():
        figures.add(f"peak memory of {name}", peak / 2**20, "MiB", most=MEMORY_MIB)
    # The critical path: when each stage had its last, from the first push on.
    for stage in ("accepted", "rated", "issued", "queued", "received"):
        figures.add(f"last {stage} after", year[stage]["last_s"], "s")
    figures.note("log events", f"{events:,} of {year['accepted']['count']:,} products, {year['queued']['count']:,} messages")


def year(where, figures, short):
    """A nation's year: products, sheets, decisions, certificates, messages, receipts, each with its verdict."""
    with nation.Nation(where, **small(short)) as country:
        year_figures(figures, country.year())


CASES = {"year": year}
