"""The Celery app, and the whole schedule as one table.

The same table drives `manage.py tick`, the ticker inside `manage.py serve` and Celery beat. Each line is a task that
looks for due rows and does them; running it twice, late or on two machines at once does nothing twice.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("nachklang")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# task, every … seconds, why this often. In the order in which one pass of the loop makes sense.
SCHEDULE = [
    ("surveys.tasks.plan_invitations", 60, "a CSAT mail should leave soon after its delay has passed"),
    ("surveys.tasks.plan_waves", 300, "waves start on a day, not on a second"),
    ("surveys.tasks.plan_reminders", 300, "a reminder is due on a day, not on a second"),
    ("surveys.tasks.sweep_messages", 15, "with leases of 20 s, what a dead worker held is sent within a minute"),
    ("surveys.tasks.send_messages", 15, "sending hours begin sharply, and staff alerts should not wait"),
    ("surveys.tasks.read_bounces", 300, "mail servers report within minutes or days, never within seconds"),
    ("surveys.tasks.forget_requests", 86_400, "payloads name people: 30 days; idempotency keys: 24 hours"),
    ("analytics.tasks.read_answers", 60, "fills the gap that a lost broker message leaves"),
    ("analytics.tasks.look_for_topics", 3600, "each client once a week, five an hour; a topic emerges over days"),
    ("analytics.tasks.train_asked", 15, "somebody looks at a page that says: in training"),
    ("analytics.tasks.reread_history", 15, "a thousand comments at a time, so that nothing else waits for long"),
    (
        "analytics.tasks.fill_tallies",
        60,
        "hours are tallied an hour after they ended; till then answers are read",
    ),
    ("analytics.tasks.watch_drift", 86_400, "compares complete weeks; noted once however often it looks"),
    ("feedback_loop.tasks.open_cases", 60, "an unhappy customer has an owner within a minute"),
    ("feedback_loop.tasks.send_digests", 300, "digests are due at an hour of the day"),
    ("feedback_loop.tasks.watch_targets", 3600, "a target in danger is told within the hour, once"),
    ("feedback_loop.tasks.look_at_initiatives", 21_600, "judged by whole days; the page itself is always fresh"),
    ("feedback_loop.tasks.tell_of_drift", 3600, "what moved is noted once a day, and mailed once"),
]

app.conf.beat_schedule = {
    task: {"task": task, "schedule": seconds, "options": {"expires": seconds}} for task, seconds, _ in SCHEDULE
}
