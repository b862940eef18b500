//! What an agent says of its node.
