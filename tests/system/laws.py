"""A small nation under every law, from 2018 to 2026: rows to push, by day. Everything here is synthetic and says so.

play(house) brings the house through it: under each rule set a district (while there are any), a province and the
centre rate products with every rubric there is, and the authorities sign. Seeded: two plays push the same rows.
"""
import json
import pathlib
import random
import sqlite3

import house as h
import msgpack

RULES = h.SOURCE / "services/scoring/rules"
MEMBERS = [f"m{i}" for i in range(1, 6)]
PROVINCE = "66"  # Đắk Lắk before and after the merger of 2025

#         rule set            round    filed         scored        signed        two-level since 01/07/2025
ACTS = [("provisional-2018", "2018-2", "2018-11-05", "2018-12-03", "2018-12-17"),
        ("QD1048", "2020-2", "2020-10-05", "2020-11-09", "2020-12-14"),
        ("QD148", "2024-1", "2024-03-04", "2024-04-08", "2024-05-06"),
        ("QD26_2026", "2026-1", "2026-06-01", "2026-06-15", "2026-06-29")]


def rules():
    """id -> file content, of all shipped files."""
    read = (json.loads(p.read_text(encoding="utf-8")) for p in sorted(RULES.glob("*.json")))
    return {r["id"]: r for r in read}


def criteria(rubric):
    return {f"{p['code']}.{c['code']}": c["options"] for p in rubric["parts"] for s in p["sections"] for c in s["criteria"]}


