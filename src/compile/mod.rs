//! Turns the files people write into a playbook, or into errors they can act on.
