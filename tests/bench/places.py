"""Where things run: programs, brokers, yardsticks, temporary folders. Everything started here is ended here, by its pid."""
import contextlib
import ctypes
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ["nats-server", "libnats-dev", "redis-server", "libhiredis-dev", "rabbitmq-server", "librabbitmq-dev", "strace",
            "e2fsprogs", "gnuplot-nox"]
START_S, TOOL_S = 60, 300  # limits: for anything to start, for one measurement
MEMORY_MIB = 96            # the goal for each process
OPEN_WINDOW = 4096         # events under way when they come at a rate of their own: what the client library takes


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), "unknown")
    disk = subprocess.run(["df", "--output=fstype", tempfile.gettempdir()], capture_output=True, text=True).stdout.split()
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(), "disk": disk[-1] if disk else "unknown",
            "versions": versions()}


def versions():
    """Of the peers, their libraries and ours, as the packages say."""
    names = [p for p in PACKAGES if re.search("nats|redis|rabbit", p)] + ["libzmq5", "libsqlite3-0", "libsodium23"]
    said = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\\n"] + names, capture_output=True, text=True).stdout
    return dict(line.split() for line in said.splitlines() if len(line.split()) == 2)


def machine_text(m):
    return f"{m['cpu']}, {m['cores']} cores, Linux {m['kernel']}, data on {m['disk']}"


