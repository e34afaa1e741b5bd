"""All that is asked and collected: who (people), what and why (asking), the answers, and what leaves the house."""

from .answering import Answer, Group, Response, group_of
from .asking import (
    Campaign,
    Invitation,
    LegalBasis,
    Question,
    Suppression,
    Survey,
    SurveyVersion,
    Wave,
)
from .contacts import Contact, ImportProfile
from .people import Access, Agent, ApiKey, Client, Customer, Login, Team
from .reach import Reach, reach_of
from .sending import OutgoingMessage

__all__ = [
    "Access",
    "Agent",
    "Answer",
    "ApiKey",
    "Campaign",
    "Client",
    "Contact",
    "Customer",
    "Group",
    "ImportProfile",
    "Invitation",
    "LegalBasis",
    "Login",
    "OutgoingMessage",
    "Question",
    "Reach",
    "Response",
    "Suppression",
    "Survey",
    "SurveyVersion",
    "Team",
    "Wave",
    "group_of",
    "reach_of",
]
