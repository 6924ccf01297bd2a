"""Django settings of one installation, read from the folder `MITOYEN_HOME`."""

import os
import sys
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from mitoyen.settings.options import SettingError, read_options
from mitoyen.settings.sqlite import use_recent_sqlite

use_recent_sqlite()

MITOYEN_HOME = Path(os.environ.get("MITOYEN_HOME") or Path.home() / ".mitoyen").absolute()
MITOYEN = read_options(MITOYEN_HOME)
# Opening SQLite for each request took as long as keeping a submission.
KEPT_OPEN_S = 60


def _secret_key() -> str:
    """The installation's own key (written by `mitoyen init`); a throw-away one before that."""
    file = MITOYEN_HOME / "secret.key"
    return file.read_text().strip() if file.exists() else os.urandom(32).hex()


def _database(url: str, sqlite_file: str) -> dict[str, object]:
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(MITOYEN_HOME / sqlite_file),
            "CONN_MAX_AGE": KEPT_OPEN_S,
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise SettingError(f"database_url must start with postgresql://, not {parts.scheme}://.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or dict(parse_qsl(parts.query)).get("host", ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": KEPT_OPEN_S,
    }


SECRET_KEY = _secret_key()
DEBUG = bool(MITOYEN["debug"])
ALLOWED_HOSTS = [name.strip() for name in str(MITOYEN["allowed_hosts"]).split(",") if name.strip()]
DATABASES = {"default": _database(str(MITOYEN["database_url"]), "state.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "mitoyen.ledger",
    "mitoyen.territory",
    "mitoyen.manifests",
    "mitoyen.history",
    "mitoyen.connect",
    "mitoyen.connect.devices",
    "mitoyen.evaluate",
    "mitoyen.operate",
    "mitoyen.operate.alerts",
    "mitoyen.operate.forecast",
    "mitoyen.operate.work",
    "mitoyen.services",
    "mitoyen.channels.sms",
    "mitoyen.channels.mail",
    "mitoyen.channels.paper",
    "mitoyen.resilience",
    "mitoyen.www",
    "mitoyen.www.accounts",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
]

MIDDLEWARE = [
    "mitoyen.www.security.ForwardedAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "mitoyen.www.security.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "mitoyen.www.accounts.middleware.OneTimePasswordMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "mitoyen.www.urls"
WSGI_APPLICATION = "mitoyen.www.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mitoyen.www.context.installation",
            ],
        },
    },
]

AUTH_USER_MODEL = "territory.Person"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_REDIRECT_URL = "/bureau/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
# Offices share computers: signing in lasts until the browser closes.
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_ADAPTER = "mitoyen.www.accounts.adapter.ByInvitation"
# Wrong passwords lock out through axes, at five; this limit is the only one on guessing second-factor codes.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/300s/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Mitoyen"
MFA_ADAPTER = "mitoyen.www.accounts.adapter.SecondFactors"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 1
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "login"
AXES_USERNAME_CALLABLE = "mitoyen.www.accounts.listening.login_name"
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_LOCKOUT_TEMPLATE = "account/locked.html"
AXES_ENABLE_ADMIN = False

LANGUAGE_CODE = str(MITOYEN["language"])
LANGUAGES = [("fr", "Français"), ("en", "English")]
TIME_ZONE = "Europe/Paris"
USE_TZ = True
USE_I18N = True
_PACKAGE = Path(__file__).parent.parent
LOCALE_PATHS = [
    str(_PACKAGE / room / "locale") for room in ("cli", "demo", "gate", "www/desk", "www/accounts", "www/portal")
]

STATIC_URL = "/static/"
STATIC_ROOT = MITOYEN_HOME / "static"
WHITENOISE_USE_FINDERS = True
# Pages that take files say so and set their own (`www.desk.receiving`).
FILE_UPLOAD_HANDLERS = ["mitoyen.www.uploads.NoFiles"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = bool(MITOYEN["secure_cookies"])
# Behind a web server that speaks HTTPS for us, forms come from the address that visitors write.
CSRF_TRUSTED_ORIGINS = ["{0.scheme}://{0.netloc}".format(urlsplit(str(MITOYEN["public_url"])))]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
