"""Push, then pull, in plain steps that a test or a process takes one by one."""
