"""Figures that several tables have in common, drawn from tables only: nothing here asks the model or the solver."""
