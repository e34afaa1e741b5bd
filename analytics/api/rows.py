"""The rows behind a figure by API, as a file. What leaves, and of whom, `exports` says."""

import logging

from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from surveys import tables
from surveys.api_keys import HasClientKey

from .. import disclosure, exports
from ..small_groups import Shown
from .asked import ERRORS, KIND, PERIOD, WrongAddress, narrowing, read

logger = logging.getLogger(__name__)


class TooFew(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "too_few"
    default_detail = gettext_lazy(
        "The figure behind these answers is hidden: fewer than five stand behind it, or so few beside it that they "
        "could be computed. Take a longer period or fewer filters."
    )


class AnyAccept(BaseContentNegotiation):
    """A file has the form that its address names, whatever the reader would rather have."""

    def select_parser(self, request, parsers):
        return parsers[0]

    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type


class RowsView(APIView):
    """All of them at once, sent while they are read."""

    permission_classes = [HasClientKey]
    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="figures_rows",
        tags=["figures"],
        summary="The answers behind a figure, as a file",
        description=(
            "Every answer that counts, with score, group, comment (personal data was taken out before), other answers "
            "and themes. Of month, survey, channel, team, language, reason and segment as many as at least five "
            "answers share; from there on stands “*”. Rows come in no order of time. CSV has commas and is UTF-8; "
            "cells that a spreadsheet would run begin with an apostrophe. XLSX holds 1,048,575 rows."
        ),
        parameters=[
            KIND,
            PERIOD,
            *narrowing(),
            OpenApiParameter("format", enum=list(tables.FORMATS), description="csv, unless you say otherwise."),
        ],
        responses={
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/json"): {"type": "array", "items": {"type": "object"}},
            (200, tables.FORMATS["xlsx"][0]): OpenApiTypes.BINARY,
            **ERRORS,
            409: OpenApiResponse(description="The figure is hidden: so are its answers."),
        },
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        asked = read(request.client, request.query_params, also=["format"])
        form = request.query_params.get("format", "csv")
        if form not in tables.FORMATS:
            message = _("Choose csv, xlsx or json.")
            raise WrongAddress({"field": "format", "code": "invalid", "message": message})
        if disclosure.of(asked.client, asked.kind, [asked.period], where=asked.where)[0].whole is Shown.HIDDEN:
            raise TooFew
        table = exports.for_clients(asked.client, asked.kind, asked.period, asked.where)
        if form == "xlsx" and table.n >= tables.LONGEST_SHEET:
            raise WrongAddress({"field": "format", "code": "too_long", "message": tables.too_long(table.n)})
        logger.info(
            "export: %s rows of %s, %s %s as %s, by API key", table.n, asked.client.slug, asked.kind,
            asked.period.text, form,
        )  # fmt: skip
        return tables.download(f"{asked.kind}-{asked.period.text}", form, table.head, table.rows)
