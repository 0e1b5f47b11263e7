mod answers;
mod faults;
mod nulls;
mod properties;
mod sheet;
mod turns;
mod worlds;
