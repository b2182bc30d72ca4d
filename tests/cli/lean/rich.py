"""Stands where a library would be that only tools of development bring along. Logging would load it,
which takes a quarter of the time in which a command starts; where the product runs it is not."""

raise ImportError("not installed where the product runs")
