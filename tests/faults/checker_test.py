#!/usr/bin/python3
"""The checker that reads a log record by record sees what it is for, and the table fails when a row should not pass."""
import importlib.machinery
import importlib.util
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "system"), str(HERE)]
import checker  # noqa: E402
import house as h  # noqa: E402
import wire  # noqa: E402

DAY_MS = 86400000


def table():
    """tests/faults/run as a module: it is a program and has no ending."""
    loader = importlib.machinery.SourceFileLoader("table", str(HERE / "run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("table", loader))
    loader.exec_module(module)
    return module


def log(events):
    """Records of (at_ms, publisher, number, topic), linked as the broker links them."""
    records, link = [], wire.ZERO
    for seq, (at_ms, publisher, number, topic) in enumerate(events, 1):
        r = [seq, at_ms, None, publisher, 1, number, topic, b"\x80"]
        link = r[2] = wire.chain_of(link, r)
        records.append(r)
    return records


SOUND = [(0, "broker", 1, "clock.day.started.00"), (1, "a", 1, "x"), (2, "a", 2, "x"), (3, "b", 1, "x"),
         (DAY_MS, "broker", 2, "clock.day.started.00"), (DAY_MS, "a", 3, "x")]


def found_in(records, acked=None):
    found = checker.Findings()
    order = checker.Order(found)
    for r in records:
        order.take(r)
    order.end(acked or {})
    return found


def sound_is_sound():
    found = found_in(log(SOUND), {("a", 1): 3, ("b", 1): 1})
    assert found.good and found.acked == 4 and found.records == len(SOUND), found.sentences


def wrong(events, what, acked=None):
    found = found_in(log(events), acked)
    assert getattr(found, what) > 0 and not found.good, f"{what} is not seen: {found.row('x', 1)}"


def an_altered_record_is_seen():
    records = log(SOUND)
    records[2][7] = b"\x81"
    assert found_in(records).disordered > 0


def a_missing_record_is_seen():
    records = log(SOUND)
    del records[3]
    assert found_in(records).disordered > 0


def a_lost_tail_counts_each():
    found = found_in(log(SOUND), {("a", 1): 5})
    assert found.lost == 2, found.row("x", 1)


def findings_add_up():
    total = checker.Findings()
    for _ in range(2):
        total.add(found_in(log(SOUND), {("a", 1): 5, ("b", 1): 1}))
    assert (total.lost, total.acked) == (4, 12), total.row("x", 1)
    assert total.row("slow", 3) == "slow: injections=3 acknowledged=12 lost=4 doubled=0 undetected=0 account: broker alone"


ALONE, BALANCED = "broker alone", "9 = 4 + 3 + 2 + 0"


def rows_that_must_fail(run):
    assert run.good(("5", "9", "0", "0", "0", ALONE), True) and run.good(("5", "-", "-", "-", "0", ""), True)
    assert run.good(("5", "9", "0", "0", "0", BALANCED), True)
    for *numbers, passed in [("5", "9", "1", "0", "0", ALONE, True), ("5", "9", "0", "1", "0", ALONE, True),
                             ("5", "9", "0", "0", "1", ALONE, True), ("0", "9", "0", "0", "0", ALONE, True),
                             ("5", "9", "0", "0", "0", ALONE, False), ("5", "9", "0", "0", "0", "9 = 4 + 3 + 1 + 0", True),
                             ("5", "9", "0", "0", "0", "0 = 0 + 0 + 0 + 0", True)]:
        assert not run.good(numbers, passed), (numbers, passed)
    assert not run.good(None, True)


def rows_are_read(run):
    text = (f"a: injections=1\nkill: injections=2 acknowledged=3 lost=- doubled=0 undetected=1 account: {BALANCED} (more of it)\n"
            f"fuzz: injections=2 acknowledged=3 lost=0 doubled=0 undetected=1\n")
    assert run.ROW.findall(text) == [("kill", "2", "3", "-", "0", "1", BALANCED), ("fuzz", "2", "3", "0", "0", "1", "")]


def answered(seq, cause, kind):
    """A record of intake's outcome."""
    data = wire.msgpack.packb({"id": str(seq), "type": f"intake.{kind}", "causeseq": cause, "ordinal": 0, "count": 1, "data": {}})
    return [seq, 0, b"", "intake", 0, seq, f"intake.{kind}.06", data]


def accounts_are_of_the_wire():
    """Each of four plans in its own column, and one without an answer only where the service may be behind."""
    plans = [[seq, 0, b"", "a", 1, seq, "intake.plan.filed.06", b"\x80"] for seq in (1, 2, 3, 4)]
    records = plans + [answered(5, 1, "plan.registered"), answered(6, 2, "plan.refused"), answered(7, 3, "deadlettered")]
    found = checker.Findings()
    checker.check_account("intake", records, False, found)
    assert found.good and found.account() == "4 = 1 + 1 + 1 + 1", (found.account(), found.sentences)
    found.add(found)
    assert found.account() == "8 = 2 + 2 + 2 + 2", found.account()
    passed_over = checker.Findings()
    checker.check_account("intake", records, True, passed_over)
    assert not passed_over.good and passed_over.lost == 1, passed_over.sentences
    assert checker.Findings().account() == ALONE


def main():
    tests, run = h.Tests(), table()
    tests.run("a sound log is found sound", sound_is_sound)
    tests.run("a number left out is lost", wrong, SOUND[:1] + SOUND[2:], "lost")
    tests.run("a number said twice is doubled", wrong, SOUND + [(DAY_MS, "a", 3, "x")], "doubled")
    tests.run("time that goes back is seen", wrong, SOUND + [(DAY_MS - 1, "b", 2, "x")], "disordered")
    tests.run("a day left out is seen", wrong, SOUND[:4] + [(2 * DAY_MS, "broker", 2, "clock.day.started.00")], "disordered")
    tests.run("a record before its day is seen", wrong, SOUND[:4] + [(DAY_MS, "a", 3, "x")], "disordered")
    tests.run("an altered record is seen", an_altered_record_is_seen)
    tests.run("a missing record is seen", a_missing_record_is_seen)
    tests.run("of a lost tail each is counted", a_lost_tail_counts_each)
    tests.run("findings of several logs add up", findings_add_up)
    tests.run("the account is made of what stands in the log", accounts_are_of_the_wire)
    tests.run("rows that must fail the table do", rows_that_must_fail, run)
    tests.run("rows are read as they are printed", rows_are_read, run)
    tests.end()


if __name__ == "__main__":
    main()
