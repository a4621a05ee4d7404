#!/usr/bin/python3
"""A second log on a second host: the same rows and chain, through kills of both sides; served when the first is lost."""
import contextlib
import shutil
import signal
import sqlite3
import subprocess
import threading

import backup
import house as h
import running


class Mirror:
    def __init__(self, house):
        self.house, self.folder, self.process = house, house.dir / "second", None
        self.folder.mkdir()

    def start(self, source=None, *options):
        with open(self.folder / "mirror.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.house.bin / "ocop-broker", "--state", self.folder, "--mirror",
                 source or f"ipc://{self.house.dir}/broker.sock", "--set", f"metrics/endpoint=ipc://{self.folder}/m.sock", *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.house.env, preexec_fn=h.end_with_parent)

    def end(self, how):
        self.process.send_signal(how)
        self.process.wait(60)
        return self.process.returncode

    def rows(self, folder=None):
        with contextlib.closing(sqlite3.connect(f"file:{folder or self.folder}/log.db?mode=ro", uri=True)) as db:
            try:
                return db.execute("SELECT * FROM log ORDER BY seq").fetchall()
            except sqlite3.OperationalError:
                return []  # killed before it made its tables

    def caught_up(self):
        head = self.house.head()
        self.house.wait(lambda: len(self.rows()) == head, "the mirror at the head")

    def said(self):
        return (self.folder / "mirror.log").read_text()


def same_rows_through_kills(house, mirror):
    done, killed = threading.Event(), threading.Semaphore(0)

    def play():
        try:
            # However fast the machine is: a kill between any two steps, beside those within a step.
            h.act_one(house, between=lambda: killed.acquire(timeout=h.LIMIT_S))
        finally:
            done.set()
    playing = threading.Thread(target=play)
    mirror.start()
    playing.start()
    kills = 0
    while not done.wait(0.2):
        mirror.end(signal.SIGKILL)
        assert mirror.rows() == mirror.rows(house.dir)[:len(mirror.rows())]
        if kills % 4 == 3:
            house.stop("broker", how=signal.SIGKILL)
            house.start("broker")
        mirror.start()
        kills += 1
        killed.release()
    playing.join()
    house.settle()
    mirror.caught_up()
    assert kills >= 10, kills
    rows = mirror.rows()
    assert rows == mirror.rows(house.dir) and len(rows) > 1000
    done = subprocess.run([house.bin / "ocop-broker", "--state", mirror.folder, "--verify"], capture_output=True,
                          text=True, env=house.env)
    assert done.returncode == 0 and f"{len(rows)} records" in done.stdout, done


def tells_what_it_lacks(house, mirror):

    def told_all():
        found = running.parse(running.get(mirror.folder / "m.sock")[2])
        return found if found.get(("ocop_place", None)) == house.head() else None
    told = house.wait(told_all, "the mirror's numbers")
    assert told["ocop_lag", None] == 0 and told["ocop_process_info", 'service="mirror"'] == 1, told
    assert "behind=0" in mirror.said(), mirror.said()


def two_processes_never_share_a_file(house, mirror):
    done = subprocess.run([house.bin / "ocop-broker", "--state", mirror.folder], capture_output=True, text=True,
                          env=dict(house.env, OCOP_RUN=str(mirror.folder)))
    assert done.returncode == 4, (done.returncode, done.stderr)


def promoted_it_lacks_only_what_it_had_not_received(house, mirror):
    """The line breaks, the first goes on, and is lost for good. The second is served, and the spools fill it up."""
    assert mirror.end(signal.SIGTERM) == 0
    received = len(mirror.rows())
    house.ocop("clock", "2019-01-05", publisher="centre")
    house.ocop("push", backup.CASE / "report.filed.csv", publisher="province-06", expect=(0, 1))
    house.settle()
    lost = house.head() - received
    assert lost > 0
    house.stop(how=signal.SIGKILL)
    for ending in ("", "-wal", "-shm"):
        (house.dir / f"log.db{ending}").unlink(missing_ok=True)
    shutil.copy(mirror.folder / "log.db", house.dir / "log.db")
    house.start()
    assert house.settle() == received
    house.ocop("clock", "2019-01-05", publisher="centre")
    for publisher in backup.PUBLISHERS:
        house.ocop("push", "--resume", publisher=publisher, expect=(0, 1))
    house.settle()
    backup.every_row_once(house)
    backup.same_as_a_clean_replay(house)


def over_tcp_with_a_key(house, mirror):
    """A role of its own: it is given everything, and a key with less is told so."""
    port, keys = running.free_port(), house.dir / "own"
    endpoint = f"tcp://127.0.0.1:{port}"
    keys.mkdir()
    said = house.ocop("keys", "new", "broker", "broker", "--dir", keys).stdout
    assert "admits it" not in said and "keys/secret" in said and "--server-key" in said, said
    house.ocop("keys", "new", "mirror", "mirror-2")
    house.ocop("keys", "new", "monitor", "portal")
    house.stop()
    house.options["broker"] += ["--set", f"bus/endpoint=ipc://{house.dir}/broker.sock {endpoint}",
                                "--set", f"keys/secret={keys}/broker.key_secret"]
    house.start()
    house.settle()
    trust = ["--set", f"mirror/server_key={keys}/broker.key"]
    for path in mirror.folder.glob("log.db*"):
        path.unlink()
    mirror.start(endpoint, *trust, "--set", f"keys/secret={house.dir}/keys/portal.key_secret")
    assert mirror.process.wait(60) in (2, 6) and mirror.rows() == [], mirror.said()[-400:]
    mirror.start(endpoint)  # without any key
    assert mirror.process.wait(60) == 2, mirror.said()[-400:]
    mirror.start(endpoint, *trust, "--set", f"keys/secret={house.dir}/keys/mirror-2.key_secret")
    mirror.caught_up()
    assert mirror.rows() == mirror.rows(house.dir)
    assert mirror.end(signal.SIGTERM) == 0


def another_past_is_left_alone(house, mirror):
    """The first comes back with an older copy and goes on: the mirror keeps what it has, and says so."""
    house.ocop("backup", house.dir / "copy", publisher="operator")
    house.settle()
    mirror.start()
    mirror.caught_up()
    assert mirror.end(signal.SIGTERM) == 0
    before = mirror.rows()
    house.stop()
    house.ocop("restore", house.dir / "copy", "log.db", "--force")
    house.start("broker")
    house.wait(lambda: house.ask("broker", "status"), "the broker")
    mirror.start()
    assert mirror.process.wait(60) == 6, mirror.said()
    assert "DIVERGED" in mirror.said() and mirror.rows() == before, mirror.said()[-400:]


def main():
    tests = h.Tests()
    with h.House() as house:
        mirror = Mirror(house)
        house.start()
        house.settle()
        tests.run("the same rows through kills of both sides", same_rows_through_kills, house, mirror)
        tests.run("tells what it lacks", tells_what_it_lacks, house, mirror)
        tests.run("two processes never share a file", two_processes_never_share_a_file, house, mirror)
        tests.run("promoted, it lacks only what it had not received", promoted_it_lacks_only_what_it_had_not_received,
                  house, mirror)
        tests.run("over TCP, with a key", over_tcp_with_a_key, house, mirror)
        tests.run("another past is left alone", another_past_is_left_alone, house, mirror)
        if mirror.process.poll() is None:
            mirror.end(signal.SIGKILL)
    tests.end()


if __name__ == "__main__":
    main()
