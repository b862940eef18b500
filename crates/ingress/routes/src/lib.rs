//! Rules and route tables, without I/O.
