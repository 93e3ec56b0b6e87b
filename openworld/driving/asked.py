"""What the command line says of how real software is run, and where what is found goes."""

from dataclasses import dataclass
from pathlib import Path

import click


@dataclass(frozen=True, slots=True)
class DrivingOptions:
    """The options of ``openworld conform``; the driver gets those that say what is driven."""

    command: str | None = None
    driver: Path | None = None
    package: str | None = None
    from_source: bool = False
    reads: tuple[Path, ...] = ()
    serve: bool = False
    lock: Path | None = None
    sources: tuple[str, ...] = ("catalogue",)
    properties: tuple[str, ...] = ()
    suite: bool = False
    suite_from: Path | None = None
    checks: Path | None = None
    scenarios: str | None = None
    own: Path | None = None
    limit: float = 20.0
    jobs: int = 2
    plain: bool = False
    required: bool = False
    expect: Path | None = None
    write_expectations: Path | None = None
    junit: Path | None = None
    output: Path | None = None
    as_json: bool = False

    def check(self, several: bool, matrix: str) -> None:
        """Refuse what does not go together.

        ``several``: more than one real party takes part; ``matrix``: what asks for a matrix, if anything does.
        """
        if self.lock is not None and (several or self.serve or not (self.package or not self.command)):
            raise click.UsageError("--lock says what to install of one client or server")
        if self.driver is not None and (self.package is None or self.command):
            raise click.UsageError("--driver is a driver of --package, in the place of --command")
        if self.package and not (self.driver or self.command):
            raise click.UsageError("say with --driver or --command how --package is driven")
        suites = self.suite or self.suite_from
        if self.serve and (self.package or self.command or suites):
            raise click.UsageError("--serve waits for a client that you start; it runs none")
        runs = several or self.command or self.package or self.serve or suites or self.sources != ("catalogue",)
        if self.checks is not None and runs:
            raise click.UsageError("--checks reads what the suite has found of one client; nothing is run")
        if self.serve and "pairs" in self.sources:
            raise click.UsageError("--source pairs is for a client that is started here")
        if matrix and self.output is None:
            raise click.UsageError(f"{matrix}: the pages and all results are kept in the folder of -o; name one")
        chosen = self.own or self.properties or suites or self.sources != ("catalogue",) or self.expect
        if matrix == "--matrix" and (chosen or self.scenarios):
            raise click.UsageError("what --matrix runs and expects is in its file")
        if matrix and chosen:
            raise click.UsageError(f"{matrix} are played scenarios of the catalogue; --matrix FILE can say more")
