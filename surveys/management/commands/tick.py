"""One pass of the loop: everything that is due, once. For cron, and for trying out."""

from django.core.management.base import BaseCommand
from django.utils.module_loading import import_string

from config.celery import SCHEDULE


def tick() -> dict[str, int]:
    """Run each task of the schedule once, in its order; what each one did, by name."""
    return {task: import_string(task)() for task, _, _ in SCHEDULE}


class Command(BaseCommand):
    help = "Do everything that is due, once."

    def handle(self, **options) -> None:
        for task, done in tick().items():
            self.stdout.write(f"{task}: {done}")
