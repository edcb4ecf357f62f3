"""The intermediate representation: a control-flow graph of basic blocks over typed values."""
