//! Signs and verifies tokens and webhooks.
