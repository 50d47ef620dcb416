"""Pictures: fetched, kept sealed in a bounded cache, decoded in processes of their own.

Nothing is imported here: a decode worker starts with the modules it needs and no others.
"""
