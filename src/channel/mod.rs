//! Speaks: hands one touch to the outside world and says what came of it.
