//! Logging, metrics registry and the admin HTTP server.
