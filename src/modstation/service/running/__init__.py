"""Starting, watching and tidying up a service."""
