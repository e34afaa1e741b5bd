"""`python -m tests.chaos [--seeds 5] [--invitations 2000]`: the long form, as JSON; exit code 1 if a promise broke."""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import django


def broken(result: dict) -> list[str]:
    """What a result must not show."""
    faults = []
    if result["lost"]:
        faults.append(f"{result['lost']} lost")
    if result["duplicates"]:
        faults.append(f"sent twice: {result['duplicates']}")
    if "kills" in result and len(result["unknown"]) > sum(result["kills"].values()):
        faults.append("more unknown than kills")
    if result.get("longest_silence_seconds", 0) > 60:
        faults.append(f"nothing was sent for {result['longest_silence_seconds']} s")
    if not result.get("is_as_designed", True):
        faults.append("what the killed sender held is not in the state that the design says")
    if "hung_up" in result and len(result["unknown"]) != result["hung_up"]:
        faults.append(f"{result['hung_up']} connections dropped, {len(result['unknown'])} unknown")
    if result.get("answers", 0) != result.get("answers_stored", 0):
        faults.append("answers are missing")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--invitations", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=50, help="at each failpoint")
    parser.add_argument("--minutes", type=float, default=10, help="of 4xx, and without a broker")
    parser.add_argument("--only", choices=["storm", "failpoints", "refusals", "dots", "broker"])
    options = parser.parse_args()

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from tests.chaos import failpoints, servers, storm

    count, seconds = options.invitations, options.minutes * 60
    runs = {
        f"storm {seed}": ("storm", lambda folder, seed=seed: storm.run(folder, seed, count, 90))
        for seed in range(options.seeds)
    }
    runs |= {
        f"failpoint {point}": ("failpoints", lambda folder, point=point: failpoints.run(folder, point, options.kills))
        for point in failpoints.POINTS
    }
    runs["refusals"] = ("refusals", lambda folder: servers.refuse_for_a_while(folder, 200, seconds))
    runs["dots"] = ("dots", lambda folder: servers.hang_up_after_the_final_dot(folder, 500, 25))
    runs["broker"] = ("broker", lambda folder: servers.without_a_broker(folder, 2_000, seconds))

    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    faults: dict[str, list[str]] = {}
    results = {}
    try:
        for name, (kind, run) in runs.items():
            if options.only in (None, kind):
                print(name, "…", file=sys.stderr, flush=True)
                call_command("flush", verbosity=0, interactive=False)
                with tempfile.TemporaryDirectory() as folder:
                    results[name] = run(Path(folder))
                faults |= {name: found} if (found := broken(results[name])) else {}
    finally:
        connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)
    print(json.dumps({"runs": results, "broken": faults}, indent=2))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
