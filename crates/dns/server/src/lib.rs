//! DNS over UDP and TCP from a zone snapshot.
