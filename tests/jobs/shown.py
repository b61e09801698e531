"""A module that executors have only where a run gives it to them."""

TEXT = "a module of the run"
