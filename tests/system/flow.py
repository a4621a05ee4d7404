#!/usr/bin/python3
"""The case, end to end: the published stars come out of scoring; the odd ones get the verdicts their data expects."""
import csv
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile

import house as h
import msgpack  # behind house, which finds the right interpreter

KINDS = {"accepted": "accepted", "adopted": "accepted", "admitted": "accepted", "counted": "accepted", "settled": "accepted",
         "registered": "accepted", "refused": "refused", "returned": "returned"}


def expectations(path):
    """(line, verdict, code) of each row that expects one."""
    with open(path, encoding="utf-8", newline="") as f:
        for line, row in enumerate(csv.DictReader(f), 2):
            if row["#verdict"]:
                yield line, row["#verdict"], row["#code"]


def verdict_types(house, spool, file):
    """line -> [(verdict, code)] of its verdict outcomes, in order."""
    got = {}
    with sqlite3.connect(f"file:{house.dir}/spool-{spool}.db?mode=ro", uri=True) as db:
        for line, kind, code in db.execute(
                "SELECT e.line, o.type, o.data ->> 'code' FROM entry e JOIN outcome o ON o.event = e.event "
                "WHERE e.file LIKE '%' || ? ORDER BY e.line, o.ordinal", (file,)):
            verb = kind.rsplit(".", 1)[1]
            if verb in KINDS and kind not in ("intake.product.registered", "intake.owner.registered"):
                got.setdefault(line, []).append((KINDS[verb], code or ""))
    return got


def data_says_what_came(house, spool, file):
    got = verdict_types(house, spool, file.name)
    wanted = list(expectations(file))
    assert wanted
    if file.name == "decision.signed.csv":  # one event, a verdict a line
        assert [(v, c) for _, v, c in wanted] == got[2], (wanted, got)
        return
    for line, verdict, code in wanted:
        assert got.get(line) == [(verdict, code)], f"line {line}: expected {verdict} {code}, got {got.get(line)}"
    assert len(got) == len(wanted)


def thirty_seven(house):
    s = h.summary(house, "2018-12-31")
    assert (s["total"], s["four"], s["three"], s["five"]) == (37, 5, 32, 0), s
    with open(h.CASE / "bac-kan-2018.csv", encoding="utf-8", newline="") as f:
        published = {(r["product_name"], r["producer"]): int(r["stars"]) for r in csv.DictReader(f)}
    certified = {(c["name"], c["owner"]): c["star"] for c in s["certificates"]}
    for product, star in published.items():
        assert certified[product] == star, product
    assert len({c["certificate"] for c in s["certificates"]}) == 37
    assert all(c["issued_on"] == "2018-12-16" and c["ends_on"] == "2021-12-16" for c in s["certificates"])
    assert h.summary(house, "2018-12-15")["total"] == 0
    plans = house.ask("intake", "plans")
    assert (plans["plans"], plans["products"], plans["budget_vnd"]) == (22, 1760, 4146 * 10**9), plans


def four_gaps_are_named(house):
    with sqlite3.connect(f"file:{house.dir}/spool-province-06.db?mode=ro", uri=True) as db:
        (sentence,) = db.execute("SELECT data ->> 'sentence' FROM outcome WHERE data ->> 'code' = 'GAPS'").fetchone()
    for gap in ("owner", "commune_code", "business_plan", "samples"):
        assert gap in sentence, sentence


def accounts_balance(house):
    """From the log alone: received = accepted + refused + dead-lettered, for each service."""
    with sqlite3.connect(f"file:{house.dir}/log.db?mode=ro", uri=True) as db:
        records = [{"publisher": p, "envelope": msgpack.unpackb(e)} for p, e in
                   db.execute("SELECT publisher, envelope FROM log ORDER BY seq")]
    for service in ("intake", "scoring", "certification", "notification"):
        status = house.ask(service, "status")
        causes = {}
        for r in records:
            if r["publisher"] != service or not r["envelope"].get("causeseq"):
                continue
            verb = r["envelope"]["type"].rsplit(".", 1)[1]
            kind = "dead" if verb == "deadlettered" else KINDS.get(verb)
            if kind and r["envelope"]["type"] != "intake.product.registered":
                causes.setdefault(r["envelope"]["causeseq"], set()).add("refused" if kind == "returned" else kind)
        dead = sum("dead" in k for k in causes.values())
        refused = sum("dead" not in k and "refused" in k for k in causes.values())
        accepted = len(causes) - dead - refused
        assert (status["accepted"], status["refused"], status["dead"]) == (accepted, refused, dead), (service, status)


def act_one_plays(tests):
    case = h.CASE / "bac-kan-2018"
    with h.House() as house:
        house.start()
        h.act_one(house)
        house.settle()
        tests.run("37 certificates, 5 of four stars, 32 of three", thirty_seven, house)
        for spool, file in (("centre", "plan.filed.csv"), ("province-06", "dossier.filed.csv"),
                            ("council-06", "council.formed.csv"), ("council-06", "sheet.submitted.csv"),
                            ("council-06", "round.closed.csv"), ("authority-06", "decision.signed.csv")):
            tests.run(f"every row of {file} has the verdict its data expects", data_says_what_came, house, spool,
                      case / file)
        tests.run("all four gaps are named", four_gaps_are_named, house)
        tests.run("received = accepted + refused + dead-lettered, from the log alone", accounts_balance, house)
        tests.run("pushing a file again changes nothing", pushed_again, house, case / "dossier.filed.csv")
        tests.run("every message owed was written once", letters, house)


