from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FeedbackLoopConfig(AppConfig):
    name = "feedback_loop"
    verbose_name = _("Cases, targets and digests")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import receivers  # noqa: F401
