//! Conditions: the documented subset of CEL, typed when loaded, never failing when run.
