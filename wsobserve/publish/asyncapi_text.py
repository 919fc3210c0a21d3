"""A document in, its text out: YAML, as people read it, or JSON. The same document always gives the same text."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

# What YAML 1.2 or an old reader of 1.1 takes for something else than a text, and PyYAML (1.1) would not quote.
NOT_PLAIN = re.compile(r"[-+]?(0o?[0-7_]+|0x[0-9a-fA-F_]+|(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)|[yYnN]")
# Ends of lines for some readers and not for others.
NOT_AS_IT_IS = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")
SURROGATE = re.compile("[\ud800-\udfff]")


def asyncapi_text(document: dict[str, Any], form: Literal["yaml", "json"] = "yaml") -> str:
    """The document as it is written to a file."""
    if form == "json":
        # A lone surrogate, which JSON can hold and UTF-8 cannot, stays an escape.
        text = json.dumps(document, indent=2, ensure_ascii=False)
        return SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"
    return _yaml_text(document)


def _yaml_text(document: dict[str, Any]) -> str:
    import yaml  # here: nothing else needs it

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            return True

    def text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        text = SURROGATE.sub("\ufffd", text)  # YAML has no way to write it
        quoted = NOT_PLAIN.fullmatch(text) or NOT_AS_IT_IS.search(text)
        style = '"' if quoted else "|" if "\n" in text else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, text_node)
    return yaml.dump(document, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=False)
