"""Settings, URLs, the Celery app and the schedule. Knows the apps by name only."""

from .celery import app as celery_app

__all__ = ["celery_app"]
