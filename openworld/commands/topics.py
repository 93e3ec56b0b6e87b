"""What there is to know of, topic by topic."""

import click

from openworld.commands.common import DONE, Lazy

#: Each topic as a command of its own: the module that has it, and a line for help.
TOPICS = {
    "Topics": {
        "words": ("vocabulary", "Say what WORD means: a property, an attacker, a switch."),
        "properties": ("vocabulary", "List the properties."),
        "designs": ("vocabulary", "List the named designs, or all switches and capabilities."),
        "drafts": ("vocabulary", "Say what a draft, RFC or profile asks of each role."),
        "rules": ("vocabulary", "List the rules that honest parties obey."),
        "worlds": ("vocabulary", "List the worlds that ship, or check and show that of a file."),
        "findings": ("established", "Say what was found, and ask whether it is still so."),
        "literature": ("established", "Ask the model for published attacks, and for their fixes."),
        "questions": ("established", "Say what the model answers to open questions of the drafts."),
        "populations": ("population", "List the populations, or check one and show what it states."),
        "experiments": ("simulations", "List the experiments, or describe one by the ODD protocol."),
        "results": ("simulations", "List stored results, or show those of one experiment."),
    }
}


@click.group("list", cls=Lazy, groups=TOPICS, invoke_without_command=True)
@click.pass_context
def list_(context: click.Context) -> int | None:
    """List what there is of a topic, or show one of it by name.

    \b
    openworld list words "mix-up"
    openworld list designs --switches
    openworld list drafts echo
    openworld list findings prefix-tenants
    """
    if context.invoked_subcommand is not None:
        return None
    click.echo(context.get_help())
    return DONE
