"""The admin of what customers said: responses, themes, and what reminders changed."""

from . import attributes as attributes
from . import campaigns as campaigns
from . import corrections as corrections
from . import honesty as honesty
from . import models as models
from . import themes as themes
from . import topics as topics
from .filters import ClientFilter as ClientFilter
from .filters import TeamFilter as TeamFilter
from .responses import contact_line as contact_line
