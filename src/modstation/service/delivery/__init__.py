"""Handing files out: addresses, renditions, and caches in front of the service."""
