//! Lanes as production has them, without their rows: a touch is taken when its own time and its lane's have come.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use crate::domain::id::{TouchId, dice};
use crate::domain::playbook::Settings;
use crate::domain::throttle;
use crate::domain::time::Instant;
use crate::engine::lanes::fresh_lane;

/// Touches taken in one turn, as a courier takes them.
const AT_ONCE: usize = 32;

#[derive(Default)]
pub(super) struct Lanes {
    all: Vec<Lane>,
    by_name: BTreeMap<String, usize>,
    /// Lanes whose turn may have moved since it was last put in the queue.
    moved: BTreeSet<usize>,
}

struct Lane {
    name: String,
    arithmetic: throttle::Lane,
    zone: TimeZone,
    /// By rank, the earliest first.
    waiting: BTreeMap<i32, BTreeSet<(Instant, TouchId)>>,
    places: BTreeMap<TouchId, (i32, Instant)>,
    /// The turn that stands in the queue.
    turn: Option<Instant>,
}

impl Lanes {
    /// Lets a lane go on from what it has done before.
    pub fn resume(&mut self, name: &str, done: &throttle::Lane, settings: &Settings) {
        let place = self.place(name, settings);
        let lane = &mut self.all[place].arithmetic;
        (lane.ready_at, lane.day, lane.used, lane.before) = (done.ready_at, done.day, done.used, done.before);
        self.moved.insert(place);
    }

    pub fn insert(&mut self, name: &str, (rank, ready_at, touch): (i32, Instant, TouchId), settings: &Settings) {
        let place = self.place(name, settings);
        let lane = &mut self.all[place];
        lane.remove(&touch);
        lane.places.insert(touch.clone(), (rank, ready_at));
        lane.waiting.entry(rank).or_default().insert((ready_at, touch));
        self.moved.insert(place);
    }

    pub fn remove(&mut self, name: &str, touch: &TouchId) {
        if let Some(lane) = self.by_name.get(name).and_then(|place| self.all.get_mut(*place)) {
            lane.remove(touch);
        }
    }

    /// Takes what may leave now; nothing if this is not the turn that stands in the queue.
    pub fn take(&mut self, place: usize, turn: Instant, now: Instant) -> Vec<TouchId> {
        let lane = &mut self.all[place];
        if lane.turn != Some(turn) {
            return Vec::new();
        }
        lane.turn = None;
        self.moved.insert(place);
        let ready: Vec<TouchId> = lane.ready(now).take(AT_ONCE).cloned().collect();
        let wanted = u32::try_from(ready.len()).unwrap_or(u32::MAX);
        let seed = dice(&[&lane.name, &now.0.to_string()]);
        let taken = lane.arithmetic.reserve(wanted, now, &lane.zone, seed);
        ready.into_iter().take(taken as usize).inspect(|touch| lane.remove(touch)).collect()
    }

    /// A place that was taken at this instant and not used.
    pub fn give_back(&mut self, place: usize, now: Instant) {
        let lane = &mut self.all[place];
        if lane.arithmetic.cap.is_some() {
            let day = lane.arithmetic.day;
            lane.arithmetic.give_back(1, day, &lane.zone, now);
        }
    }

    /// The turns that must be put in the queue; what was ready before has its turn now.
    pub fn turns(&mut self, now: Instant) -> Vec<(usize, Instant)> {
        let mut turns = Vec::new();
        for place in std::mem::take(&mut self.moved) {
            let lane = &mut self.all[place];
            let Some(at) = lane.first().map(|ready| ready.max(lane.arithmetic.ready_at).max(now)) else {
                lane.turn = None;
                continue;
            };
            if lane.turn != Some(at) {
                lane.turn = Some(at);
                turns.push((place, at));
            }
        }
        turns
    }

    fn place(&mut self, name: &str, settings: &Settings) -> usize {
        if let Some(place) = self.by_name.get(name) {
            return *place;
        }
        let (arithmetic, zone) = fresh_lane(settings, name);
        let lane = Lane {
            name: name.to_owned(),
            arithmetic,
            zone,
            waiting: BTreeMap::new(),
            places: BTreeMap::new(),
            turn: None,
        };
        let place = self.all.len();
        self.all.push(lane);
        self.by_name.insert(name.to_owned(), place);
        place
    }
}

impl Lane {
    /// What may leave now, in the order in which it leaves.
    fn ready(&self, now: Instant) -> impl Iterator<Item = &TouchId> {
        let ready = self.waiting.values().flat_map(move |waiting| waiting.iter().take_while(move |(at, _)| *at <= now));
        ready.map(|(_, touch)| touch)
    }

    /// When the first is ready.
    fn first(&self) -> Option<Instant> {
        self.waiting.values().filter_map(|waiting| Some(waiting.first()?.0)).min()
    }

    fn remove(&mut self, touch: &TouchId) {
        let Some((rank, at)) = self.places.remove(touch) else { return };
        if let Some(waiting) = self.waiting.get_mut(&rank) {
            waiting.remove(&(at, touch.clone()));
        }
    }
}
