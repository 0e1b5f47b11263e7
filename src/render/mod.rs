//! Turns a template and a lead into a message.
