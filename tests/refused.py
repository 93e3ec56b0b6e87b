"""How a command refuses what it was asked."""

from click.testing import Result


def refused(ran: Result) -> str:
    """The one line that says what is wrong; the exit code is 2."""
    assert ran.exit_code == 2, ran.output
    assert ran.stderr.count("\n") == 1, ran.stderr
    return ran.stderr.rstrip("\n")
