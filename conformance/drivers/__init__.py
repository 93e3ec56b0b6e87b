"""Programs that run inside the environment of the real software and make it do one thing."""
