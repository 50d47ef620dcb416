"""Telling receivers: letters written with the change, sent afterwards, kept in a log."""
