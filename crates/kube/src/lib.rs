//! Kubernetes client, watches, events and status for every component.
