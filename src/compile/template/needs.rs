//! Which values a template asks for, and whether it can do without each: nothing may ever go out blank.

use std::collections::BTreeSet;
use std::ops::Range;

use super::expression::{Expr, Wrong};
use super::tags::{Block, Kind, Tag};
use crate::compile::names;

/// Helpers that make a value of values.
pub const HELPERS: [&str; 17] = [
    "or", "upper", "lower", "title", "date", "truncate", "pick", "plural", "url", "eq", "ne", "gt", "gte", "lt", "lte",
    "and", "not",
];

/// Helpers that ask about a value and may find it missing.
const QUESTIONS: [&str; 8] = ["eq", "ne", "gt", "gte", "lt", "lte", "and", "not"];

/// Helpers that show all of their first argument, where it is there.
const SHOWING: [&str; 4] = ["or", "upper", "lower", "title"];

/// One value asked for at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub path: String,
    pub optional: bool,
    pub span: Range<usize>,
}

/// What holds inside an open block.
#[derive(Default)]
struct Frame {
    /// A path that is not blank here.
    given: Option<String>,
    /// The path that is not blank after `{{else}}`.
    otherwise: Option<String>,
    /// Inside `{{#each}}`, where `this` is an item.
    each: bool,
    /// Inside `{{#with}}`, what paths begin from.
    prefix: Option<String>,
    arms: Arms,
}

/// What each way through a block shows.
#[derive(Default)]
struct Arms {
    /// The values shown so far on the way that is open.
    here: BTreeSet<String>,
    before: Vec<BTreeSet<String>>,
    /// Whether every lead takes one of the ways; not where it may take none.
    whole: bool,
}

impl Arms {
    /// What is shown whichever way a lead takes.
    fn on_every_way(self) -> BTreeSet<String> {
        if !self.whole {
            return BTreeSet::new();
        }
        self.before.iter().fold(self.here, |all, arm| &all & arm)
    }
}

/// Walks the tags of a template; errors are unknown helpers and values that cannot be meant.
pub fn needs(tags: &[Tag]) -> (Vec<Asked>, Vec<Wrong>) {
    let walk = Walk::through(tags);
    (walk.asked, walk.wrong)
}

/// The values that every reader sees: each shows as itself, in no block or on every way through one.
pub fn shown(tags: &[Tag]) -> BTreeSet<String> {
    Walk::through(tags).shown
}

#[derive(Default)]
struct Walk {
    frames: Vec<Frame>,
    asked: Vec<Asked>,
    wrong: Vec<Wrong>,
    shown: BTreeSet<String>,
}

impl Walk {
    fn through(tags: &[Tag]) -> Self {
        let mut walk = Self::default();
        for tag in tags {
            match &tag.kind {
                Kind::Value(expr) => walk.expr(expr, (false, true)),
                Kind::Open { block, arg } => {
                    walk.expr(arg, (true, false));
                    let frame = walk.frame(*block, arg);
                    walk.frames.push(frame);
                }
                Kind::Else(arg) => {
                    if let Some(frame) = walk.frames.last_mut() {
                        let Frame { otherwise, arms: Arms { here, mut before, .. }, .. } = std::mem::take(frame);
                        before.push(here);
                        let arms = Arms { before, whole: arg.is_none(), ..Arms::default() };
                        *frame = Frame { given: otherwise, arms, ..Frame::default() };
                    }
                    if let Some(arg) = arg {
                        walk.expr(arg, (true, false));
                        let given = walk.full(arg);
                        if let Some(frame) = walk.frames.last_mut() {
                            frame.given = given;
                        }
                    }
                }
                Kind::Close => {
                    if let Some(frame) = walk.frames.pop() {
                        let shown = frame.arms.on_every_way();
                        walk.here().extend(shown);
                    }
                }
                Kind::Comment => {}
            }
        }
        walk
    }

    /// What is shown on the way that is open.
    fn here(&mut self) -> &mut BTreeSet<String> {
        self.frames.last_mut().map_or(&mut self.shown, |frame| &mut frame.arms.here)
    }

    fn frame(&self, block: Block, arg: &Expr) -> Frame {
        let path = self.full(arg);
        match block {
            Block::If => Frame { given: path, ..Frame::default() },
            Block::Unless => Frame { otherwise: path, ..Frame::default() },
            Block::Each => Frame { each: true, given: path, ..Frame::default() },
            Block::With => {
                let arms = Arms { whole: true, ..Arms::default() };
                Frame { prefix: path.clone(), given: path, arms, ..Frame::default() }
            }
        }
    }

    fn expr(&mut self, expr: &Expr, (optional, shown): (bool, bool)) {
        match expr {
            Expr::Literal { .. } => {}
            Expr::Path(path, span) => self.path(path, span, (optional, shown)),
            Expr::Call { helper, place, args } => {
                if !HELPERS.contains(&helper.as_str()) {
                    let message = format!("there is no helper `{helper}`");
                    self.wrong.push(Wrong::new(place.clone(), message, names::hint(helper, HELPERS)));
                }
                let rescued = args.last().is_some_and(Expr::shows);
                let asks = QUESTIONS.contains(&helper.as_str());
                for (n, arg) in args.iter().enumerate() {
                    let spared = asks || helper == "or" && (rescued || n + 1 < args.len());
                    let shown = shown && n == 0 && SHOWING.contains(&helper.as_str());
                    self.expr(arg, (optional || spared, shown));
                }
            }
        }
    }

    fn path(&mut self, path: &str, span: &Range<usize>, (optional, shown): (bool, bool)) {
        let in_each = self.frames.iter().any(|frame| frame.each);
        let item =
            path == "this" || path.starts_with("this.") || matches!(path, "@index" | "@first" | "@last" | "@key");
        if item && in_each {
            return;
        }
        if in_each && !path.starts_with("@root.") {
            let hint = format!("inside `{{{{#each}}}}` write `this` for the item, or `@root.{path}`");
            self.wrong.push(Wrong::new(span.clone(), format!("`{path}` is not part of an item"), hint));
            return;
        }
        let Some(path) = self.resolve(path) else {
            let hint = "a value is written like `lead.first_name`".to_owned();
            self.wrong.push(Wrong::new(span.clone(), format!("`{path}` has no meaning here"), hint));
            return;
        };
        let guarded = self.frames.iter().any(|frame| frame.given.as_deref() == Some(path.as_str()));
        if shown {
            self.here().insert(path.clone());
        }
        self.asked.push(Asked { path, optional: optional || guarded, span: span.clone() });
    }

    fn full(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Path(path, _) => self.resolve(path),
            Expr::Literal { .. } | Expr::Call { .. } => None,
        }
    }

    fn resolve(&self, path: &str) -> Option<String> {
        if let Some(path) = path.strip_prefix("@root.") {
            return Some(path.to_owned());
        }
        if path.starts_with('@') || path == "this" || path.starts_with("this.") {
            return None;
        }
        let prefix = self.frames.iter().rev().find_map(|frame| frame.prefix.as_deref());
        Some(prefix.map_or_else(|| path.to_owned(), |prefix| format!("{prefix}.{path}")))
    }
}
