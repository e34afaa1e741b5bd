"""Act and report.

Owns cases, digests, initiatives and targets. Promises one case per unhappy response with an owner and a due time, one
digest per client and period, frozen once sent, and a word in time before a target is missed. Imports models, signals
and delivery of surveys, and the reading side of analytics.
"""
