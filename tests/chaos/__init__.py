"""What must hold while processes die, brokers forget and mail servers lie: rows 1–10 and 81 of the trust table.

`.ci/run` runs the short form as tests (tests/test_chaos.py); the long form is `python -m tests.chaos` with DATABASE_URL
and REDIS_URL of servers that may be used for nothing else. It prints one JSON object and fails if a promise was broken.
"""
