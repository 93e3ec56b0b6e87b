"""What commands do that need more than the model and the solver: loaded when they are called, by name."""
