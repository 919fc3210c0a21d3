"""The frame of a generated Python module: its heading, imports and small functions, and the entry that reads a message."""

from __future__ import annotations

import keyword
from collections.abc import Collection, Mapping, Sequence

from wsobserve.publish.python_text import WIDTH, Call, Expression, laid_out, literal

# Formats of JSON Schema that become types of Python: those where every text of the format has a value.
FORMATS = {"date-time": "DateTime", "date": "Date", "uuid": "Uuid", "ipv4": "Ipv4", "ipv6": "Ipv6"}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Names that annotations in the module use: a field of the same name would hide them from those that follow it.
IN_ANNOTATIONS = _words("Annotated Any Exact Field Literal NotNull str int float bool list dict tuple bytes") | {
    *FORMATS.values()
}
# All that the module gives or imports: no model may have such a name.
RESERVED = IN_ANNOTATIONS.union(
    keyword.kwlist,
    _words("AfterValidator BaseModel BeforeValidator Callable WrapValidator ConfigDict TypeAdapter TypeAliasType"),
    _words("UUID IPv4Address IPv6Address Closed Open MESSAGES"),
)
# Attributes of pydantic's BaseModel: a field of the same name would hide them.
OF_BASE_MODEL = _words(
    """copy json dict schema schema_json construct validate parse_obj parse_raw parse_file from_orm update_forward_refs
    mro register self cls"""
)

FROM_TEXT = '''\
def _from_text(pattern: str, read: Callable[[str], Any]) -> BeforeValidator:
    """Text of this form is read; a number never is."""

    def convert(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if re.fullmatch(pattern, value) is None:
            raise ValueError("not of this format")
        return read(value)

    return BeforeValidator(convert)
'''
READ_DATE_TIME = '''\
def _read_date_time(text: str) -> datetime:
    """RFC 3339; the second 60 of a leap second is the one after 59."""
    leap = re.sub(r"(T\\d{2}:\\d{2}):60", r"\\1:59", text.upper().replace(" ", "T"))
    moment = datetime.fromisoformat(re.sub(r"(\\.\\d{6})\\d+", r"\\1", leap))
    return moment + timedelta(seconds=1) if ":60" in text else moment
'''
DATE_TIME_FORM = r'r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:?\d{2})?"'
DATE_TIME_TYPE = f"""\
DateTime = Annotated[
    datetime,
    _from_text(
        {DATE_TIME_FORM},
        _read_date_time,
    ),
]"""
UUID_TYPE = """\
Uuid = Annotated[
    UUID, _from_text(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", UUID)
]"""
FORMAT_TYPES = {
    "DateTime": DATE_TIME_TYPE,
    "Date": 'Date = Annotated[date, _from_text(r"\\d{4}-\\d{2}-\\d{2}", date.fromisoformat)]',
    "Uuid": UUID_TYPE,
}
CHECKED = '''\
def _checked(read: Callable[[str], Any]) -> AfterValidator:
    """Text that can be read so; it stays text."""

    def check(text: str) -> str:
        read(text)
        return text

    return AfterValidator(check)
'''
CHECKED_TYPES = {
    "Ipv4": "Ipv4 = Annotated[str, _checked(IPv4Address)]",
    "Ipv6": "Ipv6 = Annotated[str, _checked(IPv6Address)]",
}
EXACT = """\
def _exact(value: Any, validate: Callable[[Any], Any]) -> Any:
    constant = validate(value)
    if type(constant) is not type(value):
        raise ValueError("equal, but of another type")
    return constant


Exact = WrapValidator(_exact)
"""
NOT_NULL = """\
def _not_null(value: Any) -> Any:
    if value is None:
        raise ValueError("may be absent, but null was never seen")
    return value


NotNull = BeforeValidator(_not_null)
"""
BASES = {
    "Closed": '''\
class Closed(BaseModel):
    """A record without other fields."""

    model_config = ConfigDict(strict=True, extra="forbid")
''',
    "Open": '''\
class Open(BaseModel):
    """A record that may have other fields."""

    model_config = ConfigDict(strict=True, extra="allow")
''',
}
HEADING = '''\
"""Models of WebSocket messages, inferred from captured traffic by wsobserve.

An optional field that was absent is None: `model_dump(by_alias=True, exclude_unset=True)`
gives the message back as it was, but for the way in which a moment is written.
"""
'''


