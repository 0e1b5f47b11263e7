//! Calendars: windows, waits and working time, exact across zones.

#[derive(Clone, Copy, Debug)]
pub struct Weekdays(pub u8);
#[derive(Clone, Copy, Debug)]
pub struct Hours;
#[derive(Clone, Debug)]
pub struct Pause;
#[derive(Clone, Debug)]
pub struct Calendar;
