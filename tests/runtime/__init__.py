"""Tests of the runtime alone: modules are images made by hand, so nothing of the compiler is needed."""
