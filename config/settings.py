"""Every setting, from the environment; what is missing or wrong fails at boot, in words.

Three ways to run: *embedded* (no DATABASE_URL: SQLite and a generated key in the data folder), *served* (DATABASE_URL,
REDIS_URL, SECRET_KEY …) and *demo* (`manage.py demo`: a database and a mailbox of its own, nothing else reachable).
"""

import re
import secrets
import sys
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

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
    "surveys.pages.lane.Lane",
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
    # Compiling a query takes longer than running any of ours: a funnel of 10,000 verdicts 2.3 s instead of 0.1 s. And
    # where indexes lie in memory or on an SSD, 90,000 rows are sooner found one by one than by reading 11 million.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c jit=off -c random_page_cost=1.1")

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

# Nothing leaves an installation that was not told how: by a mail server (EMAIL_URL) or a provider (EMAIL_PROVIDER).
# Without either, mails become .eml files in the data folder.
_email_url = "" if DEMO else env.str("EMAIL_URL", default="")
EMAIL_PROVIDER = "" if DEMO else env.str("EMAIL_PROVIDER", default="")
# anymail's name of each provider and of its key; Amazon's SDK finds its credentials itself (AWS_ACCESS_KEY_ID …).
_PROVIDERS = {
    "amazon_ses": "",
    "brevo": "API_KEY",
    "mailersend": "API_TOKEN",
    "mailgun": "API_KEY",
    "mailjet": "API_KEY",
    "postmark": "SERVER_TOKEN",
    "sendgrid": "API_KEY",
    "sparkpost": "API_KEY",
}
# The secret (name:password) that the provider's webhook must bring; without it, nothing is taken from there.
ANYMAIL = {"REQUESTS_TIMEOUT": 30, "WEBHOOK_SECRET": env.str("EMAIL_WEBHOOK_SECRET", default="")}
if EMAIL_PROVIDER:
    if EMAIL_PROVIDER not in _PROVIDERS:
        raise ImproperlyConfigured(f"EMAIL_PROVIDER must be one of {', '.join(_PROVIDERS)}, not {EMAIL_PROVIDER!r}.")
    if EMAIL_PROVIDER == "amazon_ses" and not find_spec("boto3"):
        raise ImproperlyConfigured("Amazon SES needs boto3: pip install 'django-anymail[amazon-ses]'.")
    if _email_url:
        raise ImproperlyConfigured("Mail leaves by EMAIL_URL or by EMAIL_PROVIDER, not by both.")
    EMAIL_BACKEND = f"anymail.backends.{EMAIL_PROVIDER}.EmailBackend"
    if _key_name := _PROVIDERS[EMAIL_PROVIDER]:
        _email_key = env.str("EMAIL_API_KEY", default="")
        if not _email_key:
            raise ImproperlyConfigured(f"EMAIL_PROVIDER is {EMAIL_PROVIDER}, so EMAIL_API_KEY must be set.")
        if EMAIL_PROVIDER == "mailjet":  # which has two of them: EMAIL_API_KEY=key:secret
            _email_key, _, ANYMAIL["MAILJET_SECRET_KEY"] = _email_key.partition(":")
        ANYMAIL[f"{EMAIL_PROVIDER.upper()}_{_key_name}"] = _email_key
    if _email_api := env.str("EMAIL_API_URL", default=""):
        ANYMAIL[f"{EMAIL_PROVIDER.upper()}_API_URL"] = _email_api
    # Some providers sign what their webhook brings, with a key of its own.
    _signing_keys = {
        "mailersend": "SIGNING_SECRET",
        "mailgun": "WEBHOOK_SIGNING_KEY",
        "sendgrid": "TRACKING_WEBHOOK_VERIFICATION_KEY",
    }
    if (_signing_key := env.str("EMAIL_WEBHOOK_SIGNING_KEY", default="")) and EMAIL_PROVIDER in _signing_keys:
        ANYMAIL[f"{EMAIL_PROVIDER.upper()}_{_signing_keys[EMAIL_PROVIDER]}"] = _signing_key
elif _email_url:
    vars().update(env.email_url_config(_email_url))
else:
    EMAIL_BACKEND = "surveys.delivery.eml.EmlBackend"
EMAIL_FILE_PATH = DATA_DIR / "mailbox"
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="nachklang@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Survey mails that the whole house hands over in a minute, whatever its clients' own caps; 0: no limit.
MAILS_PER_MINUTE = env.int("MAILS_PER_MINUTE", default=0)
if MAILS_PER_MINUTE < 0:
    raise ImproperlyConfigured("MAILS_PER_MINUTE must not be negative; 0 means no limit.")
# The envelope's sender, as mailbox+REFERENCE@domain, by which a bounce names its message; without it: the client's.
BOUNCE_ADDRESS = env.str("BOUNCE_ADDRESS", default="")
if BOUNCE_ADDRESS and not re.fullmatch(r"[A-Za-z0-9._-]{1,20}@[A-Za-z0-9.-]+", BOUNCE_ADDRESS):
    raise ImproperlyConfigured(f"BOUNCE_ADDRESS must look like bounces@mail.example.org, not {BOUNCE_ADDRESS!r}.")

