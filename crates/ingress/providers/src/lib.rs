//! Kubernetes objects to routes.
