//! Calendars: windows, waits and working time, exact across zones.
