#!/usr/bin/env python3
"""For each rubric: the best options give its total, and 10,000 seeded random sheets of councils of one to nine
members are worth to the service (the program rate-sheets) what they are worth to the reference. The hashes of
the files agree too."""
import collections
import concurrent.futures
import hashlib
import pathlib
import random
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests/data/vectors"))
import reference  # noqa: E402

PROGRAM = sys.argv[1]
COUNT = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
DAYS = ["2020-06-07", "2020-06-08", "2026-06-01"]


def files_by_id():
    return {rules["id"]: path.name for path in sorted(reference.RULES.glob("*.json"))
            for rules in [reference.json.loads(path.read_text(encoding="utf-8"))]}


def hash_of(rules):
    """Of the canonical form, as jq -cSj and b2sum -l 256 give it."""
    text = reference.json.dumps(rules, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=32).hexdigest()


def say(law, sheets, day):
    """The lines to be read and those to be answered."""
    r = law.rate(sheets, day)
    asked, wanted = [], []
    for sheet, (total, parts, _) in zip(sheets, r["marked"]):
        gates = " + " + " ".join(sheet["gates"]) if sheet["gates"] else ""
        asked.append("sheet " + " ".join(map(str, sheet["options"])) + gates)
        wanted.append(f"sheet {total} {parts[0]} {parts[1]} {parts[2]}")
    line = ["rate", r["members"], r["sum_hundredths"], *r["part_sums"], r["star_by_points"], r["star_by_marks"],
            r["star"], *(":".join(map(str, m)) for m in r["missed"])]
    asked.append(f"rate {day}")
    wanted.append(" ".join(map(str, line + (["+", *r["gates"]] if r["gates"] else []))))
    return asked, wanted


def council(draw, best, choices, codes, members):
    """Sheets of one council: the better it likes the product, the more marks are reached; its members differ
    in some criteria, and now and then some of them name a gate or two."""
    likes, differ, size = draw.random() ** 0.3, int(draw.random() * 12), len(best)
    common = [b if draw.random() < likes else draw.choice(c) for b, c in zip(best, choices)]
    doubtful = draw.sample(codes, min(len(codes), draw.choice((1, 2)))) if draw.random() < 0.2 else []
    sheets = []
    for _ in range(members):
        own = common[:]
        for _ in range(differ):
            at = int(draw.random() * size)
            own[at] = draw.choice(choices[at])
        sheets.append({"options": own, "gates": [c for c in doubtful if draw.random() < 0.6]})
    return sheets


def rubric_lines(rules, name, draw, count):
    rule_set = reference.set_of(rules, name)
    law = reference.Law(rule_set, rules[name])
    best, choices = law.best(), [sorted(p) for p in law.points]
    codes = list(law.ends) + [m["code"] for m in law.asked_minima(DAYS[-1])]
    total = rules[name]["checks"]["sum_of_best_options"] * 100
    assert law.mark({"options": best})[0] == total, f"{name}: the best options do not give {total}"
    yield from zip(*say(law, [{"options": best, "gates": []}], DAYS[-1]))
    while count > 0:
        members = min(count, draw.randint(1, 9))
        yield from zip(*say(law, council(draw, best, choices, codes, members), draw.choice(DAYS)))
        count -= members


def compare(name):
    """Ask the program about one rubric; how often each star came out, or the first difference."""
    rules, files = reference.load(), files_by_id()
    rule_set = reference.set_of(rules, name)
    lines = [(f"law {files[rule_set['id']]} {files[name]}", f"law {hash_of(rule_set)} {hash_of(rules[name])}")]
    lines += rubric_lines(rules, name, random.Random(name), COUNT)
    done = subprocess.run([PROGRAM], input="".join(a + "\n" for a, _ in lines), text=True,
                          capture_output=True, cwd=SOURCE)
    answers = done.stdout.splitlines()
    stars = collections.Counter()
    for (asked, wanted), got in zip(lines, answers):
        if wanted != got:
            sys.exit(f"{name}: to\n  {asked}\nthe reference says\n  {wanted}\nand the service\n  {got}")
        if wanted.startswith("rate "):
            stars[wanted.split()[8]] += 1
    if done.returncode or len(answers) != len(lines):
        sys.exit(f"{name}: {len(answers)} answers to {len(lines)} lines: {done.stderr}")
    return stars


def main():
    names = [n for n, r in reference.load().items() if r["schema"] == "ocop-rubric/1"]
    assert len(names) == 51, f"{len(names)} rubrics"
    with concurrent.futures.ProcessPoolExecutor() as pool:
        stars = sum(pool.map(compare, names), collections.Counter())
    print(f"{len(names)} rubrics, {COUNT} sheets each, alike; councils by star: {dict(sorted(stars.items()))}")
    assert set(stars) == set("012345"), "some star never came out: draw otherwise"


if __name__ == "__main__":
    main()
