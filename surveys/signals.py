"""What surveys announces to the rest of the house."""

from django.dispatch import Signal

# Sent once per response, after commit, with `response_id`. Receivers only enqueue; a lost one is found by their sweep.
response_submitted = Signal()
