"""`python -m tests.chaos.sender POINT TURN`: a sender that is killed when it comes to the point for the n-th time."""

import sys

import django

if __name__ == "__main__":
    django.setup()
    from tests.chaos import failpoints

    failpoints.send_armed(sys.argv[1], int(sys.argv[2]))
