"""A whole house of processes for one test: broker, services, courier, in a folder of its own.

Nothing is at a fixed path or port; every process is ended by its pid, also when the test fails; nothing sleeps for
luck: waits are for an answer, a position or an exit, with a limit.
"""
import ctypes
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

try:
    import msgpack
    import zmq
except ImportError:  # another python3 stands before Debian's in the PATH
    if sys.executable == "/usr/bin/python3":
        raise
    os.execv("/usr/bin/python3", ["/usr/bin/python3"] + sys.argv)

SOURCE = pathlib.Path(__file__).resolve().parents[2]
CASE = SOURCE / "deploy/case"
SERVICES = ["intake", "scoring", "certification", "notification", "courier"]
PROGRAMS = ["broker"] + SERVICES
LIMIT_S = 180  # for any one wait
ROOM_BYTES = 4 << 30  # several houses at once, and more than a broker asks of its disk


def bin_folder():
    """Where the programs are: $OCOP_BIN, else the newest build."""
    if os.environ.get("OCOP_BIN"):
        return pathlib.Path(os.environ["OCOP_BIN"]).resolve()
    built = sorted(SOURCE.glob("build/*/bin/ocop-broker"), key=lambda p: p.stat().st_mtime)
    if not built:
        sys.exit("no programs found: build first, or set OCOP_BIN")
    return built[-1].parent


def quick_folder():
    """Memory, where it may be written and has room; None: the usual place. A process that is killed does not ask for a real disk,
    and what a power cut leaves is worked out from a record: tests that want a disk say so."""
    try:
        at = os.statvfs("/dev/shm")
    except OSError:
        return None
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) and at.f_bavail * at.f_frsize >= ROOM_BYTES else None


def new_folder(prefix="ocop-", on_disk=False):
    """Short: a socket's path has room for 107 bytes."""
    return pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=None if on_disk else quick_folder()))


