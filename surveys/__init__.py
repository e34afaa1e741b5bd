"""Ask and collect.

Owns clients, contacts, customers, surveys, campaigns, invitations, messages and answers. Promises a verdict for every
contact, at most one mail per invitation, one response per invitation. Imports neither analytics nor feedback_loop:
what it has to say it announces with `signals.response_submitted`.
"""
