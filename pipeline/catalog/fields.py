"""The types of the catalog's values: what each refuses, and how it says so."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from pipeline.catalog.platforms import read_platform, read_platforms
from pipeline.catalog.public_key import public_bytes
from pipeline.catalog.references import is_component, is_digest, is_registry, is_tag, parse_reference
from pipeline.errors import CatalogError

_LONGEST_NAME = 63
_SERVICE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_FIELD = re.compile(r"[^.=\s]+(?:\.[^.=\s]+)*")
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_VERSION = re.compile(r"\d+(?:\.\d+){1,2}")


def _word(text: str) -> str:
    if not is_component(text):
        raise ValueError(
            f"{text!r} cannot stand in an image name: lower-case letters, digits and . _ - between"
        )
    return text


def _name(text: str) -> str:
    # NB: without services a family or an image is tested under its own name, which is a host's name too.
    if len(text) > _LONGEST_NAME:
        raise ValueError(f"{text[:20]}… is longer than {_LONGEST_NAME} characters")
    return _word(text)


def _registry(text: str) -> str:
    if not is_registry(text):
        raise ValueError(f"{text!r} is not a registry's address such as ghcr.io or localhost:5000")
    return text


def _organisation(text: str) -> str:
    if not text or not all(is_component(part) for part in text.split("/")):
        raise ValueError(f"{text!r} is not an organisation: lower-case letters, digits and . _ - between")
    return text


def _tag(text: str) -> str:
    if text and not is_tag(text):
        raise ValueError(f"{text!r} is not a tag")
    return text


def _digest(text: str) -> str:
    if text and not is_digest(text):
        raise ValueError(f"{text!r} is not a digest: sha256: and 64 lower-case hex digits")
    return text


def _reference(text: str) -> str:
    try:
        parse_reference(text)
    except CatalogError as error:
        raise ValueError(error.what) from None
    return text


def _public_key(text: str) -> str:
    if text:
        public_bytes(text)
    return text


def _service_name(text: str) -> str:
    if _SERVICE_NAME.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a service name: letters, digits and . _ - after the first")
    return text


def _platform(text: str) -> str:
    """NB: kept as it was written: it stands in build keys."""
    read_platform(text)
    return text


def _field(text: str) -> str:
    if _FIELD.fullmatch(text) is None:
        raise ValueError(f'{text!r} is not the place of a field, such as "status" or "models.0.name"')
    return text


def _value(value: object) -> object:
    """As JSON has it; a string without its quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _module(text: str) -> str:
    if _MODULE.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a Python module such as cv2 or os.path")
    return text


def _version(text: str) -> str:
    if text and _VERSION.fullmatch(text) is None:
        raise ValueError(f'{text!r} is not a version such as "12.1"')
    return text


Registry = Annotated[str, AfterValidator(_registry)]
Organisation = Annotated[str, AfterValidator(_organisation)]
Platform = Annotated[str, AfterValidator(_platform)]
PublicKey = Annotated[str, AfterValidator(_public_key)]
ImageReference = Annotated[str, AfterValidator(_reference)]
ServiceName = Annotated[str, AfterValidator(_service_name)]
Word = Annotated[str, AfterValidator(_word)]
Name = Annotated[str, AfterValidator(_name)]
Tag = Annotated[str, AfterValidator(_tag)]
Digest = Annotated[str, AfterValidator(_digest)]
Version = Annotated[str, AfterValidator(_version)]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
PortKey = Annotated[int, Field(ge=1, le=65535)]  # NB: TOML keys are text; hence not strict
HostPorts = dict[PortKey, Port]
Text = Annotated[str, Field(min_length=1)]
Line = Annotated[str, Field(min_length=1, pattern=r"^[^\r\n]+$")]
Platforms = Annotated[tuple[str, ...], AfterValidator(read_platforms)]
Module = Annotated[str, AfterValidator(_module)]
Place = Annotated[str, Field(pattern=r"^/[^\r\n]*$")]
Answer = dict[Annotated[str, AfterValidator(_field)], Annotated[Line, BeforeValidator(_value)]]
Probe = Literal["httpGet", "tcpSocket", "exec", "logLine"]
