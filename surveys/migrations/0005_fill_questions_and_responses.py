"""Every question gets its key and its own kind of score, every response its number, its version and its completion."""

import uuid

from django.db import migrations
from django.db.models import F, OuterRef, Subquery

CHUNK = 2000


def fill_questions(apps, schema_editor):
    question = apps.get_model("surveys", "Question")
    for row in question.objects.filter(kind="score").select_related("version__survey"):
        row.key, row.kind, row.standard, row.is_required = "score", row.version.survey.kind, row.version.survey.kind, True
        row.save()
    for row in question.objects.filter(kind="comment"):
        row.key, row.kind, row.standard = "comment", "text", "comment"
        row.wording = {locale: {("ask" if key == "any" else key): text for key, text in texts.items()}
                       for locale, texts in row.wording.items()}
        row.save()


def fill_responses(apps, schema_editor):
    response, invitation = apps.get_model("surveys", "Response"), apps.get_model("surveys", "Invitation")
    asked = invitation.objects.filter(pk=OuterRef("invitation")).values("version")[:1]
    response.objects.filter(version=None).update(version=Subquery(asked), completed_at=F("submitted_at"))
    while rows := list(response.objects.filter(public_id=None)[:CHUNK]):
        for row in rows:
            row.public_id = uuid.uuid4()
        response.objects.bulk_update(rows, ["public_id"])


class Migration(migrations.Migration):
    dependencies = [("surveys", "0004_questions_doors_and_evidence")]

    operations = [
        migrations.RunPython(fill_questions, migrations.RunPython.noop),
        migrations.RunPython(fill_responses, migrations.RunPython.noop),
    ]
