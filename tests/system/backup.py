#!/usr/bin/python3
"""A backup is taken while everything runs; an older log is restored under newer spools and services, and nothing
that a spool holds is lost or doubled."""
import contextlib
import hashlib
import json
import pathlib
import resource
import shutil
import sqlite3
import subprocess
import threading

import house as h
import msgpack  # behind house, which finds the right interpreter

PUBLISHERS = ["centre", "province-06", "council-06", "authority-06"]
CASE = h.CASE / "bac-kan-2018"
RULES = h.SOURCE / "services/scoring/rules/provisional-2018.json"


def records(path):
    """(seq, publisher, type, id) of every record of a log."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT seq, publisher, envelope FROM log ORDER BY seq").fetchall()
    return [(seq, publisher, msgpack.unpackb(e)["type"], msgpack.unpackb(e)["id"]) for seq, publisher, e in rows]


def spooled(house):
    """(publisher, event) of every row of every spool."""
    rows = []
    for spool in house.dir.glob("spool-*.db"):
        with contextlib.closing(sqlite3.connect(f"file:{spool}?mode=ro", uri=True)) as db:
            publisher = db.execute("SELECT publisher FROM meta").fetchone()[0]
            rows += [(publisher, event) for event, in db.execute("SELECT event FROM entry WHERE state <> 'refused'")]
    return rows


def every_row_once(house):
    log = [(publisher, event) for _, publisher, _, event in records(house.dir / "log.db")]
    for row in spooled(house):
        assert log.count(row) == 1, f"{row} stands {log.count(row)} times in the log"
    outcomes = [event for _, publisher, _, event in records(house.dir / "log.db") if publisher in h.SERVICES]
    assert len(outcomes) == len(set(outcomes)), "an outcome stands twice in the log"


def same_as_a_clean_replay(house):
    """Throw the stores away, read the log again: the very same stores."""
    house.settle()
    house.stop()
    want = house.dumps(places=True)
    for name in h.SERVICES:
        for ending in ("", "-wal", "-shm"):
            (house.dir / f"{name}.db{ending}").unlink(missing_ok=True)
    house.start()
    house.settle()
    house.stop()
    got = house.dumps(places=True)
    for name in h.SERVICES:
        assert got[name] == want[name], f"{name} is another one after a clean replay"
    house.start()
    house.settle()


def push(house, publisher, name, folder=CASE):
    house.ocop("push", folder / name, publisher=publisher, expect=(0, 1))


def beginning(house):
    house.ocop("rules", "propose", RULES, publisher="centre")
    push(house, "centre", "plan.filed.csv")
    house.ocop("clock", "2018-11-12", publisher="centre")
    push(house, "province-06", "dossier.filed.csv")


def rest(house):
    house.ocop("clock", "2018-12-10", publisher="centre")
    push(house, "council-06", "council.formed.csv")
    push(house, "council-06", "sheet.submitted.csv")
    push(house, "council-06", "round.closed.csv")
    house.ocop("clock", "2018-12-16", publisher="centre")
    push(house, "authority-06", "decision.signed.csv")


def taken_while_it_runs(house, copy):
    (house.dir / "keys").mkdir()
    (house.dir / "keys/broker.key_secret").write_text("secret")
    (house.dir / "contacts.csv").write_text("key,name,address,note\n")
    beginning(house)
    house.settle()
    working = threading.Thread(target=push, args=(house, "council-06", "council.formed.csv"))
    working.start()
    said = house.ocop("backup", copy, publisher="operator")
    working.join()
    assert "chain verified" in said.stderr and "head" in said.stdout, said
    manifest = json.loads((copy / "manifest.json").read_text())
    names = {f["name"] for f in manifest["files"]}
    assert {"log.db", "spool-centre.db", "spool-province-06.db", "keys/broker.key_secret", "contacts.csv"} <= names, names
    assert not any(n.startswith(tuple(h.SERVICES)) for n in names), names
    for f in manifest["files"]:
        data = (copy / f["name"]).read_bytes()
        assert hashlib.blake2b(data, digest_size=32).hexdigest() == f["blake2b"] and len(data) == f["size"], f
        assert (copy / f["name"]).stat().st_mode & 0o077 == 0, f
    kinds = [kind for _, publisher, kind, _ in records(house.dir / "log.db") if publisher == "operator"]
    assert kinds == ["operator.backup.made"], kinds
    assert "1 accepted" in house.ocop("results", publisher="operator").stdout  # nobody answers it, and nobody waits
    again = house.ocop("backup", copy, publisher="operator", expect=(2,))
    assert "not empty" in again.stderr, again.stderr


def nothing_is_left_of_half_a_copy(house):
    """Files may not grow beyond 16 KiB, as on a full disk: both ends are named, and the next try finds no half backup."""
    there = house.dir / "there"
    there.mkdir()
    (there / "keys").mkdir()
    (there / "keys/mine").write_text("mine")
    for copy in [house.dir / "deep/half", there]:
        done = subprocess.run([house.bin / "ocop", "--as", "operator", "backup", copy], env=house.env, capture_output=True, text=True,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384)))
        assert done.returncode == 4 and f"{house.dir}/log.db cannot be copied to {copy}/log.db" in done.stderr, done
    assert not (house.dir / "deep").exists()
    assert [p.name for p in there.iterdir()] == ["keys"] and (there / "keys/mine").read_text() == "mine"
    shutil.rmtree(there)


def damaged_or_mixed_is_refused(house, copy):
    def refused(change, word):
        other = house.dir / "other"
        shutil.copytree(copy, other)
        try:
            change(other)
            done = house.ocop("restore", other, expect=(1,), env={"OCOP_STATE": str(house.dir / "empty")})
            assert word in done.stderr and "Nothing was touched" in done.stderr, done.stderr
            assert not (house.dir / "empty").exists()
        finally:
            shutil.rmtree(other)

    def flip(name, at):
        def change(folder):
            data = bytearray((folder / name).read_bytes())
            data[at] ^= 1
            (folder / name).write_bytes(data)
        return change

    def head(folder):
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["head"] -= 1
        (folder / "manifest.json").write_text(json.dumps(manifest))

    def older_log(folder):
        """A whole log, with a manifest that is right for its bytes, but another one's end."""
        with contextlib.closing(sqlite3.connect(folder / "log.db", isolation_level=None)) as db:
            db.execute("DELETE FROM log WHERE seq = (SELECT max(seq) FROM log)")
        data = (folder / "log.db").read_bytes()
        manifest = json.loads((folder / "manifest.json").read_text())
        for f in manifest["files"]:
            if f["name"] == "log.db":
                f["size"], f["blake2b"] = len(data), hashlib.blake2b(data, digest_size=32).hexdigest()
        (folder / "manifest.json").write_text(json.dumps(manifest))

    refused(flip("log.db", 20000), "log.db is not the file")
    refused(flip("spool-centre.db", 5000), "spool-centre.db is not the file")
    refused(flip("manifest.json", 0), "cannot be read")
    refused(head, "does not end where")
    refused(older_log, "log.db")
    refused(lambda f: (f / "spool-centre.db").unlink(), "spool-centre.db")
    refused(lambda f: shutil.copy(f / "spool-centre.db", f / "spool-other.db"), "spool-other.db is not in its manifest")
    refused(lambda f: (f / "keys/broker.key").write_text("x"), "keys/broker.key is not in its manifest")
    refused(lambda f: (f / "manifest.json").unlink(), "manifest.json")


