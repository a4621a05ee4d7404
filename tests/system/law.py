#!/usr/bin/python3
"""Law is data: every rule set and every rubric in one history, computed again; rules that come later; lists from before."""
import json
import pathlib
import shutil
import sqlite3
import subprocess

import forge
import house as h
import laws
import msgpack  # behind house, which finds the right interpreter


# --- the history ---

def every_rubric_was_used(house, play):
    used = {(d["rule_set"], d.get("rubric")) for t, d in laws.outcomes(house) if t == "scoring.product.rated"}
    for rule_set in ("provisional-2018", "QD1048", "QD148", "QD26_2026"):
        wanted = {(rule_set, rubric) for rubric in play.rubrics(rule_set)}
        assert wanted <= used, wanted - used
    assert len([r for _, r in used if r]) == 51, len(used)


def stars_of_every_kind(house):
    stars = [d["star"] for t, d in laws.outcomes(house) if t == "certification.certificate.issued"]
    assert set(stars) == {3, 4, 5}, sorted(set(stars))
    by = {(d["star"], d["authority"]) for t, d in laws.outcomes(house) if t == "certification.certificate.issued"}
    assert (3, "district") in by and (3, "province") in by and (5, "ministry") in by, by


def computed_again(house):
    done = house.ocop("recompute", "--all")
    rated = sum(t == "scoring.product.rated" for t, _ in laws.outcomes(house))
    assert rated > 100 and f"{rated} ratings recomputed, 0 differences" in done.stdout, done.stdout


def one_product_explained(house):
    product = next(d["product"] for t, d in laws.outcomes(house) if t == "scoring.product.rated" and d["rule_set"] == "QD26_2026")
    done = house.ocop("recompute", product)
    assert "A.1.1" in done.stdout and "0 differences" in done.stdout, done.stdout


# --- a log that was tampered with ---

