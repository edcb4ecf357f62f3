"""What the passes over loops are made of: how addresses and counters change, and what a loop does with memory."""
