//! Cluster objects to DNS answers, without I/O.
