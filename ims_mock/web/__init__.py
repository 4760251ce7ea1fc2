"""The HTTP API as a Flask application."""
