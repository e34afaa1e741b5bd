"""Themes, what was read out of each answer, what was learned from it, what is new in it, and what was counted."""

from .learned import DriftAlert, Rereading, ThemeModel, Training
from .readings import Correction, Lease, Reading, SecondReading, ThemeAssignment
from .tallies import CellTally, ChosenAttribute, CountsIn, DayTally, TalliedUntil, Touched
from .themes import Theme, ThemeEvent
from .topics import Topic, TopicLook, TopicMember

__all__ = [
    "CellTally",
    "ChosenAttribute",
    "Correction",
    "CountsIn",
    "DayTally",
    "DriftAlert",
    "Lease",
    "Reading",
    "Rereading",
    "SecondReading",
    "TalliedUntil",
    "Theme",
    "ThemeAssignment",
    "ThemeEvent",
    "ThemeModel",
    "Topic",
    "TopicLook",
    "TopicMember",
    "Touched",
    "Training",
]