def pushed_again(house, file):
    head = house.head()
    house.ocop("push", file, publisher="province-06", expect=(1,))
    assert house.head() == head


def letters(house):
    house.wait(lambda: house.ask("notification", "summary")["queued"] == 0, "the courier")
    house.settle()
    s = house.ask("notification", "summary")
    files = list((house.dir / "outbox").glob("*.txt"))
    assert s["failed"] == 0 and len(files) == s["delivered"] > 100, (s, len(files))


def scored(edit):
    """Play act one on a changed copy of its data; the rating of BK18-05 and its star in the register."""
    with tempfile.TemporaryDirectory(prefix="ocop-case-") as folder, h.House() as house:
        case = pathlib.Path(folder) / "case"
        shutil.copytree(h.CASE / "bac-kan-2018", case)
        path = case / "sheet.submitted.csv"
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(edit(lines)), encoding="utf-8")
        house.start()
        h.act_one(house, case=case)
        house.settle()
        fact = house.ask("scoring", "fact", type="scoring.product.rated", key="BK18-05")
        rated = house.ask("scoring", "product", product=fact["product"])["ratings"][-1]
        return rated, h.summary(house, "2018-12-31")


def one_hundredth_changes_the_star():
    def lower(lines):
        at = next(i for i, line in enumerate(lines) if "@BK18-05,7050" in line)
        lines[at] = lines[at].replace("7050", "7049")
        return lines
    rated, s = scored(lower)
    assert (rated["sum_hundredths"], rated["members"], rated["star"]) == (34999, 5, 3), rated
    # The decision still says four: that line falls, the rest stands.
    assert (s["total"], s["four"], s["three"]) == (36, 4, 32), s


def a_deleted_sheet_changes_the_mean():
    rated, s = scored(lambda lines: [line for line in lines if "@BK18-05,7050" not in line])
    assert (rated["sum_hundredths"], rated["members"], rated["star"]) == (27950, 4, 3), rated
    assert s["total"] == 36, s


def coffees(edit=None):
    with tempfile.TemporaryDirectory(prefix="ocop-case-") as folder, h.House(first_day="2026-06-01") as house:
        case = pathlib.Path(folder) / "case"
        shutil.copytree(h.CASE / "coffee-2026", case)
        if edit:
            path = case / "sheet.submitted.csv"
            path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")
        house.start()
        h.act_two(house, case)
        house.settle()
        out = []
        for key in ("CF26-1", "CF26-2"):
            fact = house.ask("scoring", "fact", type="scoring.product.rated", key=key)
            out.append(house.ask("scoring", "product", product=fact["product"])["ratings"][-1])
        return out, h.summary(house, "2026-06-30")


def same_mean_one_mark_apart():
    (a, b), s = coffees()
    assert a["sum_hundredths"] == b["sum_hundredths"] and a["members"] == b["members"] == 9
    assert (a["star"], a["star_by_points"], b["star"], b["star_by_points"]) == (4, 4, 3, 4), (a, b)
    assert not a["missed"]
    assert [(m["star"], m["criterion"]) for m in b["missed"]] == [(4, "B.5.1")], b["missed"]
    assert (s["total"], s["four"], s["three"]) == (2, 1, 1), s


def one_option_changes_the_star():
    """Member tv1 of the first coffee takes one option less in a criterion marked for four stars."""
    def edit(text):
        lines = text.splitlines(keepends=True)
        start = next(i for i, line in enumerate(lines) if "tv1,@CF26-1" in line)
        at = next(i for i in range(start, len(lines)) if ",B.5.1,5," in lines[i])
        lines[at] = lines[at].replace(",B.5.1,5,", ",B.5.1,4,")
        return "".join(lines)
    (a, _), s = coffees(edit)
    assert (a["star"], a["star_by_points"]) == (3, 4), a
    assert [(m["star"], m["criterion"]) for m in a["missed"]] == [(4, "B.5.1")]
    assert (s["total"], s["three"]) == (1, 1), s  # the decision's line of four stars falls


def the_case_is_what_its_maker_writes():
    with tempfile.TemporaryDirectory(prefix="ocop-case-") as folder:
        subprocess.run([sys.executable, h.CASE / "make.py", folder], check=True)
        for made in sorted(pathlib.Path(folder).rglob("*.csv")):
            kept = h.CASE / made.relative_to(folder)
            assert made.read_bytes() == kept.read_bytes(), kept


def main():
    tests = h.Tests()
    tests.run("the case in the tree is what make.py writes", the_case_is_what_its_maker_writes)
    try:
        act_one_plays(tests)
    except AssertionError as wrong:
        tests.run("act one", lambda: (_ for _ in ()).throw(wrong))
    tests.run("a hundredth less on one sheet is a star less", one_hundredth_changes_the_star)
    tests.run("a deleted sheet changes the mean", a_deleted_sheet_changes_the_mean)
    tests.run("two coffees of one mean, a mark apart", same_mean_one_mark_apart)
    tests.run("one option less is a star less", one_option_changes_the_star)
    tests.end()


if __name__ == "__main__":
    main()
