//! Tests of the DaemonSets.
