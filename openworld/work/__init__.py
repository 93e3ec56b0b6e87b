"""What commands do that need more than the model and the solver: loaded when they are called, by name."""

#: What can be asked of an experiment, each with the options that go with no other question, or not with all.
QUESTIONS: dict[str, tuple[str, ...]] = {
    "rates": ("--replications", "--attempts", "--half-width", "--record", "--inputs"),
    "sensitivity": ("--samples", "--method", "--attempts"),
    "worth": ("--samples", "--weight", "--attempts"),
    "couplings": (),
    "break-even": ("--samples", "--weight", "--attempts"),
}
