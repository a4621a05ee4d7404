#!/usr/bin/python3
"""What the machine does to a broker: too few descriptors, a file that may not grow, a log that is taken away."""
import contextlib
import resource
import shutil
import sqlite3
import subprocess

import house as h
import msgpack
import zmq


def publish(house, size=100):
    """HELLO, then the next event of so many bytes: what is answered; None when the broker ended."""
    s = house.context.socket(zmq.DEALER)
    s.linger = 0
    s.connect(f"ipc://{house.dir}/broker.sock")

    def say(*frame):
        s.send(msgpack.packb(list(frame)))
        return msgpack.unpackb(s.recv()) if s.poll(10000) else None

    welcome = say("HELLO", 1, "province-06", 5)
    number = welcome[1] + 1 if welcome else 1
    answer = say("PUBLISH", number, [["intake.dossier.filed.06", msgpack.packb({"data": "x" * size})]])
    s.close()
    return answer


def run(house, program, limit, *options):
    """Started with so many descriptors, soft and hard: its code and its words."""
    def allow():
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    p = subprocess.Popen([house.bin / program, "--set=log/level=info", *options], env=house.env, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=allow)
    return p


def descriptors(house):
    """Too few: refused with the numbers. Enough behind the hard limit: taken."""
    for program, options, words in [("ocop-broker", [], "peers/sessions as they are, 1024 files"),
                                    ("ocop-intake", [], "connections as they are, 576 files")]:
        p = run(house, program, (200, 200), *options)
        text = p.communicate(timeout=60)[0]
        assert p.returncode == 2 and words in text and "process 200" in text, (p.returncode, text)
    p = run(house, "ocop-broker", (200, 1024))  # what many a shell allows
    try:
        house.wait(lambda: house.ask("broker", "status"), "the broker")
        assert resource.prlimit(p.pid, resource.RLIMIT_NOFILE) == (1024, 1024)
    finally:
        p.terminate()
        assert p.wait(60) == 0, p.stdout.read()


def file_may_not_grow(house):
    """A limit on the size of files (SIGXFSZ): what does not fit is refused, and the broker goes on; so when it is lifted."""
    house.start("broker")
    house.wait(lambda: house.ask("broker", "status"), "the broker")
    assert publish(house)[0] == "STORED"
    p = house.processes["broker"]
    before = resource.prlimit(p.pid, resource.RLIMIT_FSIZE, (300000, resource.RLIM_INFINITY))
    answers = [publish(house, 200000) for _ in range(6)]
    assert p.poll() is None, p.returncode
    assert [a[2] for a in answers if a[0] == "REFUSED"][-1:] == ["DISK_FULL"], answers
    assert house.ask("broker", "status")["disk_full"]
    resource.prlimit(p.pid, resource.RLIMIT_FSIZE, before)
    assert publish(house)[0] == "STORED"
    assert not house.ask("broker", "status")["disk_full"]
    house.stop("broker")


def verify(house, state):
    return subprocess.run([house.bin / "ocop-broker", "--state", state, "--verify"], text=True, capture_output=True, timeout=60)


def log_is_taken_away(house):
    """rm log.db: noticed within a second, saved, and nothing is acknowledged after. No new log begins by itself."""
    house.start("broker")
    house.wait(lambda: house.ask("broker", "status"), "the broker")
    head = house.head()
    assert head > 2
    house.wait(lambda: (house.dir / "log.db.lock").read_text() == "records\n", "the mark of a log with records")
    for name in ["log.db", "log.db-wal", "log.db-shm"]:
        (house.dir / name).unlink(missing_ok=True)
    process = house.processes.pop("broker")
    assert process.wait(20) == 6
    last = (house.dir / "broker.log").read_text().strip().splitlines()[-1]
    assert "event=stop code=LOG_GONE" in last and "was removed" in last and f"{head} records" in last, last
    (saved,) = house.dir.glob("log.db.saved-*[0-9]")
    # it does not begin a new one beside what is left of the old
    refused = subprocess.run([house.bin / "ocop-broker"], env=house.env, text=True, capture_output=True, timeout=60)
    assert refused.returncode == 6 and "it is gone" in refused.stderr and not (house.dir / "log.db").exists(), refused
    shutil.move(saved, house.dir / "log.db")
    done = verify(house, house.dir)
    assert done.returncode == 0 and f"{head} records" in done.stdout, done
    house.start("broker")
    house.wait(lambda: house.ask("broker", "status"), "the broker")
    assert house.head() >= head
    # replaced by another: the same
    copy = house.dir / "copy.db"
    shutil.copy(house.dir / "log.db", copy)
    copy.rename(house.dir / "log.db")
    assert house.processes.pop("broker").wait(20) == 6
    # whoever means a new one takes the mark away
    for name in house.dir.glob("log.db*"):
        name.unlink()
    house.start("broker")
    house.wait(lambda: house.ask("broker", "status"), "the broker")
    assert any("event=new_log" in line for line in (house.dir / "broker.log").read_text().splitlines()[-3:])
    house.stop("broker")


def no_log_is_begun_where_the_sockets_are_taken(house):
    house.start("broker")
    house.wait(lambda: house.ask("broker", "status"), "the broker")
    other = house.dir / "other"
    other.mkdir()
    for setting in [f"bus/live=ipc://{other}/live.sock", f"bus/endpoint=ipc://{other}/broker.sock"]:
        done = subprocess.run([house.bin / "ocop-broker", "--state", other, "--set", setting], env=house.env, text=True,
                              capture_output=True, timeout=60)
        assert done.returncode == 2 and "code=BOUND" in done.stderr, done
        assert not (other / "log.db").exists() and "new_log" not in done.stderr, done
    house.stop("broker")


def copy_does_not_help(house):
    """The word of the runbook stands behind the sentence."""
    house.start("broker")
    house.wait(lambda: house.ask("broker", "status"), "the broker")
    assert publish(house)[0] == "STORED"
    house.stop("broker")
    short = house.dir / "short.db"
    shutil.copy(house.dir / "log.db", short)
    for path, words in [(short, "DELETE FROM log WHERE seq > 1"), (house.dir / "log.db", "UPDATE log SET at_ms = at_ms + 1 WHERE seq = 2")]:
        with contextlib.closing(sqlite3.connect(path)) as db, db:
            db.execute(words)
    done = subprocess.run([house.bin / "ocop-broker", "--repair-from", short], env=house.env, text=True, capture_output=True, timeout=60)
    assert done.returncode == 1 and "find a longer copy (COPY_TOO_SHORT)" in done.stderr, done


def main():
    tests = h.Tests()
    with h.House() as house:
        tests.run("too few descriptors are refused with the numbers, or raised", descriptors, house)
        tests.run("a file that may not grow is a full disk", file_may_not_grow, house)
        tests.run("a log that is taken away is noticed and saved", log_is_taken_away, house)
        tests.run("where the sockets are taken no log is begun", no_log_is_begun_where_the_sockets_are_taken, house)
        tests.run("why a copy does not help is said with the runbook's word", copy_does_not_help, house)
    tests.end()


if __name__ == "__main__":
    main()
