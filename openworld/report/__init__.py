"""The page that shows a study together."""

from __future__ import annotations

from openworld.report.page import page
from openworld.report.reading import ReportError, Study, read

__all__ = ["ReportError", "Study", "page", "read"]
