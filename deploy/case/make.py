#!/usr/bin/env python3
"""Write the case that the demo plays: Bac Kan 2018 and, apart, two coffees of 2026.

Real are the 17 products named in bac-kan-2018.csv and their stars, the sums of the text of 14/12/2018 (22 plans, 1,760
products, 4,146 billion VND) and the day. All else is made up with a fixed seed and says so in its own `remark`.
Columns that begin with # are for people and tests; `ocop push` skips them.
Usage: make.py [folder]   (a test checks that the files in the tree are what this writes)
"""
import csv
import json
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
RUBRIC = HERE.parents[1] / "services/scoring/rules/qd-26-2026-13-ca-phe-ca-cao.json"
MEMBERS = ["tv1", "tv2", "tv3", "tv4", "tv5"]
PAPERS = ["registration_form", "business_plan", "organisation", "business_registration", "samples"]
KINDS = {"doanh nghiệp": "enterprise", "hợp tác xã": "cooperative", "hộ kinh doanh": "household"}

# Nominated by a district in 2018; that they were recognised is not confirmed.
NOMINATED = [
    ("Hồng không hạt sấy dẻo", "HTX Tân Phong", "Xã Quảng Bạch"),
    ("Quýt", "HTX Toàn Thắng", "Xã Rã Bản"),
    ("Chuối sấy khô", "HTX Thiên An", ""),
    ("Tinh dầu sả chanh", "HTX Hương Ngàn", "Xã Nguyên Phúc"),
    ("Nấm sò", "HTX Hợp Giang", "Xã Lục Bình"),
    ("Măng sấy khô", "HTX Đại Hà", "Xã Quang Thuận"),
]
# Which 20 provinces besides Bac Kan and Quang Ninh had plans is not in the text: these are made up.
PLAN_PROVINCES = ["06", "22", "01", "02", "04", "08", "10", "11", "12", "14", "15", "17", "19", "20", "24", "25", "26",
                  "27", "30", "31", "33", "34"]


