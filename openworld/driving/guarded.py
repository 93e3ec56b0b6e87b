"""What comes before any real software is run: the folder is claimed, signals are heeded, protection is there."""

from __future__ import annotations

import click

from conformance import sandbox
from conformance.confinement import UnconfinedError, missing_of
from conformance.processes import heed_sigterm
from openworld.driving.asked import DrivingOptions
from openworld.files import claimed


def begin(asked: DrivingOptions) -> None:
    """Make ready to run real software.

    Raises:
        UnconfinedError: all protection was asked for, and some is missing.
    """
    click.get_current_context().with_resource(claimed(asked.output))
    heed_sigterm()
    if asked.required and not sandbox.way():
        raise UnconfinedError(f"nothing is installed or run: {missing_of(closed=True, rooms=False)}")
