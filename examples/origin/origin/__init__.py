"""The sample service that Vedette probes: orders over SQLite, with a switch to misbehave."""

__version__ = "0.1.0"
