"""Files coming in: whole, in parts, from an address, later, or by a preset."""
