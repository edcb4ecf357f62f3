"""What bounds a guest: memory, depth, time; and where the runtime lets itself be stopped."""