def alter_one_sheet(path):
    """Choose another option in one sheet of the middle; returns the product's code."""
    with sqlite3.connect(path) as db:
        rows = db.execute("SELECT seq, envelope FROM log WHERE topic LIKE 'scoring.sheet.submitted.%' ORDER BY seq").fetchall()
        for seq, packed in rows[len(rows) // 2:]:
            event = msgpack.unpackb(packed)
            options = event["data"].get("options")
            if not options or options[0]["option"] not in (1, 2):
                continue
            options[0]["option"] = 3 - options[0]["option"]
            db.execute("UPDATE log SET envelope = ? WHERE seq = ?", (msgpack.packb(event), seq))
            for (outcome,) in db.execute("SELECT envelope FROM log WHERE topic LIKE 'scoring.sheet.counted.%'"):
                counted = msgpack.unpackb(outcome)
                if counted["causeseq"] == seq:
                    return counted["data"]["product"]
    raise AssertionError("no sheet to alter")


def tampering_is_named(house):
    folder = h.new_folder()
    with h.House(first_day=house.first_day, folder=folder) as copy:
        with sqlite3.connect(f"file:{house.dir}/log.db?mode=ro", uri=True) as a, sqlite3.connect(copy.dir / "log.db") as b:
            a.backup(b)
        product = alter_one_sheet(copy.dir / "log.db")
        forge.mend_chain(copy.dir / "log.db")
        copy.verify()  # the chain alone does not tell
        copy.start("broker")
        done = copy.ocop("recompute", "--all", expect=(1,))
        named = {word for line in done.stdout.splitlines() for word in line.replace(":", " ").split()
                 if word.startswith(laws.PROVINCE + "-")}
        assert named == {product}, (product, done.stdout)


# --- rules that come later ---

def rubric_27(house):
    """A rubric of an operator's own, adopted and used while everything runs."""
    rubric = json.loads((laws.RULES / "qd-26-2026-13-ca-phe-ca-cao.json").read_text(encoding="utf-8"))
    rubric["id"] = "qd-26-2026-27-thu-nghiem"
    path = house.dir / "rubric-27.json"
    path.write_text(json.dumps(rubric, ensure_ascii=False), encoding="utf-8")
    house.ocop("rules", "propose", path, publisher="centre")
    play = laws.Play(house, seed=27)
    play.rules[rubric["id"]] = rubric
    play.files = 500
    row = play.dossier("QD26_2026", 3, 900, rubric["id"], "2026-06-29")
    row["round"] = "2026-2"
    play.push(f"province-{laws.PROVINCE}", "intake.dossier.filed", [row])
    play.push("council-27", "scoring.council.formed", [{
        "council": "C27", "level": "province", "province": laws.PROVINCE, "round": "2026-2", "rule_set": "QD26_2026",
        "members": [{"member": m, "seat": "chair" if m == "m1" else "member"} for m in laws.MEMBERS]}])
    play.push("council-27", "scoring.sheet.submitted",
              [{"council": "C27", "member": m, "dossier": "@" + row["reference"], **p} for m, p in
               zip(laws.MEMBERS, play.sheets("QD26_2026", "C27", row["reference"], rubric["id"], 1.0))])
    play.push("council-27", "scoring.round.closed", [{"council": "C27", "closed_on": "2026-06-29"}])
    house.settle()
    rated = [d for t, d in laws.outcomes(house) if t == "scoring.product.rated" and d.get("rubric") == rubric["id"]]
    assert len(rated) == 1 and rated[0]["star_by_points"] == 5, rated


def broken_rules(house):
    """Each is refused with the path in the file; scoring stays up with what it had."""
    good = json.loads((laws.RULES / "qd-26-2026-13-ca-phe-ca-cao.json").read_text(encoding="utf-8"))

    def option_gives_less(r):
        criterion = r["parts"][2]["sections"][0]["criteria"][0]
        max(criterion["options"], key=lambda o: o["points"])["points"] -= 1
        criterion["max"] -= 1
        r["parts"][2]["sections"][0]["max"] -= 1
        r["parts"][2]["max"] -= 1

    def doubled_code(r):
        r["parts"][0]["sections"][0]["criteria"][1]["code"] = r["parts"][0]["sections"][0]["criteria"][0]["code"]

    def band_gap(r):
        r["star_bands"][1]["min"] = 71

    def unknown_star(r):
        r["parts"][0]["sections"][0]["criteria"][0]["options"][0]["min_star"] = 6

    for change, path_in_file in ((option_gives_less, "parts"), (doubled_code, "parts[0].sections[0].criteria[1]"),
                                 (band_gap, "star_bands"), (unknown_star, "parts[0].sections[0].criteria[0].options[0].min_star")):
        rubric = json.loads(json.dumps(good))
        rubric["id"] = f"qd-26-2026-98-{change.__name__.replace('_', '-')}"
        change(rubric)
        file = house.dir / f"{change.__name__}.json"
        file.write_text(json.dumps(rubric, ensure_ascii=False), encoding="utf-8")
        done = house.ocop("rules", "propose", file, publisher="centre", expect=(1, 2))
        said = done.stdout + done.stderr
        assert file.name in said and path_in_file in said, said
    names = {r["name"] for r in house.ask("scoring", "rules")["rules"]}
    assert good["id"] in names and not any("98" in n for n in names)


# --- certificates from before this system ---

def lists_are_recorded(house):
    lists = sorted((h.SOURCE / "tests/data/lists").glob("*.csv"))
    house.ocop("push", *lists, publisher="archive")
    house.settle()
    recorded = {d["certificate"]: d for t, d in laws.outcomes(house) if t == "certification.certificate.recorded"}
    assert len(recorded) == 60 and all(c.startswith("GHI-") for c in recorded), len(recorded)
    terms = {(d["issued_on"], d["ends_on"], d["rule_set"]) for d in recorded.values()}
    assert terms == {("2018-12-16", "2021-12-16", "provisional-2018"), ("2020-01-15", "2023-01-15", "QD1048"),
                     ("2022-10-10", "2025-10-10", "QD1048"), ("2023-01-27", "2026-01-27", "QD1048")}, terms
    head = house.head()
    house.ocop("push", *lists, publisher="archive")
    assert house.head() == head


def status(house, code, day=None, as_of=None):
    options = (["--on", day] if day else []) + (["--as-of", as_of] if as_of else [])
    said = house.ocop("show", "certificate", code, *options).stdout
    return next(line for line in said.splitlines() if line.strip().startswith("status"))


def a_day_in_each_state(house):
    recorded = next(d for t, d in laws.outcomes(house) if t == "certification.certificate.recorded" and d["province"] == "45")
    code = recorded["certificate"]
    for day, word in (("2020-01-14", "unknown"), ("2020-01-15", "valid"), ("2023-01-15", "valid"), ("2023-01-16", "expired")):
        assert f" {word}" in status(house, code, day), (day, status(house, code, day))
    issued = [(i, d) for i, t, d in laws.envelopes(house) if t == "certification.certificate.issued" and d["star"] == 3 and
              d["authority"] == "province" and d["issued_on"] == "2026-06-29"]
    certificate = issued[0][1]["certificate"]
    before = house.head()
    play = laws.Play(house)
    play.files = 700
    play.push("authority-province", "certification.revocation.decided", [{
        "number": "GIA-LAP-THU-HOI/QĐ", "signed_on": "2026-06-29", "authority": "province", "province": laws.PROVINCE,
        "certificate": certificate, "ground": "law_broken", "remark": "synthetic"}])
    house.settle()
    assert "withdrawn" in status(house, certificate, "2026-06-29")
    assert "withdrawn" not in status(house, certificate, "2026-06-29", before)
    assert "valid" in status(house, certificate, "2026-06-29", before)


def stores_are_folds(house):
    before = house.dumps()
    for name in h.SERVICES:
        house.stop(name)
        for ending in ("", "-wal", "-shm"):
            pathlib.Path(f"{house.dir}/{name}.db{ending}").unlink(missing_ok=True)
        house.start(name)
    head = house.settle()
    for name, dump in house.dumps().items():
        assert dump == before[name], name
    assert house.head() == head


def one_history(tests):
    with h.House() as house:
        house.start()
        play = laws.Play(house)
        play.play()
        tests.run("every rule set and all 51 rubrics gave ratings", every_rubric_was_used, house, play)
        tests.run("three, four and five stars, each by its authority of the time", stars_of_every_kind, house)
        tests.run("recompute --all: no difference", computed_again, house)
        tests.run("recompute explains one product", one_product_explained, house)
        tests.run("a sheet altered under a mended chain: exactly its product is named", tampering_is_named, house)
        tests.run("a 27th rubric is adopted and used without a restart", rubric_27, house)
        tests.run("broken rules are refused with their path, scoring stays", broken_rules, house)
        tests.run("lists from before are recorded, with the terms of their days", lists_are_recorded, house)
        tests.run("a certificate has its state on any day, as known at any place", a_day_in_each_state, house)
        tests.run("every store is a fold of the log", stores_are_folds, house)


if __name__ == "__main__":
    all_tests = h.Tests()
    one_history(all_tests)
    all_tests.end()
