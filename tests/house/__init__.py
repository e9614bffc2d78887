"""Tests of what starts everything: run.py, the command line, the settings and the embedded PostgreSQL."""
