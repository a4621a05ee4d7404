#!/usr/bin/python3
"""Each service in turn is stopped during the push and started later: the verdicts are the same."""
import subprocess

import house as h


def play(stopped=None):
    """Act one; `stopped` is down at the beginning of every push and comes back while the push waits for it."""
    with h.House() as house:
        house.start()
        house.settle()

        def run(*arguments, publisher, expect):
            if not stopped or arguments[0] == "clock":
                house.ocop(*arguments, publisher=publisher, expect=expect)
                return
            house.stop(stopped)
            head = house.head()
            push = subprocess.Popen([house.bin / "ocop", "--as", publisher, *map(str, arguments)],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                    env=house.env, preexec_fn=h.end_with_parent)
            try:
                # Until its rows arrive, it has ended, or it has said that it waits for the one who is down.
                try:
                    push.wait(0.3)
                except subprocess.TimeoutExpired:
                    pass
                house.start(stopped)
                house.wait(lambda: house.ask(stopped, "status"), stopped)
                said = push.communicate(timeout=h.LIMIT_S)[0]
            finally:
                if push.poll() is None:
                    push.kill()
                    push.wait()
            assert push.returncode in expect, said.decode()
            assert house.head() >= head

        h.act_one(house, ocop=run)
        house.settle()
        return h.results(house), h.summary(house, "2018-12-31"), house.dumps()


def same(wanted, name):
    got = play(name)
    assert got[0] == wanted[0], "other verdicts"
    assert got[1] == wanted[1], "other certificates"
    for store, dump in got[2].items():
        assert dump == wanted[2][store], f"another store of {store}"


def main():
    tests = h.Tests()
    wanted = play()
    assert wanted[1]["total"] == 37, wanted[1]
    for name in h.SERVICES:
        tests.run(f"{name} stopped during each push", same, wanted, name)
    tests.end()


if __name__ == "__main__":
    main()
