"""The invented world of `manage.py demo`: who calls whom, how it went, and what is said about it afterwards.

Pure and deterministic: no Django, no files, no clock. The same seed and `end_on` give the same year, row by row.

    world = story.make_world(end_on=date(2026, 11, 1), seed=7)
    rows = contacts.contacts_on(day, "nordheim", world)           # that day's export, as dictionaries
    data = contacts.export_bytes(rows, "nordheim")                # as the file that the importer reads
    felt = contacts.mood("nordheim", external_id, world)          # how the customer took it
    if voices.answers(felt, rng):
        score = voices.csat_score(felt, rng)
        text = voices.comment(felt, score, "de", "Sie", rng, scale="csat")
"""
