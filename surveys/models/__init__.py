"""All that is asked and collected: who (people), what and why (asking), the answers, and what leaves the house."""

from .answering import Answer, Group, Response, group_of
from .asking import LegalBasis, Question, Suppression, Survey, SurveyVersion
from .campaigns import AudienceCondition, Campaign, Medium, RulesVersion, Wave
from .contacts import Contact, IdempotentRequest, ImportProfile, Inlet, InletEvent, Mark
from .fates import FATES, STAGE_OF, Fate, Stage, with_fate
from .people import Access, Agent, ApiKey, Client, Customer, Login, Team
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
    "AudienceCondition",
    "Campaign",
    "Client",
    "Contact",
    "Customer",
    "DeliveryEvent",
    "Fate",
    "Group",
    "IdempotentRequest",
    "ImportProfile",
    "Inlet",
    "InletEvent",
    "Invitation",
    "LegalBasis",
    "Login",
    "Mark",
    "Medium",
    "OutgoingMessage",
    "Question",
    "Reach",
    "Response",
    "RulesVersion",
    "SendingCount",
    "Stage",
    "Suppression",
    "Survey",
    "SurveyVersion",
    "Team",
    "Wave",
    "group_of",
    "reach_of",
    "with_fate",
]
