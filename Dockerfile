# One image for web, worker, beat and migrate: they differ in their command only.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 NACHKLANG_DATA=/var/lib/nachklang
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/nachklang nachklang
WORKDIR /srv/nachklang

COPY . .
RUN pip install --no-cache-dir -c constraints.txt -e .
# The key of this step is thrown away with it: the image holds no secret, and refuses to start without one.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(50))')" DATABASE_URL=sqlite:///:memory: \
    python manage.py collectstatic --noinput

USER nachklang
VOLUME /var/lib/nachklang
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# No access log: the addresses of survey pages are secrets of the customers who hold them.
CMD ["gunicorn", "config.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", \
     "--threads", "8", "--timeout", "60", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
