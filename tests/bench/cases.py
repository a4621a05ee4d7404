"""All cases by name: what is measured, and the goal of each figure. A case is called once a round; see figures.py."""
import importlib.util

ALL = {}
for module in ("case_publish", "case_latency", "case_follow", "case_growth", "case_nation"):
    if importlib.util.find_spec(module):
        ALL.update(importlib.import_module(module).CASES)
