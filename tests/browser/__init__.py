"""The house in a real browser: one journey through all of it, and the pictures that people look at."""

import os
import shutil

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
