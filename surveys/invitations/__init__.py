"""Invitations: a stored verdict for every contact that ended and every customer of a wave, its context frozen.

Planning is serialised per client by a lock on the client's row (on SQLite by the database's single writer), so that two
planners can neither ask one customer twice nor judge one contact twice. What comes in between planning and sending is
judged once more inside the claim of the message.
"""

from .cancelling import cancel, reasons_to_cancel, withdraw
from .contacts import NotToBeJudged, is_behind, judge_now, plan_contacts
from .previewing import Preview, preview
from .reminders import plan_reminders
from .waves import plan_waves

__all__ = [
    "NotToBeJudged",
    "Preview",
    "cancel",
    "is_behind",
    "judge_now",
    "plan_contacts",
    "plan_reminders",
    "plan_waves",
    "preview",
    "reasons_to_cancel",
    "withdraw",
]
