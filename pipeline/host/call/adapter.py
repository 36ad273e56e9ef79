"""All reflection on dagger-io's private parts: what a module offers, and how one of its functions is called.

NB: tests/host/call/test_adapter_contract.py holds what this file expects of the installed dagger-io.
"""

import dataclasses
import enum
import inspect
import json
import types
import typing
from typing import Any

from dagger.client import gen
from dagger.client.base import Scalar
from dagger.client.base import Type as CoreObject
from dagger.mod._resolver import Function as SdkFunction
from dagger.mod._utils import get_doc, get_object_type, is_subclass, list_of, strip_annotations

from pipeline.host.call.docstrings import sections
from pipeline.host.call.model import Function, Kind, Parameter, Type
from pipeline.host.call.names import kebab

ADDRESSABLE = ("Container", "Directory", "File", "Secret", "Service", "Socket", "CacheVolume")
_NOT_FUNCTIONS = ("id", "with_")
_PLAIN: dict[Any, Type] = {
    str: Type(kind="string", name="string", python=str),
    int: Type(kind="integer", name="int", python=int),
    float: Type(kind="float", name="float", python=float),
    bool: Type(kind="boolean", name="bool", python=bool),
    type(None): Type(kind="void", name="nothing"),
    None: Type(kind="void", name="nothing"),
}


def _resolved(annotation: Any) -> Any:
    """The class behind a forward reference, for which beartype leaves a proxy in the API's methods."""
    proxy = type(annotation).__module__.startswith("beartype.")
    return getattr(gen, annotation.__name__, annotation) if proxy else annotation


def _without_none(annotation: Any) -> Any:
    if typing.get_origin(annotation) not in (typing.Union, types.UnionType):
        return annotation
    rest = [each for each in typing.get_args(annotation) if each is not type(None)]
    return rest[0] if len(rest) == 1 else annotation


def _kind(annotation: Any) -> Kind:
    if get_object_type(annotation):
        return "object"
    bases: tuple[tuple[type, Kind], ...] = ((Scalar, "scalar"), (CoreObject, "core"))
    found: list[Kind] = [kind for base, kind in bases if is_subclass(annotation, base)]
    return found[0] if found else "unknown"


def type_of(annotation: Any) -> Type:
    """The type that an annotation of a module or of the API stands for."""
    if isinstance(annotation, dataclasses.InitVar):
        return type_of(annotation.type)
    annotation = _resolved(_without_none(strip_annotations(annotation)))
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if element := list_of(annotation):
        inner = type_of(element)
        return Type(kind="list", name=f"{inner.name}s", python=annotation, element=inner)
    if is_subclass(annotation, enum.Enum):
        return Type(kind="enum", name=",".join(sorted(annotation.__members__)), python=annotation)
    return Type(
        kind=_kind(annotation), name=getattr(annotation, "__name__", str(annotation)), python=annotation
    )


def _can_be_given(type_: Type) -> bool:
    inner = type_.innermost
    return (
        inner.name in ADDRESSABLE if inner.kind == "core" else inner.kind not in ("object", "unknown", "void")
    )


def _shown_default(default: Any, type_: Type) -> str:
    if default in (None, False, inspect.Parameter.empty, [], ""):
        return ""
    if isinstance(default, enum.Enum):
        return default.name
    return (
        json.dumps(default) if type_.kind == "string" or isinstance(default, (int, float)) else str(default)
    )


def _module_parameters(function: SdkFunction) -> tuple[Parameter, ...]:
    found: list[Parameter] = []
    for each in function.parameters.values():
        type_ = type_of(each.resolved_type)
        default = each.signature.default
        parameter = Parameter(
            key=each.name,
            flag=kebab(each.name),
            type=type_,
            doc=each.doc or "",
            required=not each.is_optional,
            default="" if isinstance(default, dataclasses.Field) else _shown_default(default, type_),
            default_path=each.default_path or "",
            ignore=tuple(each.ignore or ()),
        )
        found.append(parameter)
    return tuple(found)


def _module_function(function: SdkFunction, *, name: str) -> Function:
    return Function(
        name=name,
        key=function.name if name else "",
        returns=type_of(function.return_type),
        doc=function.doc or "",
        parameters=_module_parameters(function),
        is_check=function.check,
    )


def _object_functions(cls: type) -> list[Function]:
    found = get_object_type(cls)
    if found is None:
        raise TypeError(f"{cls} is not decorated with @dagger.object_type")
    hints = typing.get_type_hints(cls)
    fields: list[Function] = []
    for field in found.fields.values():
        returns = type_of(hints[field.original_name])
        doc = get_doc(field.return_type) or (get_doc(returns.python) if returns.chainable else "") or ""
        fields.append(
            Function(name=kebab(field.name), key=field.name, returns=returns, doc=doc, is_field=True)
        )
    return fields + [_module_function(each, name=kebab(key)) for key, each in found.functions.items() if key]


def _core_function(cls: type, name: str, method: Any) -> Function | None:
    """One method of an API class; None when it takes something that has no form on a command line."""
    plain = inspect.unwrap(method)
    hints = typing.get_type_hints(plain, dict(vars(gen)))
    doc, texts = sections(inspect.cleandoc(plain.__doc__ or ""))
    parameters: list[Parameter] = []
    for each in list(inspect.signature(plain).parameters.values())[1:]:
        type_ = type_of(hints.get(each.name, str))
        required = each.default is inspect.Parameter.empty
        if not _can_be_given(type_):
            if required:
                return None
            continue
        shown = _shown_default(each.default, type_)
        key = each.name.removesuffix("_")
        parameters.append(
            Parameter(
                key=each.name,
                flag=kebab(key),
                type=type_,
                doc=texts.get(each.name, ""),
                required=required,
                default=shown,
            )
        )
    returned = hints.get("return", type(None))
    returns = type_of(cls if returned is typing.Self or str(returned).endswith("Self") else returned)
    return Function(name=kebab(name), key=name, returns=returns, doc=doc, parameters=tuple(parameters))


def _core_functions(cls: type) -> list[Function]:
    methods = [
        (name, each)
        for name, each in vars(cls).items()
        if inspect.isroutine(each) and not name.startswith("_")
    ]
    found = [_core_function(cls, name, each) for name, each in methods if name not in _NOT_FUNCTIONS]
    return [each for each in found if each]


def constructor_of(cls: type) -> Function:
    """The constructor of a module's main class."""
    found = get_object_type(cls)
    if found is None:
        raise TypeError(f"{cls} is not decorated with @dagger.object_type")
    function = _module_function(found.get_constructor(cls.__dagger_module__._converter), name="")  # pyright: ignore
    return dataclasses.replace(function, returns=type_of(cls), doc=get_doc(cls) or "")


def functions_of(type_: Type) -> tuple[Function, ...]:
    """What can follow a value of this type (or each element of such a list), by name."""
    inner = type_.innermost
    if inner.kind == "object":
        return tuple(sorted(_object_functions(inner.python), key=lambda each: each.name))
    if inner.kind == "core":
        return tuple(sorted(_core_functions(inner.python), key=lambda each: each.name))
    return ()