class Play:
    def __init__(self, house, products=2, seed=2026):
        self.house, self.products, self.rng = house, products, random.Random(seed)
        self.rules = rules()
        self.files = 0

    def push(self, publisher, kind, rows, expect=(0,)):
        """One JSON lines file for rows of one event."""
        self.files += 1
        path = self.house.dir / f"{self.files:03}-{publisher}.jsonl"
        with open(path, "w", encoding="utf-8") as f:
            for row in rows:
                province = row.get("province", PROVINCE) if isinstance(row, dict) else PROVINCE
                f.write(json.dumps({"type": kind, "province": province, "data": row}, ensure_ascii=False) + "\n")
        return self.house.ocop("push", path, publisher=publisher, expect=expect)

    def day(self, day):
        self.house.ocop("clock", day, publisher="centre")

    def levels(self, rule_set, day):
        there = []
        for level in self.rules[rule_set]["levels"]:
            if (level.get("first_day") or "0") <= day <= (level.get("last_day") or "9"):
                there.append(level["level"])
        return [name for name in ("district", "province", "centre") if name in there]

    def rubrics(self, rule_set):
        prefix = self.rules[rule_set].get("rubric_prefix")
        return [i for i in self.rules if prefix and i.startswith(prefix) and "parts" in self.rules[i]] or [None]

    # --- rows ---
    def dossier(self, rule_set, act, number, rubric, filed):
        needs = self.rules[rule_set].get("dossier", {})
        goods = not rubric or self.rules[rubric]["product"].get("sample_required", True)
        items = [i["item"] for i in needs.get("items", []) if i["kind"] == "first" and (goods or not i.get("goods_only"))]
        row = {"reference": f"N{act}-{number:03}", "province": PROVINCE, "kind": "first",
               "product": f"Sản phẩm giả lập {act}-{number}", "owner": f"HTX giả lập {number % 17}", "owner_kind": "cooperative",
               "commune_code": f"{90000 + number:05}", "round": ACTS[act][1], "rule_set": rule_set,
               "items": [{"item": i} for i in items], "remark": "synthetic"}
        if filed < "2025-07-01":
            row["district_code"] = "901"
        if rubric:
            row["rubric"] = rubric
        if needs.get("samples") and goods:
            row["samples"] = needs["samples"]["value"]
        if needs.get("assessments", {}).get("value"):
            row["assessments"] = [{"topic": t, "finding": "giả lập"} for t in ("material", "labour", "idea", "identity")]
            row["proposal"], row["proposed_on"] = f"GIA-LAP-{number}/UBND", filed
        return row

    def sheets(self, rule_set, council, reference, rubric, good):
        """One sheet a member: near one another, and better the larger `good` (0..1) is."""
        kind = self.rules[rule_set]["sheet"]
        if kind == "total":
            base = int(3000 + 6500 * good)
            return [{"total_hundredths": base + 50 * self.rng.randrange(9)} for _ in MEMBERS]
        if kind == "parts":
            most = self.rules[rule_set]["part_max"]
            return [dict(zip(("a_hundredths", "b_hundredths", "c_hundredths"),
                             (int(100 * m * (0.1 + 0.87 * good)) + self.rng.randrange(60) for m in most))) for _ in MEMBERS]
        all_options = criteria(self.rules[rubric])
        base = {}
        for key, options in all_options.items():
            by_points = sorted(options, key=lambda o: o["points"])
            base[key] = by_points[-1] if self.rng.random() < good else self.rng.choice(by_points)
        out = []
        for _ in MEMBERS:
            mine = dict(base)
            for key in self.rng.sample(sorted(all_options), 2):  # members differ in two criteria, by a point or so
                near = [o for o in all_options[key] if abs(o["points"] - base[key]["points"]) <= 2]
                mine[key] = self.rng.choice(near)
            out.append({"options": [{"criterion": k, "option": o["n"]} for k, o in mine.items()]})
        return out

    # --- one level ---
    def score(self, act, level, references):
        """A council of the level scores these dossiers and closes; returns what it sent up, by reference."""
        rule_set, round_, _, day, _ = ACTS[act]
        province = "00" if level == "centre" else PROVINCE
        council = f"{level}-{round_}"
        publisher = f"council-{level}"
        self.push(publisher, "scoring.council.formed", [{
            "council": council, "level": level, "province": province, "round": round_, "rule_set": rule_set, "remark": "synthetic",
            "members": [{"member": m, "seat": "chair" if m == "m1" else "member"} for m in MEMBERS]}])
        rows = []
        for reference, (rubric, good) in references.items():
            for member, points in zip(MEMBERS, self.sheets(rule_set, council, reference, rubric, good)):
                rows.append({"council": council, "member": member, "dossier": f"@{reference}", "remark": "synthetic", **points})
        self.push_for(publisher, "scoring.sheet.submitted", rows, province)
        self.push_for(publisher, "scoring.round.closed", [{"council": council, "closed_on": day, "remark": "synthetic"}], province)
        self.house.settle()
        above = {"district": "province", "province": "centre"}.get(level)
        forwarded = {d["dossier"] for t, d in outcomes(self.house) if t == "scoring.product.forwarded" and d["to"] == above}
        accepted = {d["reference"]: i for i, t, d in envelopes(self.house) if t == "intake.dossier.accepted"}
        return {r: v for r, v in references.items() if accepted[r] in forwarded}

    def push_for(self, publisher, kind, rows, province):
        self.files += 1
        path = self.house.dir / f"{self.files:03}-{publisher}.jsonl"
        with open(path, "w", encoding="utf-8") as f:
            for row in rows:
                f.write(json.dumps({"type": kind, "province": province, "data": row}, ensure_ascii=False) + "\n")
        return self.house.ocop("push", path, publisher=publisher)

    def sign(self, act, day):
        """Each authority recognises what it may: the latest rating of each dossier of this act."""
        ratings = {}
        for i, t, d in envelopes(self.house):
            if t == "scoring.product.rated" and d["reference"].startswith(f"N{act}-"):
                ratings[d["reference"]] = (i, d)
        for authority in ("district", "province", "ministry"):
            items = [{"product": d["product"], "rated": i, "star": d["star"]} for i, d in ratings.values()
                     if d["star"] >= 3 and self.authority(ACTS[act][0], d["star"], day) == authority]
            province = "00" if authority == "ministry" else PROVINCE
            for start in range(0, len(items), 40):
                self.push_for(f"authority-{authority}", "certification.decision.signed", [{
                    "number": f"GIA-LAP-{act}-{start}/QĐ", "signed_on": day, "authority": authority, "province": province,
                    "items": items[start:start + 40], "remark": "synthetic"}], province)

    def authority(self, rule_set, star, day):
        for a in self.rules[rule_set]["authorities"]:
            if a["star"] == star and (a.get("first_day") or "0") <= day <= (a.get("last_day") or "9"):
                return a["authority"]
        return None

    def act(self, act):
        rule_set, _, filed, scored, signed = ACTS[act]
        self.day(filed)
        wanted, number = {}, 0
        for rubric in self.rubrics(rule_set):
            for good in [0.55 + 0.44 * self.rng.random() for _ in range(self.products * (1 if rubric else 5) - 1)] + [1.0]:
                number += 1
                wanted[f"N{act}-{number:03}"] = (rubric, good)
        self.push(f"province-{PROVINCE}", "intake.dossier.filed",
                  [self.dossier(rule_set, act, int(r.split("-")[1]), rubric, filed) for r, (rubric, _) in wanted.items()])
        self.day(scored)
        for level in self.levels(rule_set, scored):
            if wanted:
                wanted = self.score(act, level, wanted)
        self.day(signed)
        self.sign(act, signed)

    def play(self):
        self.house.ocop("rules", "propose", "--shipped", publisher="centre")
        for act in range(len(ACTS)):
            self.act(act)
        self.house.settle()


def envelopes(house):
    """(id, type, data) of every record."""
    with sqlite3.connect(f"file:{house.dir}/log.db?mode=ro", uri=True) as db:
        for (packed,) in db.execute("SELECT envelope FROM log ORDER BY seq"):
            e = msgpack.unpackb(packed)
            yield e["id"], e["type"], e.get("data")


def outcomes(house):
    return ((t, d) for _, t, d in envelopes(house))
