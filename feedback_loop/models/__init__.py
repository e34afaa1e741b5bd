"""Cases with one customer; digests, initiatives and targets with one client."""

from .cases import Case, CaseEvent, CaseQuerySet
from .digests import Digest, DigestSubscription
from .initiatives import Initiative
from .measured import Measured
from .targets import DriftNotice, Target, TargetNotice

__all__ = [
    "Case",
    "CaseEvent",
    "CaseQuerySet",
    "Digest",
    "DigestSubscription",
    "DriftNotice",
    "Initiative",
    "Measured",
    "Target",
    "TargetNotice",
]
