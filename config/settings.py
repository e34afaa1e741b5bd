"""Every setting, from the environment; what is missing or wrong fails at boot, in words.

Three ways to run: *embedded* (no DATABASE_URL: SQLite and a generated key in the data folder), *served* (DATABASE_URL,
REDIS_URL, SECRET_KEY …) and *demo* (`manage.py demo`: a database and a mailbox of its own, nothing else reachable).
"""

import secrets
import sys
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

# --- Which way of running ------------------------------------------------------------------------------------------

DEMO = env.bool("NACHKLANG_DEMO", default=False)
IS_EMBEDDED = not env.str("DATABASE_URL", default="")
if DEMO and not IS_EMBEDDED:
    raise ImproperlyConfigured(
        "The demo refuses to run: DATABASE_URL is set, so this installation has a database of its own, and demo data "
        "never goes there. Run it in a shell without DATABASE_URL."
    )
DATA_DIR = BASE_DIR / "demo" if DEMO else Path(env.str("NACHKLANG_DATA", default=str(BASE_DIR / "data")))
DATA_DIR.mkdir(parents=True, exist_ok=True)


def _embedded_secret_key() -> str:
    """A key of this machine's own, made once: there is no default secret anywhere in the code."""
    file = DATA_DIR / "secret_key"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(50))
    return file.read_text().strip()


DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    if not IS_EMBEDDED:
        raise ImproperlyConfigured("SECRET_KEY must be set where DATABASE_URL is: links in mails are signed with it.")
    SECRET_KEY = _embedded_secret_key()
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

# The only origin that links in mails may name; never taken from a request.
BASE_URL = env.str("BASE_URL", default="http://localhost:8000").rstrip("/")
_origin = urlsplit(BASE_URL)
if _origin.scheme not in ("http", "https") or not _origin.hostname or _origin.path:
    raise ImproperlyConfigured(f"BASE_URL must be an origin such as https://feedback.example.org, not {BASE_URL!r}.")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[_origin.hostname, "localhost", "127.0.0.1"])
CSRF_TRUSTED_ORIGINS = [BASE_URL]
IS_HTTPS = _origin.scheme == "https"

# --- Who we are ----------------------------------------------------------------------------------------------------

PROVIDER_NAME = env.str("PROVIDER_NAME", default="Kontor Leineweg Kundenservice" if DEMO else "Nachklang")
PROVIDER_ADDRESS = env.str("PROVIDER_ADDRESS", default="Speicherweg 3, 00000 Leineweg" if DEMO else "")

# --- Applications --------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "feedback_loop",
    "analytics",
    "surveys",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework_api_key",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
]
AUTH_USER_MODEL = "surveys.Login"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# --- Database, queue, cache ----------------------------------------------------------------------------------------

_sqlite = f"sqlite:///{DATA_DIR / ('demo.sqlite3' if DEMO else 'nachklang.sqlite3')}"
DATABASES = {"default": env.db("DATABASE_URL", default=_sqlite) if not IS_EMBEDDED else env.db_url_config(_sqlite)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE takes the write lock at the start of a transaction: two ticks queue up instead of failing half-way.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

REDIS_URL = "" if DEMO else env.str("REDIS_URL", default="")
CELERY_BROKER_URL = REDIS_URL or "memory://localhost/"
# Without a broker a task runs where it is enqueued; due work is rows either way, and a tick finds what was missed.
CELERY_TASK_ALWAYS_EAGER = not REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# The public page must not wait for a dead broker; the sweep finds the gap. Without `max_retries` kombu tries for
# seconds to open its channel, whatever the publish policy says. Workers reconnect by
# broker_connection_max_retries, not by this.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
    "max_retries": 0,
}

# --- Mail ----------------------------------------------------------------------------------------------------------

# Nothing leaves an installation that was not told how: without EMAIL_URL, mails become .eml files in the data folder.
_email_url = "" if DEMO else env.str("EMAIL_URL", default="")
if _email_url:
    vars().update(env.email_url_config(_email_url))
else:
    EMAIL_BACKEND = "surveys.delivery.eml.EmlBackend"
EMAIL_FILE_PATH = DATA_DIR / "mailbox"
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="nachklang@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- Languages and time --------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("de", _("German")), ("de-du", _("German, informal")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="Europe/Berlin")  # of the admin's plain lists; stored is UTC
USE_TZ = True

# --- Static files --------------------------------------------------------------------------------------------------

STATIC_URL = "static/"
_collected = BASE_DIR / "staticfiles"
# Collected files (`manage.py collectstatic`) carry a hash in their names and are cached for ever; without collecting,
# they are served from where they lie, on whatever database.
_is_collected = (_collected / "staticfiles.json").exists() or "collectstatic" in sys.argv
STATIC_ROOT = _collected if _is_collected else None
WHITENOISE_USE_FINDERS = not _is_collected
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _is_collected
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# --- Security ------------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
SECURE_HSTS_PRELOAD = IS_HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_AGE = 12 * 3600
LOGIN_URL = "admin:login"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# --- API -----------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["surveys.api_keys.HasClientKey"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Nachklang API",
    "DESCRIPTION": "Contacts in: one key per client, one result per row.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "ClientKey": {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "`Api-Key` and the key: one per client",
            }
        },
    },
    "SECURITY": [{"ClientKey": []}],
}

# --- Logs ----------------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"tokens": {"()": "config.logs.HideTokens"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["tokens"]}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="WARNING" if DEMO else "INFO")},
}
