"""What a council's sheets are worth under a rule set and a rubric: an independent reference.

It reads the rules JSON and shares no code with the project. Points are whole hundredths, a mean is the pair
(sum, members) and is compared without division. Python 3, nothing to install.
"""
import json
import pathlib

RULES = pathlib.Path(__file__).resolve().parents[3] / "services/scoring/rules"
SECTORS = ["I", "II", "III", "IV", "V", "VI"]


def load(folder=RULES):
    """All rules files of a folder by id."""
    files = (json.loads(p.read_text(encoding="utf-8")) for p in sorted(pathlib.Path(folder).glob("*.json")))
    return {f["id"]: f for f in files}


def set_of(rules, rubric_id):
    """The rule set whose rubrics' names begin like this one."""
    sets = (r for r in rules.values() if r["schema"] == "ocop-rules/1" and r["sheet"] == "options")
    return next(r for r in sets if rubric_id.startswith(r["rubric_prefix"]))


class Law:
    def __init__(self, rule_set, rubric=None):
        self.set, self.rubric = rule_set, rubric
        self.parts, self.keys, self.points, self.marks, self.ends = [], [], [], [], {}
        for p, part in enumerate(rubric["parts"] if rubric else []):
            for criterion in (c for s in part["sections"] for c in s["criteria"]):
                at = len(self.keys)
                self.keys.append(f"{part['code']}.{criterion['code']}")
                self.parts.append(p)
                self.points.append({o["n"]: o["points"] * 100 for o in criterion["options"]})
                if rule_set["no_option"]["value"] == "zero_points":
                    self.points[at][0] = 0
                for o in criterion["options"]:
                    if o.get("min_star"):
                        self.marks.append((at, o["min_star"], o["points"] * 100))
                for g in criterion.get("gates", []):
                    self.ends[g["code"]] = self.ends.get(g["code"], False) or g["effect"] in ("reject", "stop")
        for g in rubric["disqualifiers"] if rubric else []:
            self.ends[g["code"]] = True
        first = [self.parts.index(p) for p in range(3)] if rubric else []
        self.slices = list(zip(first, first[1:] + [len(self.keys)]))

    def best(self):
        """The option of most points for each criterion."""
        return [max(options, key=lambda n: (options[n], -n)) for options in self.points]

    def mark(self, sheet):
        """(total, points of A, B, C or [], points of each criterion)"""
        if "options" in sheet:
            got = [self.points[i][n] for i, n in enumerate(sheet["options"])]
            return sum(got), [sum(got[a:b]) for a, b in self.slices], got
        if "parts" in sheet:
            return sum(sheet["parts"]), list(sheet["parts"]), []
        return sheet["total_hundredths"], [], []

    def asked_minima(self, day):
        for m in self.set.get("minima", []):
            sectors = m.get("sectors") or SECTORS
            if (m.get("first_day") or "") <= day and self.rubric["product"]["sector_code"] in sectors:
                yield m

    def rate(self, sheets, day):
        n, marked = len(sheets), [self.mark(s) for s in sheets]
        total = sum(m[0] for m in marked)
        columns = [sum(c) for c in zip(*(m[2] for m in marked))]
        by_points = max((b["star"] for b in self.set["star_bands"] if total >= b["min"] * 100 * n), default=1)
        missed, by_marks = [], 5
        for at, star, needed in self.marks:
            if self.set["marks_reached"]["value"] == "every_member":
                reached = min(m[2][at] for m in marked) >= needed
            else:
                reached = columns[at] >= needed * n
            if not reached:
                by_marks = min(by_marks, star - 1)
                if star <= by_points:
                    missed.append([star, self.keys[at], needed, columns[at]])
        named = {}
        for code in (c for s in sheets for c in s.get("gates", [])):
            named[code] = named.get(code, 0) + 1
        least = 0 if self.set["gate_quorum"]["value"] == "any" else n
        met = [c for c in self.ends if named.get(c, 0) * 2 > least]
        for m in self.asked_minima(day) if self.rubric else []:
            if named.get(m["code"], 0) * 2 > least:
                met.append(m["code"])
                by_marks = min(by_marks, m["star"] - 1)
        star = 0 if any(self.ends.get(c) for c in met) else min(by_points, by_marks)
        return {"members": n, "sum_hundredths": total, "part_sums": [sum(p) for p in zip(*(m[1] for m in marked))],
                "star_by_points": by_points, "star_by_marks": by_marks, "star": star,
                "missed": missed, "gates": met, "marked": marked}
