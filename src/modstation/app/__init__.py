"""Puts the parts together and holds the state of one reviewer's session; knows no Qt."""
