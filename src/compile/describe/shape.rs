//! What may stand under a key, as the descriptions write it: `list of {a trigger}`, `template | {a mail}`, `whole 1..1000`.

/// What may stand under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A single value of a kind of shapes.yaml.
    Plain(String),
    /// A whole number within bounds.
    Whole(u32, Option<u32>),
    /// One of the words that the key lists.
    These,
    /// One of a few words that need no explanation.
    OneOf(Vec<String>),
    /// A mapping, by the words that messages name it with.
    Mapping(String),
    List(Box<Self>),
    /// A mapping whose keys are names that people choose.
    Map(Box<Self>),
    Steps {
        least: usize,
    },
    Nothing,
    Any(Vec<Self>),
}

impl Shape {
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix("list of ") {
            return Self::List(Box::new(Self::parse(rest)));
        }
        if let Some(rest) = text.strip_prefix("map of ") {
            return Self::Map(Box::new(Self::parse(rest)));
        }
        if text.contains(" | ") {
            return Self::Any(text.split(" | ").map(Self::parse).collect());
        }
        if let Some(words) = text.strip_prefix("one of ") {
            return Self::OneOf(words.split_whitespace().map(str::to_owned).collect());
        }
        if let Some((least, most)) = text.strip_prefix("whole ").and_then(|bounds| bounds.split_once("..")) {
            return Self::Whole(least.parse().unwrap_or(0), most.parse().ok());
        }
        match text {
            "these" => Self::These,
            "steps" => Self::Steps { least: 0 },
            "some steps" => Self::Steps { least: 1 },
            "nothing" => Self::Nothing,
            _ => match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
                Some(what) => Self::Mapping(what.to_owned()),
                None => Self::Plain(text.to_owned()),
            },
        }
    }

    /// The mappings it speaks of.
    pub fn mappings(&self) -> Vec<&str> {
        match self {
            Self::Mapping(what) => vec![what],
            Self::Steps { .. } => vec!["a step"],
            Self::List(inner) | Self::Map(inner) => inner.mappings(),
            Self::Any(several) => several.iter().flat_map(Self::mappings).collect(),
            Self::Plain(_) | Self::Whole(..) | Self::These | Self::OneOf(_) | Self::Nothing => Vec::new(),
        }
    }

    /// The kinds of single values it speaks of.
    #[cfg(test)]
    pub fn plain(&self) -> Vec<&str> {
        match self {
            Self::Plain(name) => vec![name],
            Self::List(inner) | Self::Map(inner) => inner.plain(),
            Self::Any(several) => several.iter().flat_map(Self::plain).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether one value alone may stand for a list of it.
    pub fn is_single(&self) -> bool {
        match self {
            Self::Plain(_) | Self::Whole(..) | Self::These | Self::OneOf(_) => true,
            Self::Any(several) => several.iter().all(Self::is_single),
            _ => false,
        }
    }
}