def nothing_is_overwritten(house, copy):
    before = house.head()
    done = house.ocop("restore", copy, "log.db", expect=(2,))
    assert "in use" in done.stderr, done.stderr
    house.stop()
    done = house.ocop("restore", copy, expect=(2,))
    assert "there already" in done.stderr and "--force" in done.stderr, done.stderr
    house.start()
    assert house.settle() >= before


def older_log_under_newer_spools(house, copy):
    rest(house)
    house.settle()
    issued = h.summary(house, "2018-12-31")
    assert issued["total"] == 37, issued
    house.ocop("clock", "2018-12-17", publisher="centre")  # a day after everything: rated, decided, lost
    house.settle()
    house.stop()
    newer = spooled(house)
    done = house.ocop("restore", copy, "log.db", "--force")
    assert "council-06 push --resume" in done.stdout and "before-restore-" in done.stdout, done.stdout
    aside = next(house.dir.glob("before-restore-*"))
    assert (aside / "log.db").exists()
    house.start()
    house.settle()
    assert h.summary(house, "2018-12-31")["total"] == 0
    # Everybody sends again what the log lacks; whose rows rest on another's waits for those. All of it comes later
    # than it was said the first time: the papers count, not the day on which they came.
    house.ocop("clock", "2018-12-17", publisher="centre")
    for publisher in ("operator", "centre", "province-06", "council-06", "authority-06"):
        house.ocop("push", "--resume", publisher=publisher, expect=(0, 1))
    house.settle()
    assert set(newer) <= set(spooled(house))
    every_row_once(house)
    assert h.summary(house, "2018-12-31") == issued
    for publisher in PUBLISHERS:  # they are all content, and say nothing again
        head = house.head()
        house.ocop("push", "--resume", publisher=publisher, expect=(0, 1))
        assert house.settle() == head
    house.verify()
    same_as_a_clean_replay(house)


