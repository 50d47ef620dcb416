"""Stored assets: rows, words, names, versions, and the calls that list and change them."""
