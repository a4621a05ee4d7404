"""What came out, for readers: results.json, RESULTS.md and the plots, all beside this file."""
import json
import pathlib
import re
import shutil
import subprocess

import cases
from figures import number, table
from places import machine_text

HERE = pathlib.Path(__file__).resolve().parent
README = HERE.parents[1] / "README.md"
BEGIN, END = "<!-- written by tests/bench/run: from here -->\n", "<!-- to here -->"
CELL = re.compile(r"^(\d+ x \d+): ([^/]+)$")  # "1 x 1024: Redis always"


def write(document):
    """A run of some cases replaces their part and leaves the others."""
    path = HERE / "results.json"
    if path.exists():
        document = merged(json.loads(path.read_text(encoding="utf-8")), document)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    plots = [name for name, plot in (("publish.svg", plot_publish), ("growth.svg", plot_growth)) if plot(document["results"])]
    (HERE / "RESULTS.md").write_text(text(document, plots), encoding="utf-8")
    write_readme(document)


def write_readme(document):
    """The heart of the table stands in the README too, between two marks."""
    readme = README.read_text(encoding="utf-8")
    if BEGIN in readme and cells(document["results"]):
        before, rest = readme.split(BEGIN)
        after = rest.split(END, 1)[1]
        README.write_text(before + BEGIN + short_text(document) + END + after, encoding="utf-8")


def merged(old, new):
    told = set(new["facts"])
    results = [r for r in old["results"] if r["case"] not in told] + new["results"]
    order = list(cases.ALL)
    results.sort(key=lambda r: order.index(r["case"]) if r["case"] in order else len(order))
    return {**new, "facts": {**old["facts"], **new["facts"]}, "results": results}


# --- the text ---

WHO = """\
* **OCOP**: the broker as deployed on one machine, over a socket file; a row with CURVE is over TCP, as between machines.
* **Redis always**: XADD to a stream with a window of commands, `appendfsync always`; over TCP, as its clients do.
* **JetStream default**: published with a reply subject, acknowledged by a stream on files; it flushes every two minutes.
* **JetStream synced**: the same with every write synchronous. This version has no such setting, so the folder has the
  synchronous attribute (`chattr +S`).
* **RabbitMQ quorum**: persistent messages to a quorum queue of one node, confirmed.
* **flat file**: the limit of any log here. The broker's socket and conversation, numbers, hashes and chain, and for each drained
  batch one write to a file and one fdatasync. **no storage** is the same without the hashes and the file.

"raw" and "echo" are the ZeroMQ library alone. Ratios are OCOP's figure by the other's: above 1, more events; for times, below 1 is
faster. Whether an acknowledgement waits for the flush was counted with strace at window 1."""


def rounds(document):
    counts = [len(r["values"]) for r in document["results"]]
    least, most = min(counts), max(counts)
    return f"{least} to {most} rounds" if least < most else f"{most} round{'s' if most > 1 else ''}"


def text(document, plots):
    results = document["results"]
    met, missed = goals(results)
    limits = HERE / "limits.md"
    parts = [
        "# Results",
        "Written by `tests/bench/run --full`; `tests/bench/run --list` and the heads of `case_*.py` say what each case does.\n"
        f"{machine_text(document['machine'])}; {rounds(document)}, sides alternating, publishers and followers on the same machine as "
        "the server.\nAbsolute figures move from machine to machine and from hour to hour; the ratios, each taken inside one round, "
        "are what counts.",
        "By packages: " + ", ".join(f"{k} {v}" for k, v in document["machine"]["versions"].items()) + ".",
        WHO,
        "## Goals",
        f"{len(met)} of {len(met) + len(missed)} are met.",
        table([r for r in results if r["goal"]]),
        limits.read_text(encoding="utf-8").rstrip() if limits.exists() else "",
        "## Events acknowledged a second",
        "\n".join(stored_table(document)),
        "\n".join(f"![{name}]({name})" for name in plots),
        "## Every figure",
        table(results)]
    return "\n\n".join(part for part in parts if part) + "\n"


def goals(results):
    return [r for r in results if r["goal"] and r["met"]], [r for r in results if r["goal"] and not r["met"]]


def short_text(document):
    met, missed = goals(document["results"])
    return "\n".join(stored_table(document, SHORT_NAMES) + [
        "", f"Medians of {rounds(document)}, sides alternating; {machine_text(document['machine'])}, everything on one machine.",
        f"{len(met)} of {len(met) + len(missed)} goals of `tests/bench/` are met.", ""])


