"""The machines behind the automatic moderations, one module each (reference 2.2)."""
