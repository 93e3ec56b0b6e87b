"""What the protocol does to a population: agents in time, whose every decision is a rule of :mod:`model`."""
