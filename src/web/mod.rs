//! Shows: the public and the private listener.
