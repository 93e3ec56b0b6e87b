"""Security and safety properties, stated over the protocol model."""