def older_log_that_has_gone_on(house, copy):
    """The old copy was served and written to before the newer spools came back: their numbers are taken."""
    house.stop()
    spools = house.dir / "spools"
    spools.mkdir()
    for spool in house.dir.glob("spool-*.db*"):
        shutil.move(spool, spools / spool.name)
    house.ocop("restore", copy, "--force")
    house.start()
    house.settle()
    push(house, "council-06", "council.formed.csv")  # from the spool as it was in the copy
    house.settle()
    for spool in house.dir.glob("spool-*.db*"):
        spool.unlink()
    for spool in spools.iterdir():
        shutil.move(spool, house.dir / spool.name)
    for publisher, day in (("operator", None), ("centre", None), ("province-06", None), ("council-06", "2018-12-10"),
                           ("authority-06", "2018-12-16")):
        if day:
            house.ocop("clock", day, publisher="centre")
        house.ocop("push", "--resume", publisher=publisher, expect=(0, 1))
    house.settle()
    every_row_once(house)
    assert h.summary(house, "2018-12-31")["total"] == 37
    house.verify()
    same_as_a_clean_replay(house)


def settings_of(house):
    """Settings with the broker's own pair in a folder below them, a policy elsewhere, and what is no file of theirs."""
    etc, elsewhere = house.dir / "etc", house.dir / "elsewhere"
    (etc / "own").mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "policy.zpl").write_text("role\n")
    for name, text, mode in (("own/broker.key", "public", 0o644), ("own/broker.key_secret", "own secret", 0o600),
                             ("broker.zpl", f'keys\n    secret = "{etc}/own/broker.key_secret"\n'
                                            f'    policy = "{elsewhere}/policy.zpl"\n', 0o644), (".swp", "x", 0o600)):
        (etc / name).write_text(text)
        (etc / name).chmod(mode)
    return etc


def without_a_broker(house, copy):
    house.stop()
    etc, new = settings_of(house), house.dir / "new-etc"
    with contextlib.closing(sqlite3.connect(house.dir / "spool-newcomer.db")) as db:
        db.execute("PRAGMA journal_mode = wal")  # a push that is just making its spool
    done = house.ocop("--wait", "1", "backup", "--config", etc, copy, publisher="operator", expect=(3,))
    assert (copy / "manifest.json").exists() and "push --resume" in done.stderr, done.stderr
    left = [line for line in done.stderr.splitlines() if "left out: " in line]
    assert len(left) == 2 and any("/.swp is hidden" in line for line in left), left
    assert any("elsewhere/policy.zpl" in line and "keys/policy" in line for line in left), left
    house.ocop("restore", "--config", new, copy, env={"OCOP_STATE": str(house.dir / "new")})
    assert (new / "own/broker.key_secret").read_text() == "own secret"
    for name in ("own/broker.key", "own/broker.key_secret", "broker.zpl"):
        assert (new / name).stat().st_mode == (etc / name).stat().st_mode, name
    done = subprocess.run([house.bin / "ocop-broker", "--verify"], capture_output=True, text=True,
                          env=dict(house.env, OCOP_STATE=str(house.dir / "new")))
    assert done.returncode == 0, done.stderr
    assert (house.dir / "new/keys/broker.key_secret").read_text() == "secret"


def main():
    tests = h.Tests()
    with h.House() as house:
        copy = pathlib.Path(house.dir / "copy")
        house.start()
        house.settle()
        tests.run("taken while it runs", taken_while_it_runs, house, copy)
        tests.run("nothing is left of half a copy", nothing_is_left_of_half_a_copy, house)
        tests.run("damaged or mixed is refused", damaged_or_mixed_is_refused, house, copy)
        tests.run("nothing is overwritten", nothing_is_overwritten, house, copy)
        tests.run("older log under newer spools", older_log_under_newer_spools, house, copy)
        tests.run("older log that has gone on", older_log_that_has_gone_on, house, copy)
        tests.run("without a broker, and into a new place", without_a_broker, house, house.dir / "copy2")
    tests.end()


if __name__ == "__main__":
    main()
