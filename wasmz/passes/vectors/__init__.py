"""Parts of `lanes`: rules for single lanes, and the rewriting of a function by them."""
