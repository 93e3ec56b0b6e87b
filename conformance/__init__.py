"""Reality: real clients and servers driven over HTTP by what the model says, and judged by what they send."""
