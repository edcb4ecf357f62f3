"""Calls between Python, generated code and the host: functions, adapters, code that is made as it is called."""
