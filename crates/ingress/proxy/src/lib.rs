//! Listeners, TLS by SNI, proxying to endpoints.
