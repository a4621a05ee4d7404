#!/usr/bin/env python3
"""Run the test vectors of this folder against the rules files, without any code of the project.

    check.py [FOLDER]      FOLDER has the rules files; services/scoring/rules when absent

Prints one line a file; the first difference ends with exit code 1. Python 3, nothing to install.
"""
import calendar
import datetime
import json
import pathlib
import sys

import reference

HERE = pathlib.Path(__file__).resolve().parent
LEVEL_OF = {"district": "district", "province": "province", "ministry": "centre"}
RULES = reference.load(sys.argv[1] if len(sys.argv) > 1 else reference.RULES)
SETS = [r for r in RULES.values() if r["schema"] == "ocop-rules/1"]


def plus(day, days):
    return (datetime.date.fromisoformat(day) + datetime.timedelta(days)).isoformat()


def value(group, name):
    return group[name]["value"]


def holds(row, day):
    """Days as text compare as days."""
    return (row["first_day"] or "") <= day and day <= (row["last_day"] or "9999")


def authority_on(rule_set, star, day):
    return next((a["authority"] for a in rule_set["authorities"] if a["star"] == star and holds(a, day)), None)


def level_on(rule_set, level, day):
    return next((row for row in rule_set["levels"] if row["level"] == level and holds(row, day)), None)


def rating(case):
    rule_set = RULES[case["rule_set"]]
    result = reference.Law(rule_set, RULES.get(case.get("rubric"))).rate(case["sheets"], case["day"])
    here, star = level_on(rule_set, case["level"], case["day"]), result["star"]
    up = here.get("forward_to")
    if star == 0 or not up or result["sum_hundredths"] < here["forward_hundredths"] * result["members"]:
        up = None
    who = authority_on(rule_set, star, case["day"])
    result["forwarded_to"] = up
    result["authority"] = None if who and up and LEVEL_OF[who] != case["level"] else who
    return {name: result[name] for name in case["expect"]}, case["expect"]


def authority(case):
    return authority_on(RULES[case["rule_set"]], case["star"], case["day"]), case["authority"]


def level(case):
    row = level_on(RULES[case["rule_set"]], case["level"], case["day"])
    got = [row is not None] + ([row.get("forward_hundredths"), row.get("forward_to")] if row else [])
    return got, [case[k] for k in ("sits", "forward_hundredths", "forward_to") if k in case]


def in_force(case):
    day = case["day"]
    on = [s for s in SETS if (s["effective_from"] or "") <= day <= (s["effective_to"] or "9999")]
    return max(on, key=lambda s: s["effective_from"] or "")["id"], case["rule_set"]


def transition(case):
    newer = RULES[case["newer"]]
    begins = newer["effective_from"]
    days = value(newer["transition"], "re_rating_days" if case["kind"] == "re_rating" else "days")
    return case["day"] < begins or case["received_on"] < begins and case["day"] < plus(begins, days), case["allowed"]


def term(case):
    year, month, day = map(int, case["issued_on"].split("-"))
    year, month = divmod(year * 12 + month - 1 + case["months"], 12)
    ends = datetime.date(year, month + 1, min(day, calendar.monthrange(year, month + 1)[1])).isoformat()
    months = value(RULES[case["rule_set"]], "term_months") if case["rule_set"] else case["months"]
    return (ends, months), (case["ends_on"], case["months"])


def window(case):
    group = RULES[case["rule_set"]]["re_rating"]
    opens = plus(case["ends_on"], -value(group, "window_opens_days"))
    closes = plus(case["ends_on"], -value(group, "window_closes_days"))
    return opens <= case["received_on"] <= closes, case["inside"]


def extension(case):
    rule_set, ends = RULES[case["rule_set"]], case["ends_on"]
    begins = rule_set["effective_from"]
    closes = plus(ends, -value(rule_set["re_rating"], "window_closes_days"))
    last = plus(ends, value(rule_set["transition"], "extension_days"))
    return closes < begins <= ends < case["day"] <= last, case["extended"]


def working_days(case):
    off = {row["day"] for row in RULES[case["calendar"]]["days_off"]}
    day, left = case["received_on"], case["working_days"]
    while left:
        day = plus(day, 1)
        left -= datetime.date.fromisoformat(day).weekday() < 5 and day not in off
    days = value(RULES[case["rule_set"]]["commune"], "working_days")
    return (day, days), (case["last_day"], case["working_days"])


def area(case):
    areas = RULES[case["areas"]]
    side = "old" if case["day"] < areas["effective_from"] else "new"
    return sorted(p["old"] for p in areas["pairs"] if p[side] == case["code"]), case["stands_for"]


KINDS = {f.__name__: f for f in (rating, authority, level, in_force, transition, term, window, extension,
                                 working_days, area)}


def main():
    files = sorted(HERE.glob("*.json"))
    assert files, f"no vectors in {HERE}"
    for path in files:
        vectors = json.loads(path.read_text(encoding="utf-8"))
        assert vectors["schema"] == "ocop-vectors/1" and vectors["cases"], path.name
        for number, case in enumerate(vectors["cases"]):
            got, wanted = KINDS[vectors["kind"]](case)
            if got != wanted:
                sys.exit(f"{path.name}, case {number} {case.get('name', case)}: wanted {wanted}, got {got}")
        print(f"{path.name}: {len(vectors['cases'])} cases of {vectors['kind']} hold")


main()
