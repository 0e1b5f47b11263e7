//! Says: the workspace's settings, overlaid by the environment.
