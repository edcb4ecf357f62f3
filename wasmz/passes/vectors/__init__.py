"""What `lanes` is made of: rules for single lanes, and the rewriting of a function by them."""
