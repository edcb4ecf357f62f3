"""Calls between Python, generated code and the host: functions, adapters, functions that are compiled when called."""
