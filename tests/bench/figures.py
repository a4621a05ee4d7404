"""What was measured: figures by name over the rounds, and how they are shown."""
import statistics
import sys

DECIMALS = {"/s": 0, "us": 0, "ratio": 2, "ms": 2, "s": 2, "MiB": 1, "%": 1}  # of each unit; any other: 0


class Figures:
    """What one case measured, by name, over the rounds.

    A case is called once a round: case(where, figures, short). `figures.round` counts from 0; a long case may have an attribute
    `most_rounds`. A figure is in one of the units above; a ratio is taken inside one round. A goal is for the median over the
    rounds: at least, or at most.
    """

    def __init__(self, case, goals_count=True):
        self.case, self.goals_count, self.round = case, goals_count, 0
        self.values, self.goals, self.units, self.notes, self.facts = {}, {}, {}, {}, {}

    def add(self, what, value, unit="/s", least=None, most=None):
        self.values.setdefault(what, []).append(value)
        self.units[what] = unit
        self.goals[what] = (least, most) if self.goals_count else (None, None)

    def ratio(self, what, value, least=None, most=None):
        self.add(what, value, "ratio", least, most)

    def note(self, what, text):
        """A word about a figure, shown beside it."""
        self.notes[what] = text

    def fact(self, kind, name, value):
        """What is no figure: kept with the results as it is."""
        self.facts.setdefault(kind, {})[name] = value

    def step(self, what):
        """What is measured now, for whoever watches."""
        if sys.stderr.isatty():
            print(f"\r\033[K{self.case}, round {self.round + 1}: {what} ", end="", file=sys.stderr, flush=True)

    def alternate(self, sides):
        """The sides of a comparison, in an order that turns around with each round."""
        return list(sides) if self.round % 2 == 0 else list(reversed(sides))

    def results(self):
        return [self.result(what) for what in self.values]

    def result(self, what):
        values, unit, (least, most) = self.values[what], self.units[what], self.goals[what]
        median = statistics.median(values)
        goal = f">= {number(least, unit)}" if least is not None else f"<= {number(most, unit)}" if most is not None else ""
        return {"case": self.case, "what": what, "unit": unit, "median": median, "min": min(values), "max": max(values),
                "values": values, "note": self.notes.get(what, ""), "goal": goal or None,
                "met": (least is None or median >= least) and (most is None or median <= most)}


def number(value, unit):
    if unit == "of all":
        return f"{100 * value:.1f} %"
    text = f"{value:,.{DECIMALS.get(unit, 0)}f}"
    return text if unit == "ratio" else text + ("" if unit == "/s" else " ") + unit


def table(results):
    lines = ["| case | what | median | min | max | goal | met |", "| --- | --- | ---: | ---: | ---: | --- | --- |"]
    for r in results:
        met = "" if r["goal"] is None else ("yes" if r["met"] else "**no**")
        figures = " | ".join(number(r[k], r["unit"]) for k in ("median", "min", "max"))
        note = f" ({r['note']})" if r["note"] else ""
        lines.append(f"| {r['case']} | {r['what']}{note} | {figures} | {r['goal'] or ''} | {met} |")
    return "\n".join(lines)