def cells(results):
    """{system: {"1 x 16": rate}} of the case publish, systems and cells in the order of the results."""
    out = {}
    for r in results:
        found = CELL.match(r["what"]) if r["case"] == "publish" and r["unit"] == "/s" else None
        if found:
            out.setdefault(found[2], {})[found[1]] = r["median"]
    return out


SHORT_NAMES = ["1 x 1", "1 x 16", "1 x 256", "1 x 1024", "16 x 64"]


def stored_table(document, only=None):
    """The heart of it: one event a message, by system, publishers and window. `only` some of them, and in few words."""
    rates, waits = cells(document["results"]), document["facts"].get("publish", {}).get("waits for the disk", {})
    names = [n for n in next(iter(rates.values()), {}) if only is None or n in only]
    lines = ["| publishers x window | " + " | ".join(names) + " | acknowledged after the flush? |",
             "| --- |" + " ---: |" * len(names) + " --- |"]
    for system, by_cell in rates.items():
        if only and system == "no storage":
            continue
        lines.append(f"| {system} | " + " | ".join(f"{by_cell[c]:,.0f}" if c in by_cell else "" for c in names) +
                     f" | {waiting(system, waits.get(system), only is not None)} |")
    return lines


def waiting(system, seen, shortly):
    if system == "no storage":
        return "nothing is kept"
    if not seen:
        return "not looked at"
    if shortly:
        return "yes" if seen["waits"] else "**no**"
    counted = ", ".join(f"{seen[k]} {k}" for k in ("flushes", "synchronous writes") if seen[k]) or "no flush"
    return f"{'yes' if seen['waits'] else '**no**'}: {counted} for {seen['acks']} acks"


# --- plots ---

def gnuplot(name, commands, blocks):
    """False where gnuplot is not installed."""
    if not shutil.which("gnuplot"):
        return False
    data = "".join(f"${key} << END\n" + "\n".join(rows) + "\nEND\n" for key, rows in blocks.items())
    head = f"set terminal svg size 800,480 font 'sans-serif,13' background 'white'\nset output '{HERE / name}'\nset grid\n"
    subprocess.run(["gnuplot"], input=data + head + commands, text=True, check=True)
    return True


def plot_publish(results):
    blocks, lines = {}, []
    for i, (system, by_cell) in enumerate(cells(results).items()):
        rows = [f"{cell.split()[2]} {rate}" for cell, rate in by_cell.items() if cell.startswith("1 x ")]
        if len(rows) > 1 and system != "no storage":
            blocks[f"d{i}"] = rows
            lines.append(f"$d{i} using 1:2 with linespoints linewidth {3 if system == 'OCOP' else 2} pointtype {i + 4} "
                         f"dashtype {LINES.get(system, (1,))[0]} title '{system}{LINES.get(system, (1, ''))[1]}'")
    return bool(lines) and gnuplot("publish.svg", (
        "set logscale xy\nset xlabel 'events one publisher may have unacknowledged'\nset ylabel 'events acknowledged a second'\n"
        "set xtics (1, 16, 256, 1024)\nset xrange [0.8:1300]\nset format y '%.0s%c'\nset key below\nplot " + ", ".join(lines) +
        "\n"), blocks)


# Dashed: what is no peer of the same promise.
LINES = {"JetStream default": (2, " (before the flush)"), "flat file": (3, " (the limit)")}


def plot_growth(results):
    found = [re.match(r"(publish 1 x 1024|follow) at (.+)$", r["what"]) for r in results]
    rows = {}
    for r, m in zip(results, found):
        if m and r["case"] == "growth" and r["unit"] == "/s":
            rows.setdefault(m[1], []).append(f'"{m[2]}" {r["median"]} {r["min"]} {r["max"]}')
    if not rows:
        return False
    lines = [f"$d{i} using 0:2:3:4:xtic(1) with yerrorlines linewidth 2 title '{what}'" for i, what in enumerate(rows)]
    return gnuplot("growth.svg", "set xlabel 'events in the log'\nset ylabel 'events a second'\nset format y '%.0s%c'\n"
                   "set yrange [0:*]\nset xrange [-0.3:2.3]\nset key bottom right\nplot " + ", ".join(lines) + "\n",
                   {f"d{i}": r for i, r in enumerate(rows.values())})
