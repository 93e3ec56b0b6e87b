"""The protocol: rules, machine, worlds."""
