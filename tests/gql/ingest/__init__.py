"""Tests of the endpoints that take reports from outside."""
