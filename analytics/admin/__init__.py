"""The admin of what customers said: responses, themes, and what reminders changed."""

from . import themes as themes
from .filters import ClientFilter as ClientFilter
from .filters import TeamFilter as TeamFilter
from .responses import contact_line as contact_line
