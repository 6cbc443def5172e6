"""Whether a locked dependency has a known vulnerability: `make audit`."""
