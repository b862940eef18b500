//! Flags, files and environment to typed settings.
