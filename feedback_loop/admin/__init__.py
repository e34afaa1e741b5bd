"""The admin of `feedback_loop`, by noun. It looks, and presses the same verbs that everything else uses."""

from . import cases as cases
from . import digests as digests
from . import initiatives as initiatives
from . import targets as targets
