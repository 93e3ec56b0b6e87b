"""The tables of a study. To add one, write a module with a :class:`openworld.tables.table.StudyTable`, and list it."""

from openworld.tables import blast_radius, certificates, clients, drafts, environments, experiments, verdicts

#: In the order in which a study makes them.
TABLES = (
    verdicts.TABLE, drafts.TABLE, experiments.TABLE, clients.TABLE, environments.TABLE, blast_radius.TABLE,
)  # fmt: skip
#: Those that other programs make, on request.
CERTIFIED = (certificates.CERTIFICATES, certificates.BOUNDS)
#: All that a study writes into its folder.
WRITTEN = tuple(dict.fromkeys((
    "run.json", "report.html", *(name for table in (*TABLES, *CERTIFIED) for name in table.written), "figures",
)))  # fmt: skip
