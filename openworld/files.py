"""Files that are either whole or not there, and data as JSON text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from simulations.files import replacing

__all__ = ["as_json", "replacing", "write"]


def write(path: Path, content: str) -> None:
    """Write a text file in one go."""
    with replacing(path) as temporary:
        temporary.write_text(content, encoding="utf-8", newline="\n")


def as_json(data: Any) -> str:
    """Data as indented JSON with a final newline."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
