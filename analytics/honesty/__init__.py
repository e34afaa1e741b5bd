"""Is the sample honest? An outsourcer that is surveyed by itself must be able to prove that it picked nobody away.

Who was asked (`gating`), who answered (`coverage`, `balance`, `weighting`), whether all contacts came in
(`reconciliation`), what looks odd (`gaming`), what two people took out (`exclusions`), and where no comparison reaches
across (`breaks`). Every function takes the client first; a sign is a reason to look, never a verdict.
"""