def end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(true, process, what):
    """Until true(), while the process lives."""
    until = time.monotonic() + START_S
    while not true():
        if process.process.poll() is not None or time.monotonic() > until:
            process.end()
            raise RuntimeError(f"{what} did not start:\n{process.log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.005)


def answers_on(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Process:
    def __init__(self, command, log, env=None):
        self.log = pathlib.Path(log)
        with open(log, "ab") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                            env=dict(os.environ, **(env or {})), preexec_fn=end_with_parent)
        self.pid = self.process.pid

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def peak_bytes(self):
        with open(f"/proc/{self.pid}/status", encoding="utf-8") as f:
            return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmHWM"))


class Server:
    """A process in a folder of its own that publishers talk to. Deletes the folder at the end, unless it was given one."""

    def __init__(self, where, folder=None):
        self.where, self.keep, self.process = where, folder is not None, None
        self.dir = pathlib.Path(folder) if folder else where.folder()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.end()
        if not self.keep:
            shutil.rmtree(self.dir, ignore_errors=True)

    @property
    def pid(self):
        return self.process.pid

    def publish(self, **options):
        return self.where.tool("bench_publish", endpoint=self.endpoint, **options)


class Broker(Server):
    """ocop-broker. With `keys` it also listens on TCP, where every connection is encrypted; `key_options` are then the
    options of whoever publishes there."""

    def __init__(self, where, env=None, settings=(), folder=None, keys=False):
        super().__init__(where, folder)
        self.endpoint, self.live = f"ipc://{self.dir}/broker.sock", f"ipc://{self.dir}/live.sock"
        settings, ipc = list(settings), self.endpoint
        if keys:
            folder = where.keys()
            self.endpoint = f"tcp://127.0.0.1:{free_port()}"
            settings += [f"bus/endpoint={ipc} {self.endpoint}", f"keys/secret={folder}/broker.key_secret", f"keys/folder={folder}"]
            self.key_options = {"key": f"{folder}/bench.key_secret", "server_key": f"{folder}/broker.key"}
        command = [where.bin / "ocop-broker"] + [word for s in settings for word in ("--set", s)]
        log = self.dir / "broker.log"
        log.unlink(missing_ok=True)
        self.began_s = time.monotonic()
        self.process = Process(command, log, {"OCOP_RUN": str(self.dir), "OCOP_STATE": str(self.dir), **(env or {})})
        wait_for(lambda: " ready " in log.read_text() or "event=ready" in log.read_text(), self.process, "ocop-broker")

    def follow(self, **options):
        return self.where.tool("bench_follow", endpoint=self.endpoint, **options)


class Yardstick(Server):
    """The same socket with less behind it: a flat file, or nothing."""

    def __init__(self, where, mode):
        super().__init__(where)
        self.endpoint = f"ipc://{self.dir}/yardstick.sock"
        self.process = Process([where.bin / "bench_yardstick", "--endpoint", self.endpoint, "--mode", mode,
                                "--path", self.dir / "flat"], self.dir / "log")
        wait_for((self.dir / "yardstick.sock").exists, self.process, "bench_yardstick")


class Raw(Server):
    """A bare ROUTER."""

    def __init__(self, where, mode, **options):
        super().__init__(where)
        self.endpoint, self.mode, self.options = f"ipc://{self.dir}/raw.sock", mode, options
        command = [where.bin / "bench_raw", "--endpoint", self.endpoint, "--mode", "serve-" + mode]
        self.process = Process(command + words(options), self.dir / "log")
        wait_for((self.dir / "raw.sock").exists, self.process, "bench_raw")

    def measure(self, **options):
        return self.where.tool("bench_raw", endpoint=self.endpoint, **{"mode": self.mode, **self.options, **options})


def words(options):
    """{"window": 16} -> ["--window", "16"]"""
    return [word for key, value in options.items() for word in ("--" + key.replace("_", "-"), str(value))]


class Places(contextlib.ExitStack):
    """The folder of one run, and what stays in it from round to round."""

    def __init__(self, bin_folder):
        super().__init__()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="ocop-bench-"))
        self.callback(shutil.rmtree, self.dir, ignore_errors=True)
        self.kept = {}
        self.bin = pathlib.Path(bin_folder).resolve() if bin_folder else build()

    def folder(self):
        return pathlib.Path(tempfile.mkdtemp(prefix="b-", dir=self.dir))

    def keep(self, name, make):
        """What make() gave the first time."""
        if name not in self.kept:
            self.kept[name] = make()
        return self.kept[name]

    def tool(self, name, env=None, **options):
        """Run one measuring program; its line of JSON."""
        with self.begin_tool(name, env, **options) as finish:
            return finish()

    @contextlib.contextmanager
    def begin_tool(self, name, env=None, **options):
        """The same, meanwhile: finish() waits for it."""
        command = [str(self.bin / name)] + words(options)
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=dict(os.environ, **(env or {})), preexec_fn=end_with_parent)

        def finish():
            out, error = process.communicate(timeout=TOOL_S)
            if process.returncode:
                raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {error}")
            return json.loads(out.splitlines()[-1])
        finish.process = process
        try:
            yield finish
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def keys(self):
        """A folder with the broker's certificate and that of a publisher for all provinces."""
        def make():
            folder = self.folder()
            for role, name, more in (("broker", "broker", []), ("province", "bench", ["--province", "all"])):
                subprocess.run([self.bin / "ocop", "keys", "new", role, name, "--dir", folder] + more, check=True,
                               capture_output=True)
            return folder
        return self.keep("keys", make)

    def slowly(self, us):
        """The environment in which every flush takes so many microseconds longer."""
        return {"LD_PRELOAD": str(self.bin.parent / "lib/libslow_shim.so"), "BENCH_FLUSH_US": str(us),
                "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def forget_files(self):
        """Make the system forget what it has read from disks; False where that is not permitted."""
        os.sync()
        try:
            pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")
        except OSError:
            return False
        return True


def build():
    missing = [p for p in PACKAGES if subprocess.run(["dpkg", "-s", p], capture_output=True).returncode]
    if missing:
        subprocess.run([SOURCE / "deploy/install-packages"], check=True, stdout=sys.stderr)
        install(missing)
    for command in (["cmake", "--preset", "release", "-DOCOP_BENCH=ON"], ["cmake", "--build", "--preset", "release"]):
        done = subprocess.run(command, cwd=SOURCE, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return SOURCE / "build/release/bin"


def install(packages):
    """The peers are started here, not as services of the machine: nothing is started by installing it."""
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    policy = pathlib.Path("/usr/sbin/policy-rc.d")
    made = not policy.exists()
    if made:
        subprocess.run(sudo + ["sh", "-c", f"printf '#!/bin/sh\\nexit 101\\n' > {policy}; chmod 755 {policy}"], check=True)
    try:
        subprocess.run(sudo + ["apt-get", "install", "-y", "--no-install-recommends"] + packages, check=True, stdout=sys.stderr,
                       env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"))
    finally:
        if made:
            subprocess.run(sudo + ["rm", "-f", str(policy)], check=True)
