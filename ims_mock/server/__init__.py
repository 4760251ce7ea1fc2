"""The HTTP server: waitress with streaming uploads, TLS and reloading."""
