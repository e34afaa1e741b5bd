"""A delivery's body as something that can be kept: JSON of a bounded depth, without what no database stores."""

import json
import math

from django.utils.translation import gettext as _

from ..incoming import UNSTORABLE

MOST_DEPTH = 50


def parse(body: bytes) -> tuple[object, str]:
    """The payload as it can be kept, and what is wrong with it, if anything. An unreadable one is kept as text."""
    try:
        payload = json.loads(body, parse_constant=_refuse, parse_float=_finite)
        if not isinstance(payload, dict):
            raise ValueError(_("the body is no table of keys and values"))
        _check_depth(payload)
    except (ValueError, RecursionError) as error:
        text = UNSTORABLE.sub("�", body.decode("utf-8", "replace"))
        reason = _("it is nested too deeply") if isinstance(error, RecursionError) else str(error)
        return text, _("This is no JSON that can be read: %(reason)s.") % {"reason": reason}
    return _storable(payload), ""


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _check_depth(payload: dict) -> None:
    level = [payload]
    for _depth in range(MOST_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise ValueError(_("it is nested deeper than %(most)s levels") % {"most": MOST_DEPTH})


def _storable(value: object) -> object:
    """Without NUL and half characters, which no database keeps."""
    if isinstance(value, str):
        return UNSTORABLE.sub("�", value)
    if isinstance(value, dict):
        return {_storable(key): _storable(inner) for key, inner in value.items()}
    return [_storable(inner) for inner in value] if isinstance(value, list) else value
