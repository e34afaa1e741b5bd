"""Themes, what was read out of each answer, what was learned from it, and what is new in it."""

from .learned import DriftAlert, Rereading, ThemeModel, Training
from .readings import Correction, Lease, Reading, SecondReading, ThemeAssignment
from .themes import Theme, ThemeEvent
from .topics import Topic, TopicLook, TopicMember

__all__ = [
    "Correction",
    "DriftAlert",
    "Lease",
    "Reading",
    "Rereading",
    "SecondReading",
    "Theme",
    "ThemeAssignment",
    "ThemeEvent",
    "ThemeModel",
    "Topic",
    "TopicLook",
    "TopicMember",
    "Training",
]