# How clients' SPF records name our mail server, and whom the sender check asks; without it: this machine's resolver.
SPF_INCLUDE = env.str("SPF_INCLUDE", default="")
_mechanism = r"(include|a|mx|exists):[A-Za-z0-9._-]+|ip4:[0-9./]+|ip6:[0-9A-Fa-f:./]+"
if SPF_INCLUDE and not re.fullmatch(_mechanism, SPF_INCLUDE):
    raise ImproperlyConfigured(
        f"SPF_INCLUDE must look like include:spf.example.org or ip4:192.0.2.10, not {SPF_INCLUDE!r}."
    )
DNS_RESOLVER = env.str("DNS_RESOLVER", default="")
if DNS_RESOLVER and not re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}(:\d{1,5})?", DNS_RESOLVER):
    raise ImproperlyConfigured(f"DNS_RESOLVER must look like 192.0.2.53 or 127.0.0.1:5353, not {DNS_RESOLVER!r}.")

# Where bounces and complaints arrive by mail; without it, none are read. A password never crosses a network in clear.
BOUNCE_MAILBOX = "" if DEMO else env.str("BOUNCE_MAILBOX", default="")
_mailbox = urlsplit(BOUNCE_MAILBOX)
if BOUNCE_MAILBOX and not (
    (_mailbox.scheme == "maildir" and _mailbox.path)
    or (_mailbox.scheme == "imaps" and _mailbox.hostname and _mailbox.username)
    or (_mailbox.scheme == "imap" and _mailbox.hostname in ("localhost", "127.0.0.1", "::1") and _mailbox.username)
):
    raise ImproperlyConfigured(
        "BOUNCE_MAILBOX must look like imaps://name:password@mail.example.org/INBOX or maildir:///var/mail/bounces; "
        "imap:// is for a server on this machine."
    )

# --- Text messages, and whatever else we call ------------------------------------------------------------------------

# twilio://account:token@host; without it, no SMS leaves. The token also signs what the provider reports to us.
_sms_url = urlsplit("" if DEMO else env.str("SMS_URL", default=""))
if _sms_url.scheme and not (
    _sms_url.scheme in ("twilio", "twilio+http") and _sms_url.username and _sms_url.password and _sms_url.hostname
):
    raise ImproperlyConfigured("SMS_URL must look like twilio://account:token@api.twilio.com.")
SMS_ACCOUNT, SMS_TOKEN = unquote(_sms_url.username or ""), unquote(_sms_url.password or "")
SMS_API = f"{'http' if _sms_url.scheme == 'twilio+http' else 'https'}://{_sms_url.netloc.rpartition('@')[2]}"
_price = env.str("SMS_PRICE_PER_PART", default="0.08")
if not re.fullmatch(r"\d{1,2}(\.\d{1,4})?", _price) or not float(_price):
    raise ImproperlyConfigured(f"SMS_PRICE_PER_PART must be euros, above zero and as in 0.08, not {_price!r}.")
SMS_PRICE_PER_PART = Decimal(_price)  # what daily budgets count with
SMS_COUNTRIES = env.list("SMS_COUNTRIES", default=["DE", "AT", "CH", "LI", "LU", "GB", "IE"])
# Ports that `surveys.safe_http` calls; loopback is for tests with servers of their own.
OUTGOING_HTTP_PORTS = [int(port) for port in env.list("OUTGOING_HTTP_PORTS", default=["443"])]
OUTGOING_HTTP_LOOPBACK = env.bool("OUTGOING_HTTP_LOOPBACK", default=False)

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
# The proxy in front says how it was reached, and by whom; without one, anybody could.
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
SECURE_HSTS_PRELOAD = IS_HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_AGE = 12 * 3600
LOGIN_URL = "admin:login"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# Different answer sheets that one address may send in a minute; 0: any number.
ANSWERS_PER_MINUTE_AND_ADDRESS = env.int("ANSWERS_PER_MINUTE_AND_ADDRESS", default=60)
if ANSWERS_PER_MINUTE_AND_ADDRESS < 0:
    raise ImproperlyConfigured("ANSWERS_PER_MINUTE_AND_ADDRESS must not be negative; 0 means no limit.")

# --- Themes --------------------------------------------------------------------------------------------------------

# A directory with a sentence model, or with several, each in a folder named after its language. None: words alone.
EMBEDDINGS_DIR = Path(_embeddings) if (_embeddings := env.str("EMBEDDINGS_DIR", default="")) else None

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
    "DESCRIPTION": "Contacts and answers in; figures, their rows and the ledger out: one key per client.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DEFAULT_GENERATOR_CLASS": "surveys.api.schema.EnglishGenerator",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "ENUM_NAME_OVERRIDES": {
        "WhyNoFurther": "surveys.api.funnel.LOSSES",
        "WhyNotAsked": "surveys.models.Invitation.Reason",
    },
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
