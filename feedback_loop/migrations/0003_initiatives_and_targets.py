import django.core.serializers.json
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0003_describe_starter_themes"),
        ("feedback_loop", "0002_changes_are_told_once"),
        ("surveys", "0006_responses_name_their_version"),
    ]

    operations = [
        migrations.CreateModel(
            name="DriftNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "alert",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notice",
                        to="analytics.driftalert",
                        verbose_name="drift alert",
                    ),
                ),
            ],
            options={
                "verbose_name": "notice of drift",
                "verbose_name_plural": "notices of drift",
            },
        ),
        migrations.CreateModel(
            name="Target",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("csat", "satisfaction after a contact (CSAT)"),
                            ("nps", "recommendation (NPS)"),
                            ("ces", "effort (CES)"),
                        ],
                        max_length=4,
                        verbose_name="measured by",
                    ),
                ),
                (
                    "is_solved",
                    models.BooleanField(
                        default=False,
                        help_text="Instead of the score: how many of 100 of those who are asked say that their matter is solved.",
                        verbose_name="matters solved",
                    ),
                ),
                ("scope", models.JSONField(blank=True, default=dict, verbose_name="where")),
                ("state", models.CharField(blank=True, editable=False, max_length=16, verbose_name="state")),
                (
                    "seen",
                    models.JSONField(
                        default=dict, editable=False, encoder=django.core.serializers.json.DjangoJSONEncoder
                    ),
                ),
                ("looked_at", models.DateTimeField(editable=False, null=True, verbose_name="last looked at")),
                (
                    "value",
                    models.DecimalField(
                        decimal_places=1,
                        help_text="NPS in points, all else in percent.",
                        max_digits=4,
                        validators=[
                            django.core.validators.MinValueValidator(-100),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="value",
                    ),
                ),
                (
                    "period",
                    models.CharField(
                        choices=[("month", "month"), ("quarter", "quarter"), ("year", "year")],
                        default="month",
                        max_length=7,
                        verbose_name="in each",
                    ),
                ),
                (
                    "starts_on",
                    models.DateField(help_text="Periods that begin before this day do not count.", verbose_name="from"),
                ),
                ("ends_on", models.DateField(blank=True, null=True, verbose_name="until")),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="surveys.client",
                        verbose_name="client",
                    ),
                ),
                (
                    "theme",
                    models.ForeignKey(
                        blank=True,
                        help_text="Instead of the score: how many of 100 answers name this theme. Fewer are better.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="analytics.theme",
                        verbose_name="mentions of",
                    ),
                ),
            ],
            options={
                "verbose_name": "target",
                "verbose_name_plural": "targets",
                "ordering": ["client", "kind", "pk"],
            },
        ),
        migrations.CreateModel(
            name="TargetNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first_on", models.DateField(verbose_name="first day of the period")),
                (
                    "direction",
                    models.CharField(
                        choices=[("danger", "about to be missed"), ("passed", "danger has passed")],
                        max_length=6,
                        verbose_name="what was said",
                    ),
                ),
                ("chance", models.FloatField(verbose_name="chance of meeting it")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "target",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to="feedback_loop.target",
                        verbose_name="target",
                    ),
                ),
            ],
            options={
                "verbose_name": "notice of a target",
                "verbose_name_plural": "notices of targets",
                "ordering": ["at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Initiative",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("csat", "satisfaction after a contact (CSAT)"),
                            ("nps", "recommendation (NPS)"),
                            ("ces", "effort (CES)"),
                        ],
                        max_length=4,
                        verbose_name="measured by",
                    ),
                ),
                (
                    "is_solved",
                    models.BooleanField(
                        default=False,
                        help_text="Instead of the score: how many of 100 of those who are asked say that their matter is solved.",
                        verbose_name="matters solved",
                    ),
                ),
                ("scope", models.JSONField(blank=True, default=dict, verbose_name="where")),
                ("state", models.CharField(blank=True, editable=False, max_length=16, verbose_name="state")),
                (
                    "seen",
                    models.JSONField(
                        default=dict, editable=False, encoder=django.core.serializers.json.DjangoJSONEncoder
                    ),
                ),
                ("looked_at", models.DateTimeField(editable=False, null=True, verbose_name="last looked at")),
                (
                    "name",
                    models.CharField(
                        help_text="Short: it stands in charts, and the client reads it.",
                        max_length=60,
                        verbose_name="name",
                    ),
                ),
                (
                    "what",
                    models.TextField(
                        help_text="In a sentence or two. The client reads it, so name nobody who serves.",
                        verbose_name="what was changed",
                    ),
                ),
                (
                    "by",
                    models.CharField(
                        help_text="A department or a role, with you or the client.",
                        max_length=120,
                        verbose_name="by whom",
                    ),
                ),
                (
                    "hoped_change",
                    models.PositiveSmallIntegerField(
                        default=5,
                        help_text="The smallest change for the better that would be worth the effort.",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="change worth having, in points",
                    ),
                ),
                ("starts_on", models.DateField(verbose_name="from")),
                (
                    "run_in_days",
                    models.PositiveSmallIntegerField(
                        default=14,
                        help_text="So long things may get worse before they get better: these days are not judged.",
                        verbose_name="run-in, in days",
                    ),
                ),
                (
                    "ends_on",
                    models.DateField(
                        blank=True,
                        help_text="The last day that is judged. Empty: twelve weeks after the run-in.",
                        null=True,
                        verbose_name="until",
                    ),
                ),
                ("control", models.JSONField(blank=True, default=dict, verbose_name="compared with")),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="surveys.client",
                        verbose_name="client",
                    ),
                ),
                (
                    "theme",
                    models.ForeignKey(
                        blank=True,
                        help_text="Instead of the score: how many of 100 answers name this theme. Fewer are better.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="analytics.theme",
                        verbose_name="mentions of",
                    ),
                ),
            ],
            options={
                "verbose_name": "initiative",
                "verbose_name_plural": "initiatives",
                "ordering": ["-starts_on", "-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_on", None), ("ends_on__gte", models.F("starts_on")), _connector="OR"),
                        name="initiative_days_in_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("hoped_change__gte", 1)), name="initiative_hopes_for_something"
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on", None), ("ends_on__gte", models.F("starts_on")), _connector="OR"),
                name="target_days_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.CheckConstraint(
                condition=models.Q(("value__gte", -100), ("value__lte", 100)), name="target_on_scale"
            ),
        ),
        migrations.AddConstraint(
            model_name="targetnotice",
            constraint=models.UniqueConstraint(fields=("target", "first_on", "direction"), name="target_noticed_once"),
        ),
    ]
