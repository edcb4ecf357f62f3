"""What `represent` is made of: which Python int stands for a number, and how operations are written for it."""
