"""The documentation as a site, with its live page: built, served and looked at. See ``__main__.py``."""
