"""Charts: one specification each, drawn fluid for pages (SVG), fixed for mails (PNG) and papers (PDF), with a sentence
and a table that say the same.

A specification is a list of marks on a sheet (`drawing`); no drawing library stands between it and the page, so that
one chart costs a fraction of a millisecond. Nothing is smoothed, the interval is always drawn, zero is always on the
axis. Marks can lead to the answers behind them.
"""

from .chart import Chart as Chart
from .chart import Loss as Loss
from .chart import Piece as Piece
from .chart import Table as Table
from .chart import TableRow as TableRow
from .chart import Words as Words
from .distribution import distribution as distribution
from .drawing import PICTURE_WIDTH as PICTURE_WIDTH
from .drawing import Drawing as Drawing
from .funnel import Step as Step
from .funnel import funnel as funnel
from .trend import Break as Break
from .trend import Event as Event
from .trend import TrendPoint as TrendPoint
from .trend import axis_label as axis_label
from .trend import small_trend as small_trend
from .trend import trend as trend
from .whiskers import WhiskerRow as WhiskerRow
from .whiskers import rate as rate
from .whiskers import ruler as ruler
from .whiskers import whiskers as whiskers
