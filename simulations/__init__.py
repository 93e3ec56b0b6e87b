"""Simulations of open-world OAuth deployments."""
