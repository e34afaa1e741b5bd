"""Which figures may be shown, so that what is hidden cannot be computed from what is shown.

Fewer than `SHOWN_FROM` answers are hidden, fewer than `VALUE_FROM` shown as an interval only. Since 25 answers less the
12 and the 10 shown beside them are 3, larger figures are hidden with a small one. Every function decides from counts
alone and in a fixed order, so that page, API, export, digest and PDF agree.

**Promise.** A view is what some filters leave: team 7, or team 7 by chat. Whoever sees every shown n and group count,
and adds, subtracts or weighs them at will, computes no hidden view, and no union of hidden siblings, of 1 to 4 answers.
With one or two attributes at once (`protect`, `protect_nested`, `protect_table`) it is no set of cells at all, and over
time (`protect_periods`) no set of days.

**Why it holds.** What is hidden in a table of some attributes lies in blocks with two values or more on each side, and
so is everything that filters further. Whatever is shown therefore never depends on all attributes of a block at once:
its mixed difference over the block is 0, that of a hidden view is not, and no sum of zeros is anything else. Sums along
the sides of a block can be had; they are none or `SHOWN_FROM` and more.

**Limits.** Callers show an empty view as a hidden one: who knows that team 7 never chats, or that one theme is never
named without another, knows more than we can hide. Three tables of two attributes tell the sum of far-apart cells of
the third order ("all alike"), never one of them. Figures that still grow tell who looks twice what came in between. An
order by size would tell the size: hidden rows stand last and by name. Five who all said the same have said it. Weeks by
attribute and months by attribute are safe each by itself; both together for each view's own days only. Ranges (what
is hidden is more than 0 and less than the rest) are not secret.
"""

from .siblings import Shown, may_show, protect, protect_nested
from .tables import View, protect_table
from .timeline import Span, protect_periods

__all__ = ["Shown", "Span", "View", "may_show", "protect", "protect_nested", "protect_periods", "protect_table"]