def end_with_parent():
    """In a child: be killed when the test itself is."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class House:
    def __init__(self, first_day="2018-11-01", folder=None):
        self.dir = pathlib.Path(folder) if folder else new_folder()
        self.bin = bin_folder()
        self.first_day = first_day
        self.processes, self.environment, self.program = {}, {}, {}
        self.options = {"broker": ["--rehearsal", "--start-day", first_day]}
        self.context = zmq.Context()
        self.env = dict(os.environ, OCOP_RUN=str(self.dir), OCOP_STATE=str(self.dir))

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.stop()
        self.context.destroy(linger=0)
        if kind is not None:
            print(f"logs are in {self.dir}", file=sys.stderr)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def start(self, *names):
        for name in names or PROGRAMS:
            log = open(self.dir / f"{name}.log", "ab")
            program = self.program.get(name, f"ocop-{name}")
            self.processes[name] = subprocess.Popen(
                [self.bin / program] + self.options.get(name, []), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=dict(self.env, **self.environment.get(name, {})), preexec_fn=end_with_parent)
            log.close()

    def stop(self, *names, how=signal.SIGTERM):
        """All at once, the broker last: who speaks to a broker that is going waits for it to go."""
        wrong = []
        names = names or list(self.processes)
        for together in ([n for n in names if n != "broker"], [n for n in names if n == "broker"]):
            ending = {name: self.processes.pop(name) for name in together if name in self.processes}
            for process in ending.values():
                if process.poll() is None:
                    process.send_signal(how)
            for name, process in ending.items():
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    wrong.append(f"{name} did not stop within 60 s of a signal")
                if how == signal.SIGTERM and process.returncode not in (0, -signal.SIGKILL):
                    wrong.append(f"{name} ended with {process.returncode}; see {self.dir / name}.log")
        if wrong:  # only now: everything is stopped first
            raise AssertionError("; ".join(wrong))

    def ask(self, service, question, timeout_ms=3000, **arguments):
        """The answer map, or None: nobody answered, or not found."""
        endpoint = "broker" if service == "broker" else service
        socket = self.context.socket(zmq.DEALER)
        socket.setsockopt(zmq.LINGER, 0)
        try:
            socket.connect(f"ipc://{self.dir}/{endpoint}.sock")
            socket.send(msgpack.packb(["ASK", 1, question, arguments]))
            if not socket.poll(timeout_ms):
                return None
            answer = msgpack.unpackb(socket.recv())
            if answer[0] == "FAULT" and answer[2] not in ("NOT_FOUND", "NOT_COMPLETE"):
                raise AssertionError(f"{service} answered {answer}")
            return answer[2] if answer[0] == "ANSWER" else None
        finally:
            socket.close()

    def head(self):
        return (self.wait(lambda: self.ask("broker", "status"), "the broker's status"))["head"]

    def wait(self, condition, what):
        until = time.monotonic() + LIMIT_S
        while time.monotonic() < until:
            got = condition()
            if got:
                return got
            time.sleep(0.02)  # between two looks; the wait ends with the condition
        raise AssertionError(f"waited {LIMIT_S} s in vain for {what}; see {self.dir}")

    def settle(self, names=SERVICES):
        """Until every service has applied the head, nothing is on its way, and that stays so for one more look."""
        def still():
            head = self.head()
            for name in names:
                status = self.ask(name, "status")
                if not status or status["seq"] != head or status["outbox"] != 0:
                    return False
            return head == self.head()
        self.wait(still, "all services at the head")
        return self.head()

    def ocop(self, *arguments, publisher="tester", expect=(0,), timeout=LIMIT_S, env=None):
        done = subprocess.run([self.bin / "ocop", "--as", publisher, *map(str, arguments)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout, env=dict(self.env, **(env or {})))
        if expect is not None and done.returncode not in expect:
            raise AssertionError(f"ocop {' '.join(map(str, arguments))} ended with {done.returncode}\n"
                                 f"{done.stdout}\n{done.stderr}")
        return done

    def dump(self, name, places=False):
        """The store as text; the program reads it, also while the service runs."""
        option = "--dump=places" if places else "--dump"
        done = subprocess.run([self.bin / f"ocop-{name}", option], capture_output=True, env=self.env, timeout=LIMIT_S)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def dumps(self, places=False):
        return {name: self.dump(name, places) for name in SERVICES}

    def outbox(self, name):
        """Outcomes in the store that it does not know to be STORED, read from outside."""
        with sqlite3.connect(f"file:{self.dir}/{name}.db?mode=ro", uri=True) as db:
            try:
                return db.execute("SELECT count(*) FROM outbox WHERE number > (SELECT number FROM published)"
                                  ).fetchone()[0]
            except sqlite3.OperationalError:
                return 0  # killed before it made its tables

    def run_audit(self, name="scoring"):
        program = self.program.get(name, f"ocop-{name}")
        done = subprocess.run([self.bin / program, "--audit"], capture_output=True, text=True, env=self.env,
                              timeout=LIMIT_S)
        assert done.returncode in (0, 1), done.stderr
        return done.stdout.splitlines()[-1]

    def check(self, name, *settings):
        """--check of one program with settings; nothing is touched."""
        words = [word for setting in settings for word in ("--set", setting)]
        return subprocess.run([self.bin / f"ocop-{name}", "--check", *words], capture_output=True, text=True,
                              env=self.env, timeout=LIMIT_S)

    def verify(self):
        done = subprocess.run([self.bin / "ocop-broker", "--verify"], capture_output=True, text=True, env=self.env,
                              timeout=LIMIT_S)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()


def act_one(house, case=CASE / "bac-kan-2018", ocop=None, between=lambda: None):
    """The steps of the demo's first act. `ocop` may be another way to run the command; `between` is called between."""
    run = ocop or house.ocop
    rules = SOURCE / "services/scoring/rules"
    steps = [
        ("centre", ["rules", "propose", rules / "provisional-2018.json"]),
        ("centre", ["push", case / "plan.filed.csv"]),
        ("centre", ["clock", "2018-11-12"]),
        ("province-06", ["push", case / "dossier.filed.csv"]),
        ("centre", ["clock", "2018-12-10"]),
        ("council-06", ["push", case / "council.formed.csv"]),
        ("council-06", ["push", case / "sheet.submitted.csv"]),
        ("council-06", ["push", case / "round.closed.csv"]),
        ("centre", ["clock", "2018-12-16"]),
        ("authority-06", ["push", case / "decision.signed.csv"]),
        ("centre", ["clock", "2018-12-31"]),
    ]
    for publisher, arguments in steps:
        run(*arguments, publisher=publisher, expect=(0, 1))
        between()


def act_two(house, case=CASE / "coffee-2026"):
    rules = SOURCE / "services/scoring/rules"
    house.ocop("rules", "propose", rules / "qd-26-2026.json", rules / "qd-26-2026-13-ca-phe-ca-cao.json", publisher="centre")
    house.ocop("push", case / "dossier.filed.csv", publisher="province-66")
    house.ocop("push", case / "council.formed.csv", publisher="council-66")
    house.ocop("clock", "2026-06-25", publisher="centre")
    house.ocop("push", case / "sheet.submitted.csv", publisher="council-66")
    house.ocop("push", case / "round.closed.csv", publisher="council-66")
    house.ocop("clock", "2026-06-30", publisher="centre")
    house.ocop("push", case / "decision.signed.csv", publisher="authority-66", expect=(0, 1))


def summary(house, day):
    return house.ask("certification", "summary", day=day)


def results(house):
    """Every outcome of every spool, without its place in the log: (spool, event, ordinal, type, data)."""
    rows = []
    for spool in sorted(house.dir.glob("spool-*.db")):
        with sqlite3.connect(f"file:{spool}?mode=ro", uri=True) as db:
            rows += [(spool.name,) + tuple(r) for r in
                     db.execute("SELECT event, ordinal, type, data FROM outcome ORDER BY 1, 2")]
    return rows


class Tests:
    """Counts what was checked; the closing line is read by CI."""

    def __init__(self):
        self.passed = self.failed = 0

    def run(self, name, function, *arguments):
        try:
            function(*arguments)
            self.passed += 1
            print(f"ok   {name}", flush=True)
        except Exception as wrong:  # noqa: BLE001 - a test that breaks is a failed test
            self.failed += 1
            print(f"FAIL {name}: {type(wrong).__name__}: {wrong}", flush=True)

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed or not self.passed else 0)
