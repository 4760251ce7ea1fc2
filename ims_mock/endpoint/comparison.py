"""Comparison of answers: the parts of an answer that a question is about."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import groupby
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from ims_mock.contract.fields import FIELDS
from ims_mock.endpoint.questions import Question, Sample
from ims_mock.endpoint.reading import SECRET_ATTRIBUTES, Shown
from ims_mock.endpoint.transport import Answer, EndpointError
from ims_mock.text import counted, shortened

View = list[dict[str, Any]]  # for each request of a question, what is compared of its answer
_SHOWN: Final = 5  # items of a list or a mapping
_LENGTH: Final = 200  # characters of a text
_REQUEST_ID: Final = re.compile("[0-9a-f]{32}")
_TITLE: Final = re.compile(rb"<title>([^<]{1,80})</title>|\A([^\n<]{1,80})$", re.MULTILINE)
_NULLABLE: Final = [field.name for field in FIELDS if field.is_null_in_glance]


def view(question: Question, answers: Sequence[Answer], sample: Sample, *, is_tied: bool) -> View:
    """Return what a question compares of the answers to its requests: the status, and the parts that it names.

    If ``is_tied``, the order of images of one second is unknown.
    """
    parts = ("status", *question.compare)
    pairs = zip(question.requests, answers, strict=True)
    compared = [answer for request, answer in pairs if not request.is_control]
    found = [{part: PARTS[part](answer, sample, is_tied) for part in parts} for answer in compared]
    return [{part: value for part, value in one.items() if value is not None} for one in found]


def is_object(answer: Answer) -> bool:
    """Return whether the body is an object of JSON; another one may be that of a firewall, a proxy or Glance."""
    return isinstance(_json(answer), dict)


def differing(there: Any, here: Any, part: str = "") -> tuple[Any, Any]:
    """Return two views, or two values of a part, without what is equal."""
    if isinstance(there, dict) and isinstance(here, dict):
        names = [name for name in {**there, **here} if there.get(name, ...) != here.get(name, ...)][:_SHOWN]
        pairs = {name: differing(there.get(name), here.get(name), name) for name in names}
        return (
            {name: pairs[name][0] for name in names if name in there},
            {name: pairs[name][1] for name in names if name in here},
        )
    if not (isinstance(there, list) and isinstance(here, list)):
        return there, here
    if part == "ids":
        common = {*there} & {*here}
        there, here = (
            [counted(len(ids), "image"), *(one for one in ids if one not in common)] for ids in (there, here)
        )
    elif part == "order":
        start = next((n for n, (one, other) in enumerate(zip(there, here, strict=False)) if one != other), 0)
        there, here = ([f"from image {start + 1}", *ids[start:]] for ids in (there, here))
    elif part == "" and len(there) == len(here):
        found = [differing(one, other) for one, other in zip(there, here, strict=True)]
        return [one for one, _ in found], [other for _, other in found]
    return there, here


def short_view(value: Any) -> Any:
    """Return a view with the first items of lists and objects and with short texts.

    Its identities must have been replaced, because a part of one may remain.
    """
    if isinstance(value, str):
        return shortened(value, _LENGTH)
    if isinstance(value, dict):
        return {short_view(name): short_view(inner) for name, inner in [*value.items()][:_SHOWN]}
    if isinstance(value, list) and len(value) > _SHOWN:
        return [*map(short_view, value[:_SHOWN]), f"and {len(value) - _SHOWN} more"]
    return [*map(short_view, value)] if isinstance(value, list) else value


def _json(answer: Answer) -> Any:
    with suppress(EndpointError):
        return answer.json
    return None


def images_of(answer: Answer) -> list[Shown] | None:
    """Return the images of a list, or ``None`` if the answer is none."""
    body = _json(answer)
    images = body.get("images") if answer.status == 200 and isinstance(body, dict) else None
    return images if isinstance(images, list) and all(isinstance(image, dict) for image in images) else None


def _ids(images: Iterable[Shown]) -> list[str]:
    return [str(image.get("id")) for image in images]


def _of_images(part: Callable[[list[Shown], Sample], Any]) -> Callable[[Answer, Sample, bool], Any]:
    return lambda answer, sample, _: None if (images := images_of(answer)) is None else part(images, sample)


def _order(answer: Answer, sample: Sample, is_tied: bool) -> Any:
    """Return the ids in order; if times have fractions, images that sort alike are a sorted list of ids."""
    images = images_of(answer)
    if images is None or not is_tied:
        return images and _ids(images)
    query = parse_qsl(urlsplit(answer.target).query)
    keys = [key.split(":")[0] for name, value in query if name in ("sort", "sort_key") for key in value.split(",")]
    groups = groupby(images, lambda image: [image.get(key) for key in (*keys, "created_at")])
    return [ids if len(ids := sorted(_ids(alike))) > 1 else ids[0] for _, alike in groups]


def _links(answer: Answer, *_: object, is_raw: bool = False) -> Any:
    """Return path and decoded parameters of the links; the id of a marker depends on the order of the images."""
    if images_of(answer) is None:
        return None
    links = {name: str(link) for name in ("first", "next") if (link := _json(answer).get(name))}
    pairs = {name: parse_qsl(link.partition("?")[2], keep_blank_values=True) for name, link in links.items()}
    parts = {
        name: [link.partition("?")[0], *(f"{key}={'…' if key == 'marker' else value}" for key, value in pairs[name])]
        for name, link in links.items()
    }
    return links if is_raw else parts


def _shape(answer: Answer, *_: object) -> Any:
    """Return the names of the keys of an error and its code, or the media type and the title; never the message."""
    if answer.status < 400:
        return None
    body = _json(answer)
    if isinstance(body, dict):
        inner = error if isinstance(error := body.get("error"), dict) else body
        codes = (inner.get(name) for name in ("code", "error_code"))
        return {"keys": sorted(_keys(body)), "code": next((str(code) for code in codes if code is not None), None)}
    title = _TITLE.search(answer.body[:2_000])
    text = (title[1] or title[2]).decode("utf-8", "replace").strip() if title else ""
    return {"media type": answer.media_type, "title": text}


def _keys(body: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in body.items():
        if isinstance(value, dict):
            yield from _keys(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _walk(images: list[Shown], _: Sample) -> Any:
    ids = set(_ids(images))
    return {"images": len(ids), "repeated": len(images) - len(ids)}


def _shared(images: list[Shown], sample: Sample) -> Any:
    shared = _ids(sample.shared)
    pairs = zip(_ids(images), images, strict=True)
    return {one: [image.get("visibility"), image.get("__imagetype")] for one, image in pairs if one in shared}


def _nulls(images: list[Shown], _: Sample) -> Any:
    """Return for each base property whether it is shown as null by any image, and whether it is absent from any."""
    return {
        name: {
            "null": any(name in image and image[name] is None for image in images),
            "absent": any(name not in image for image in images),
        }
        for name in _NULLABLE
    }


def _fields(answer: Answer, *_: object) -> Any:
    """Return the attributes of each image by its id, except those that are not recorded."""
    images, body = images_of(answer), _json(answer)
    if images is None and not (isinstance(body, dict) and answer.status == 200):
        return None
    return {
        str(image.get("id")): {name: value for name, value in image.items() if name not in SECRET_ATTRIBUTES}
        for image in ([body] if images is None else images)
    }


PARTS: Final[Mapping[str, Callable[[Answer, Sample, bool], Any]]] = {
    "status": lambda answer, *_: answer.status,
    "ids": _of_images(lambda images, _: sorted(_ids(images))),
    "order": _order,
    "count": _of_images(lambda images, _: len(images)),
    "next": lambda answer, *_: None if images_of(answer) is None else "next" in _json(answer),
    "links": _links,
    "raw-links": partial(_links, is_raw=True),
    "shape": _shape,
    "media-type": lambda answer, *_: answer.media_type,
    "request-id": lambda answer, *_: _REQUEST_ID.fullmatch(answer.headers.get("x-request-id", "")) is not None,
    "walk": _of_images(_walk),
    "shared": _of_images(_shared),
    "nulls": _of_images(_nulls),
    "fields": _fields,
}
"""The parts of an answer that can be compared, by name; ``None`` if the answer has no such part."""
