#!/usr/bin/python3
"""Does the harness judge and count as it says?"""
import contextlib
import io
import unittest

import peers
import report
from figures import Figures, table


class Judged(unittest.TestCase):
    def figures(self, values, **goal):
        figures = Figures("case")
        for value in values:
            figures.ratio("a / b", value, **goal)
        return figures.results()[0]

    def test_the_median_is_held_against_the_goal(self):
        self.assertTrue(self.figures([1, 3, 2], least=2)["met"])
        self.assertFalse(self.figures([1, 3, 1.9], least=2)["met"])
        self.assertTrue(self.figures([9, 1, 2], most=2)["met"])
        self.assertFalse(self.figures([9, 1, 2.1], most=2)["met"])

    def test_a_missed_goal_is_shown_as_missed(self):
        self.assertIn("| >= 2.00 | **no** |", table([self.figures([1], least=2)]))
        self.assertIn("| >= 2.00 | yes |", table([self.figures([2], least=2)]))

    def test_the_order_of_sides_turns_around_with_each_round(self):
        figures = Figures("case")
        orders = []
        for figures.round in range(3):
            orders.append(figures.alternate(["a", "b", "c"]))
        self.assertEqual(orders, [["a", "b", "c"], ["c", "b", "a"], ["a", "b", "c"]])

    def test_nobody_is_told_of_steps_in_a_pipe(self):
        with contextlib.redirect_stderr(io.StringIO()) as said:
            Figures("case").step("something")
        self.assertEqual(said.getvalue(), "")


class Counted(unittest.TestCase):
    TRACE = """\
101 write(7</data/peer/stream.blk>, "..."..., 300) = 300
102 fdatasync(8</data/peer/wal> <unfinished ...>
101 write(1</var/log/peer>, "x", 1) = 1
102 <... fdatasync resumed>) = 0
101 fsync(9</data/peer>) = 0
"""

    def test_flushes_are_counted_once(self):
        self.assertEqual(peers.flushes(self.TRACE, None), {"flushes": 2})

    def test_writes_count_only_where_they_are_flushes(self):
        self.assertEqual(peers.flushes(self.TRACE, "/data/peer"), {"flushes": 2, "synchronous writes": 1})


class Kept(unittest.TestCase):
    def test_a_run_of_one_case_leaves_the_others(self):
        def run(case, median):
            return {"facts": {case: {}}, "results": [{"case": case, "what": "w", "median": median}]}
        both = report.merged(run("latency", 1), run("publish", 2))
        self.assertEqual([r["case"] for r in both["results"]], ["publish", "latency"])
        again = report.merged(both, run("latency", 3))
        self.assertEqual([(r["case"], r["median"]) for r in again["results"]], [("publish", 2), ("latency", 3)])


if __name__ == "__main__":
    unittest.main()
