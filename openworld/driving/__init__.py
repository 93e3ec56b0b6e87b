"""What ``openworld conform`` does: real software is driven, and what came of it told and kept.

One module for each thing that can be driven; :mod:`openworld.commands.conform` says by name which.
"""
