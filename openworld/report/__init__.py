"""The pages that show a study together: ``index.md`` for a repository, ``report.html`` for everybody else."""

from __future__ import annotations

from openworld.report.index import index
from openworld.report.page import page
from openworld.report.reading import ReportError, read

__all__ = ["ReportError", "index", "page", "read"]
