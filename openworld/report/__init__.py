"""The page that shows a study together."""

from openworld.report.page import page
from openworld.report.reading import ReportError, read

__all__ = ["ReportError", "page", "read"]
