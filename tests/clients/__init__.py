"""The clients that people use, against a real server: `python3 run.py prove clients`."""
