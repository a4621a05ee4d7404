"""The cases of a nation: a year through all services, from the first push to the last receipt."""
import importlib.machinery
import importlib.util
import json
import os
import pathlib

import nation


def program(name):
    """A script beside this one that has no ending, as a module."""
    loader = importlib.machinery.SourceFileLoader(name, str(pathlib.Path(__file__).with_name(name)))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


cost_tool = program("cost")

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
    figures.add("cores idle", 100 * year["idle_s"] / cores, "%")
    figures.note("cores idle", "what is neither ours nor idle somebody else took, or the kernel for the disk; the pushers' includes making their events")
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


def hop(where, figures, short):
    """A closing and a decision in a quiet house, until a monitor holds the rating and the certificate, against one publish."""
    with nation.Nation(where, products=63, months=1) as country:
        took = country.hop()
    publish = took["publish"]["p50_us"]
    figures.add("one publish, p50", publish, "us")
    for what, until in (("closing", "the rating"), ("decision", "the certificate")):
        figures.add(f"{what} until {until}, p50", took[what]["p50_us"], "us")
        figures.add(f"{what} until {until}, p90", took[what]["p90_us"], "us")
        figures.ratio(f"{what} / publish", took[what]["p50_us"] / publish, most=3)


def rebuild(where, figures, short):
    """Each store is deleted after a year and read again from the log."""
    with nation.Nation(where, **small(short)) as country:
        country.year()
        for name in nation.SERVICES:
            again = country.rebuild(name)
            figures.add(f"{name}: records of the log", again["records"] / again["seconds"], "/s", least=100_000)
            figures.add(f"{name}: of these it follows", again["followed"] / again["seconds"], "/s")
            figures.add(f"{name}: whole rebuild", again["seconds"], "s")
            figures.add(f"{name}: peak memory", again["peak_bytes"] / 2**20, "MiB", most=MEMORY_MIB)


def cost(where, figures, short):
    """Instructions per event by callgrind, whatever the machine does meanwhile; tests/bench/cost says what the parts are,
    and is a test of its own: in a short run one of them."""
    reference = json.loads(cost_tool.REFERENCE.read_text(encoding="utf-8"))["instructions"]
    for part, instructions in cost_tool.counts(where.bin, ["codec"] if short else None).items():
        figures.add(part, instructions, "instructions")
        figures.ratio(f"{part} / its reference", instructions / reference[part], most=cost_tool.SAME)


CASES = {"year": year, "hop": hop, "rebuild": rebuild, "cost": cost}
