"""Stands where a library would be that only tools of development bring along. Logging would load
it, a quarter of the time in which a command starts; where the product runs it is not installed."""

raise ImportError("not installed where the product runs")
