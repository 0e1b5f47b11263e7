//! One function that decides what happens to a lead next.
