//! Remembers: the narrow waist to SQLite and PostgreSQL.
