"""What deployed clients and servers were seen to do, as designs of the model: measurements, fits, what they lack."""
