"""Act and report.

Owns cases and digests. Promises one case per unhappy response with an owner and a due time, and one digest per client
and period, frozen once sent. Imports models, signals and delivery of surveys, and the reading side of analytics.
"""
