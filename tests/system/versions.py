#!/usr/bin/python3
"""Files of earlier releases open under this one; files of later ones are refused with a sentence.

tests/data/log-N.db and spool-N.db were made by a release whose schema has the version N: a short rehearsal, as
`ocop backup` copied it; of one number they are of one rehearsal. (log-1.db: its records with the rows beside them as
version 1 kept them, opened and verified by that release.) A change of a schema adds a file and leaves the old
ones alone.
"""
import contextlib
import re
import shutil
import sqlite3
import subprocess

import house as h

DATA = h.SOURCE / "tests/data"
NAME = "spool-province-06.db"


def lay(house, log, spool):
    for path in house.dir.glob("*.db*"):
        path.unlink()
    shutil.copy(log, house.dir / "log.db")
    if spool.exists():
        shutil.copy(spool, house.dir / NAME)


def opens_and_goes_on(house, log):
    """With the spool of the same rehearsal, where it has one: that must fit to it, and answer for it."""
    spool = log.with_name(log.name.replace("log", "spool"))
    lay(house, log, spool)
    with contextlib.closing(sqlite3.connect(house.dir / "log.db")) as db:
        records = db.execute("SELECT count(*) FROM log").fetchone()[0]
    assert f"{records} records, chain verified" in house.verify()
    house.start()
    house.settle()
    there = 0
    if spool.exists():
        there = 2
        assert "2 accepted" in house.ocop("results", publisher="province-06").stdout
        head = house.head()
        house.ocop("push", "--resume", publisher="province-06")
        assert house.settle() == head  # both remember the same past
    plan = house.dir / "plan.filed.csv"
    plan.write_text(house.ocop("push", "--template", "plan.filed").stdout + "22,Kế hoạch,,2021,2025,3,1000,\n")
    house.ocop("push", plan, publisher="province-06")
    assert f"{there + 1} accepted" in house.ocop("results", publisher="province-06").stdout
    house.settle()
    house.stop()
    house.verify()


def newest_is_there():
    """Whoever raises a version makes the file too."""
    for header, word, name in (("services/broker/log.h", "LOG_VERSION", "log"),
                               ("services/cli/spool.h", "SPOOL_VERSION", "spool")):
        version = re.search(rf"{word} = (\d+)", (h.SOURCE / header).read_text()).group(1)
        with contextlib.closing(sqlite3.connect(f"file:{DATA}/{name}-{version}.db?mode=ro", uri=True)) as db:
            assert db.execute("PRAGMA user_version").fetchone()[0] == int(version), name


def raise_version(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")


def newer_is_refused(house):
    lay(house, DATA / "log-1.db", DATA / "spool-1.db")
    for name in ("log.db", NAME):
        raise_version(house.dir / name)
    before = {name: (house.dir / name).read_bytes() for name in ("log.db", NAME)}
    done = subprocess.run([house.bin / "ocop-broker"] + house.options["broker"], capture_output=True, text=True,
                          env=house.env, timeout=60)
    assert done.returncode == 2 and "version 99" in done.stderr and "later release" in done.stderr, done
    done = house.ocop("push", "--resume", publisher="province-06", expect=(2,))
    assert "version 99" in done.stderr and "later release" in done.stderr, done.stderr
    # Nothing of them was changed, but that a write-ahead log is kept from now on.
    for name, bytes_ in before.items():
        assert (house.dir / name).read_bytes()[100:] == bytes_[100:], name


def main():
    tests = h.Tests()
    with h.House() as house:
        tests.run("newest versions have their files", newest_is_there)
        for log in sorted(DATA.glob("log-*.db")):
            tests.run(f"{log.name} opens and goes on", opens_and_goes_on, house, log)
        tests.run("a newer one is refused", newer_is_refused, house)
    tests.end()


if __name__ == "__main__":
    main()
