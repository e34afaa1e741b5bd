"""The API of every figure: the functions that pages print, told as JSON. The client follows from the key.

    asked     what an address asks for: kind, period, filters; what is wrong with it is told by field, with the mend
    shapes    how a frozen dataclass is told and described: unrounded figures, and beside them what pages print
    figures   scores, trends, breakdowns, themes, drivers, what was unnecessary, the funnel
    honesty   whether the sample is honest
    rows      the rows behind a figure, as a file

A key looks from the client's side: small groups are protected as on pages, and no figure of a single agent leaves.
"""
