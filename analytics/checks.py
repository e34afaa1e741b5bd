"""What Django's own check finds wrong with how comments would be read here."""

from django.conf import settings
from django.core.checks import Error, register
from django.utils.translation import gettext as _

from surveys.models.people import LANGUAGES


@register
def embeddings_are_usable(app_configs, **kwargs) -> list[Error]:
    """analytics.E001: EMBEDDINGS_DIR names what cannot be used. Without the setting, words alone are read."""
    if settings.EMBEDDINGS_DIR is None:
        return []
    from .learning import embeddings  # costs memory that an installation without them need not have

    try:
        embeddings.check_all(settings.EMBEDDINGS_DIR, [code for code, _name in LANGUAGES])
    except embeddings.UnusableEmbeddings as error:
        hint = _("Or leave EMBEDDINGS_DIR out: comments are then read by their words alone.")
        return [Error(f"EMBEDDINGS_DIR: {error}", hint=hint, id="analytics.E001")]
    return []