def write(folder, name, header, rows):
    with open(folder / name, "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)


def split(total, parts, rng):
    """`parts` whole numbers that add up to `total`."""
    weights = [rng.randint(50, 150) for _ in range(parts)]
    shares = [total * w // sum(weights) for w in weights]
    shares[0] += total - sum(shares)
    return shares


def products():
    """(reference, name, owner, kind, commune, star, remark)"""
    out = []
    with open(HERE / "bac-kan-2018.csv", encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f):
            out.append((row["product_name"], row["producer"], KINDS[row["producer_type"]], row["commune"],
                        int(row["stars"]), "named in the sources; sheets, papers and area codes are synthetic"))
    for name, owner, commune in NOMINATED:
        out.append((name, owner, "cooperative", commune, 3,
                    "synthetic: nominated in 2018, recognition not confirmed; sheets, papers and area codes made up"))
    while len(out) < 37:
        n = len(out) - 22
        out.append((f"Sản phẩm giả lập số {n}", f"HTX giả lập số {n}", "cooperative", "", 3,
                    "synthetic: made up to complete the published 32 of three stars"))
    return [(f"BK18-{i + 1:02}",) + p for i, p in enumerate(out)]


def totals(star, rng):
    """Five totals in hundredths, at most ten points apart, whose mean lies inside the star's band."""
    low = {2: 3600, 3: 5200, 4: 7100}[star]
    middle = rng.randrange(low, low + 1100, 50)
    return [middle + rng.randrange(0, 551, 50) for _ in MEMBERS]


def sheets(reference, points, remark="synthetic"):
    return [["06", "BK-2018-2", m, f"@{reference}", p, remark, "accepted", ""] for m, p in zip(MEMBERS, points)]


def dossier_rows(reference, name, owner, kind, commune, remark, number, verdict="accepted", code=""):
    # The codes of districts and communes are not in the sources: 9xx and 9xxxx are made up.
    rows = [[reference, "06", "first", name, owner, kind, "901", f"{90000 + number:05}", commune, "2018-2",
             "provisional-2018", PAPERS[0], remark, verdict, code]]
    return rows + [[""] * 11 + [paper] + [""] * 3 for paper in PAPERS[1:]]


def act_one(folder):
    rng = random.Random(20181216)
    folder.mkdir(parents=True, exist_ok=True)
    goods, money = split(1760, 22, rng), split(4146, 22, rng)
    write(folder, "plan.filed.csv",
          ["province", "title", "year_from", "year_to", "products", "budget_vnd", "remark", "#verdict", "#code"],
          [[p, "Kế hoạch Chương trình OCOP cấp tỉnh", 2018, 2020, goods[i], money[i] * 10**9,
            "synthetic split; only the sums over 22 provinces are published", "accepted", ""]
           for i, p in enumerate(PLAN_PROVINCES)])
    write(folder, "council.formed.csv",
          ["council", "level", "province", "round", "rule_set", "formed_on", "members.member", "members.seat", "remark",
           "#verdict", "#code"],
          [["BK-2018-2", "province", "06", "2018-2", "provisional-2018", "2018-10-25", "tv1", "chair", "synthetic",
            "accepted", ""]] +
          [[""] * 6 + [m, "member", "", "", ""] for m in MEMBERS[1:]])
    dossiers, scores, decision = [], [], []
    number = ["CHUA-RO-SO/QĐ-UBND", "2018-12-16", "province", "06"]
    for i, (reference, name, owner, kind, commune, star, remark) in enumerate(products()):
        dossiers += dossier_rows(reference, name, owner, kind, commune, remark, i + 1)
        # One product stands exactly on the border of four stars: a hundredth less and it is three.
        points = [7000, 7000, 7050, 6950, 7000] if i == 4 else totals(star, rng)
        scores += sheets(reference, points)
        decision.append([f"@{reference}", f"@{reference}", star, "accepted", ""])
    # The odd ones.
    dossiers += dossier_rows("BK18-38", "Sản phẩm giả lập 49,5 điểm", "HTX giả lập A", "cooperative", "",
                             "synthetic: odd one, 49.5 points", 38)
    scores += sheets("BK18-38", [4900, 5000, 4950, 4950, 4950])
    decision.append(["@BK18-38", "@BK18-38", 3, "refused", "STAR_TOO_LOW"])
    dossiers += dossier_rows("BK18-39", "Sản phẩm giả lập sai sao", "HTX giả lập B", "cooperative", "",
                             "synthetic: odd one, the decision gives another star", 39)
    scores += sheets("BK18-39", totals(3, rng))
    decision.append(["@BK18-39", "@BK18-39", 4, "refused", "WRONG_STAR"])
    dossiers.append(["BK18-40", "06", "first", "Sản phẩm giả lập thiếu hồ sơ", "", "cooperative", "901", "", "", "2018-2",
                     "provisional-2018", "registration_form", "synthetic: odd one, four gaps", "returned", "GAPS"])
    dossiers += [[""] * 11 + [paper] + [""] * 3 for paper in ("organisation", "business_registration")]
    scores.append(["06", "BK-2018-2", "khach", "@BK18-01", 9900, "synthetic: odd one, no member of the council",
                   "refused", "STRANGER"])
    write(folder, "dossier.filed.csv",
          ["reference", "province", "kind", "product", "owner", "owner_kind", "district_code", "commune_code", "commune",
           "round", "rule_set", "items.item", "remark", "#verdict", "#code"], dossiers)
    write(folder, "sheet.submitted.csv",
          ["province", "council", "member", "dossier", "total_hundredths", "remark", "#verdict", "#code"], scores)
    write(folder, "round.closed.csv", ["province", "council", "closed_on", "remark", "#verdict", "#code"],
          [["06", "BK-2018-2", "2018-12-10", "synthetic", "accepted", ""]])
    write(folder, "decision.signed.csv",
          ["number", "signed_on", "authority", "province", "items.product", "items.rated", "items.star", "remark",
           "#verdict", "#code"],
          [(number if i == 0 else [""] * 4) + item[:3] +
           (["the number of the decision was not found; the day is that of the announcement"] if i == 0 else [""]) +
           item[3:] for i, item in enumerate(decision)])
    write(folder, "report.filed.csv",
          ["province", "period_end", "due_before", "three_star", "four_star", "five_star", "remark", "#verdict", "#code"],
          [["06", "2018-12-31", "2019-01-10", 32, 5, 0, "synthetic: the day of filing is made up", "accepted", ""]])


def coffee_points(criteria):
    """Points by criterion for a coffee that meets every four-star mark, and reaches four stars by points."""
    points = {}
    for key, options in criteria.items():
        needed = max([o["points"] for o in options if o["min_star"] and o["min_star"] <= 4], default=0)
        middle = sorted(o["points"] for o in options)[len(options) // 2]
        points[key] = max(needed, middle)
    for key in ("A.1.4", "A.3.1", "A.3.3", "B.4.2"):
        points[key] = max(o["points"] for o in criteria[key])
    return points


def option_of(options, points):
    return next(o["n"] for o in options if o["points"] == points)


def act_two(folder):
    folder.mkdir(parents=True, exist_ok=True)
    rubric = json.loads(RUBRIC.read_text(encoding="utf-8"))
    criteria = {f"{p['code']}.{c['code']}": c["options"] for p in rubric["parts"] for s in p["sections"]
                for c in s["criteria"]}
    meets = coffee_points(criteria)
    misses = dict(meets)
    misses["B.5.1"] -= 2  # 3 points of the 5 that four stars demand
    misses["B.4.3"] += 2  # the same two points elsewhere: the same mean
    members = [f"tv{i}" for i in range(1, 10)]
    header = ["reference", "province", "kind", "product", "owner", "owner_kind", "commune_code", "round", "rule_set",
              "rubric", "samples", "proposal", "proposed_on", "items.item", "assessments.topic", "assessments.finding",
              "remark", "#verdict", "#code"]
    dossiers, scores, decision = [], [], []
    papers = ["registration_form", "self_assessment", "commune_report", "commune_proposal"]
    topics = ["material", "labour", "idea", "identity"]
    for n, (name, points, star) in enumerate([("Cà phê giả lập A", meets, 4), ("Cà phê giả lập B", misses, 3)], 1):
        reference = f"CF26-{n}"
        dossiers.append([reference, "66", "first", name, f"HTX cà phê giả lập {n}", "cooperative", f"{90100 + n}", "2026-1",
                         "QD26_2026", rubric["id"], 5, f"GIA-LAP-{n}/TTr-UBND", "2026-05-29", papers[0], topics[0],
                         "giả lập", "synthetic", "accepted", ""])
        dossiers += [[""] * 13 + [p, t, "giả lập"] + [""] * 3 for p, t in zip(papers[1:], topics[1:])]
        for i, member in enumerate(members):
            mine = dict(points)
            if i % 3 == 1:
                mine["C.11"] += 1  # members differ a little, alike for both coffees
            if i % 3 == 2:
                mine["C.11"] -= 1
            for j, (key, options) in enumerate(criteria.items()):
                lead = (["66", "DL-2026-1", member, f"@{reference}"] if j == 0 else [""] * 4)
                scores.append(lead + [key, option_of(options, mine[key])] +
                              (["synthetic", "accepted", ""] if j == 0 else [""] * 3))
        decision.append([f"@{reference}", f"@{reference}", star, "accepted", ""])
    write(folder, "dossier.filed.csv", header, dossiers)
    write(folder, "council.formed.csv",
          ["council", "level", "province", "round", "rule_set", "formed_on", "members.member", "members.seat", "remark",
           "#verdict", "#code"],
          [["DL-2026-1", "province", "66", "2026-1", "QD26_2026", "2026-05-25", "tv1", "chair", "synthetic", "accepted",
            ""]] +
          [[""] * 6 + [m, "member", "", "", ""] for m in members[1:]])
    write(folder, "sheet.submitted.csv",
          ["province", "council", "member", "dossier", "options.criterion", "options.option", "remark", "#verdict",
           "#code"], scores)
    write(folder, "round.closed.csv", ["province", "council", "closed_on", "remark", "#verdict", "#code"],
          [["66", "DL-2026-1", "2026-06-25", "synthetic", "accepted", ""]])
    write(folder, "decision.signed.csv",
          ["number", "signed_on", "authority", "province", "items.product", "items.rated", "items.star", "remark",
           "#verdict", "#code"],
          [(["GIA-LAP-1/QĐ-UBND", "2026-06-29", "province", "66"] if i == 0 else [""] * 4) + item[:3] +
           (["synthetic"] if i == 0 else [""]) + item[3:] for i, item in enumerate(decision)])


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    act_one(target / "bac-kan-2018")
    act_two(target / "coffee-2026")
