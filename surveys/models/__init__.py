"""All that is asked and collected: who (people), what and why (asking), the answers, and what leaves the house."""

from .answering import Answer, Door, FlaggedSheet, Group, OpenLink, Response, Visit, group_of
from .appearance import Appearance
from .asking import Published, Question, Survey, SurveyVersion
from .campaigns import AudienceCondition, Campaign, Medium, RulesVersion, Wave
from .contacts import Contact, IdempotentRequest, ImportProfile, Inlet, InletEvent, Mark
from .exclusions import Exclusion, Honesty, ReportedCount
from .fates import FATES, STAGE_OF, Fate, Stage, with_fate
from .people import Access, Agent, ApiKey, Client, Customer, Login, Team
from .permission import LegalBasis, Suppression
from .reach import Reach, reach_of
from .sending import DeliveryEvent, OutgoingMessage, SendingCount
from .verdicts import Invitation

__all__ = [
    "FATES",
    "STAGE_OF",
    "Access",
    "Agent",
    "Answer",
    "ApiKey",
    "Appearance",
    "AudienceCondition",
    "Campaign",
    "Client",
    "Contact",
    "Customer",
    "DeliveryEvent",
    "Door",
    "Exclusion",
    "Fate",
    "FlaggedSheet",
    "Group",
    "Honesty",
    "IdempotentRequest",
    "ImportProfile",
    "Inlet",
    "InletEvent",
    "Invitation",
    "LegalBasis",
    "Login",
    "Mark",
    "Medium",
    "OpenLink",
    "OutgoingMessage",
    "Published",
    "Question",
    "Reach",
    "ReportedCount",
    "Response",
    "RulesVersion",
    "SendingCount",
    "Stage",
    "Suppression",
    "Survey",
    "SurveyVersion",
    "Team",
    "Visit",
    "Wave",
    "group_of",
    "reach_of",
    "with_fate",
]
