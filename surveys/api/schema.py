"""The API's description: in English, whatever the reader's language."""

from django.utils.translation import override
from drf_spectacular.generators import SchemaGenerator


class EnglishGenerator(SchemaGenerator):
    """What shapes mean, their docstrings say, and these are English: beside German words, half of a page would be."""

    def get_schema(self, *args, **options) -> dict:
        with override("en"):
            return super().get_schema(*args, **options)