def module_text(
    classes: Sequence[Sequence[str]],
    aliases: Sequence[Sequence[str]],
    unions: Mapping[str, str],
    channels: Mapping[str, Expression],
    configured: Collection[str],
    used: Collection[str],
) -> str:
    """The whole module. `classes` and `aliases` are lines; `channels` gives the type of all messages of a channel.

    `configured`: the channels whose type must be told not to convert; a model knows it.
    """
    used = {*used, *(["ConfigDict"] if configured else [])}
    blocks = _helpers(used)
    blocks += [text.rstrip() for name, text in BASES.items() if name in used]
    blocks += ["\n".join(lines) for lines in classes]
    plain = ["\n".join(lines) for lines in aliases]
    for channel, name in unions.items():
        plain.append("\n".join(laid_out(f"{name} = ", channels[channel])))
    if plain:
        blocks.append("\n".join(plain))
    blocks.append(_adapters(unions, configured))
    blocks.append(_entry(list(unions)))
    heading = f"{HEADING}\nfrom __future__ import annotations\n\n{_imports(used)}"
    # As import sorters have it: two blank lines before a class or function, one before anything else.
    gap = "\n\n\n" if blocks[0].startswith(("class", "def")) else "\n\n"
    return heading + gap + "\n\n\n".join(blocks) + "\n"


def _helpers(used: Collection[str]) -> list[str]:
    """The functions that fields need, each before the types made with it."""
    read = [text for name, text in FORMAT_TYPES.items() if name in used]
    checked = [text for name, text in CHECKED_TYPES.items() if name in used]
    blocks = [FROM_TEXT] if read else []
    blocks += [READ_DATE_TIME] if "DateTime" in used else []
    blocks += [CHECKED] if checked else []
    blocks += ["\n".join([*read, *checked])] if read or checked else []
    blocks += [EXACT] if "Exact" in used else []
    blocks += [NOT_NULL] if "NotNull" in used else []
    return [block.rstrip() for block in blocks]


# What the text of the module needs, in the order in which an import sorter has it: from where, what, needed by what.
IMPORTED = (
    ("collections.abc", "Callable", ("DateTime", "Date", "Uuid", "Ipv4", "Ipv6", "Exact")),
    ("datetime", "date", ("Date",)),
    ("datetime", "datetime", ("DateTime",)),
    ("datetime", "timedelta", ("DateTime",)),
    ("ipaddress", "IPv4Address", ("Ipv4",)),
    ("ipaddress", "IPv6Address", ("Ipv6",)),
    ("typing", "Annotated", ("Annotated", "DateTime", "Date", "Uuid", "Ipv4", "Ipv6")),
    ("typing", "Any", ("always",)),
    ("typing", "Literal", ("Literal",)),
    ("uuid", "UUID", ("Uuid",)),
    ("pydantic", "AfterValidator", ("Ipv4", "Ipv6")),
    ("pydantic", "BaseModel", ("Closed", "Open")),
    ("pydantic", "BeforeValidator", ("DateTime", "Date", "Uuid", "NotNull")),
    ("pydantic", "ConfigDict", ("Closed", "Open", "ConfigDict")),
    ("pydantic", "Field", ("Field",)),
    ("pydantic", "TypeAdapter", ("always",)),
    ("pydantic", "WrapValidator", ("Exact",)),
    ("typing_extensions", "TypeAliasType", ("TypeAliasType",)),
)


def _imports(used: Collection[str]) -> str:
    used = {*used, "always"}
    names: dict[str, list[str]] = {}
    for module, name, needed_by in IMPORTED:
        if not used.isdisjoint(needed_by):
            names.setdefault(module, []).append(name)
    lines = ["import re"] if not used.isdisjoint(FORMAT_TYPES) else []
    for module, imported in names.items():
        lines += [""] if module == "pydantic" else []
        line = f"from {module} import {', '.join(imported)}"
        several = [f"from {module} import (", *(f"    {name}," for name in imported), ")"]
        lines += [line] if len(line) <= WIDTH else several
    return "\n".join(lines)


def _adapters(unions: Mapping[str, str], configured: Collection[str]) -> str:
    if not unions:
        return "MESSAGES: dict[str, TypeAdapter[Any]] = {}"
    lines = ["MESSAGES: dict[str, TypeAdapter[Any]] = {"]
    for channel, name in unions.items():
        arguments: tuple[Expression, ...] = (name,)
        if channel in configured:
            arguments = (name, "config=ConfigDict(strict=True)")
        lines += laid_out(f"    {literal(channel)}: ", Call("TypeAdapter", arguments, "()"), ",")
    return "\n".join([*lines, "}"])


def _entry(channels: Sequence[str]) -> str:
    channel = f"channel: str = {literal(channels[0])}" if len(channels) == 1 else "channel: str"
    lines = laid_out("def parse", Call("", ("message: str | bytes", channel), "()"), " -> Any:")
    return "\n".join(
        [
            *lines,
            '    """A message of the channel as a model; pydantic.ValidationError when it fits none."""',
            "    return MESSAGES[channel].validate_json(message)",
        ]
    )
