#!/usr/bin/env python3
"""Run administrative tasks: `manage.py demo` and `manage.py serve` are the two to start with."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if "demo" in sys.argv[1:2]:  # the demo has a database and a mailbox of its own: settings must know before they load
        os.environ["NACHKLANG_DEMO"] = "1"
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
