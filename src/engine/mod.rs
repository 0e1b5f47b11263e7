//! Where a decision meets a transaction.
