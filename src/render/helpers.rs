//! The helpers of templates. Ours never take an absent value for an empty one: what is missing says so and holds the mail.

use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, JsonRender, Output, RenderContext, RenderError,
    RenderErrorReason, ScopedJson,
};
use serde_json::Value;

use super::context::is_blank;
use super::values;
use crate::domain::id::dice;

type Made = Result<Value, RenderErrorReason>;

/// One helper: a function of its arguments.
#[derive(Clone, Copy)]
struct Ours(fn(&Call<'_, '_>) -> Made);

/// What a helper was called with.
struct Call<'a, 'rc> {
    helper: &'a Helper<'rc>,
    root: &'a Value,
}

const OURS: [(&str, Ours); 18] = [
    ("or", Ours(|call| Ok(call.all().into_iter().find(|value| !is_blank(value)).unwrap_or(Value::Null)))),
    ("upper", Ours(|call| Ok(call.text(0)?.to_uppercase().into()))),
    ("lower", Ours(|call| Ok(call.text(0)?.to_lowercase().into()))),
    ("title", Ours(|call| Ok(values::title(&call.text(0)?).into()))),
    ("truncate", Ours(truncate)),
    ("date", Ours(date)),
    ("pick", Ours(pick)),
    ("plural", Ours(plural)),
    ("url", Ours(url)),
    ("link", Ours(link)),
    ("eq", Ours(|call| Ok(values::same(&call.any(0), &call.any(1)).into()))),
    ("ne", Ours(|call| Ok((!values::same(&call.any(0), &call.any(1))).into()))),
    ("gt", Ours(|call| Ok(call.compared(|a, b| a > b).into()))),
    ("gte", Ours(|call| Ok(call.compared(|a, b| a >= b).into()))),
    ("lt", Ours(|call| Ok(call.compared(|a, b| a < b).into()))),
    ("lte", Ours(|call| Ok(call.compared(|a, b| a <= b).into()))),
    ("and", Ours(|call| Ok(call.all().iter().all(truthy).into()))),
    ("not", Ours(|call| Ok((!truthy(&call.any(0))).into()))),
];

/// Puts ours in, and takes out the one that would write values into our log.
pub fn register(registry: &mut Handlebars<'static>) {
    registry.unregister_helper("log");
    for (name, helper) in OURS {
        registry.register_helper(name, Box::new(helper));
    }
}

fn truncate(call: &Call<'_, '_>) -> Made {
    let most = call.any(1).as_u64().and_then(|n| usize::try_from(n).ok());
    let most = most.ok_or_else(|| wrong("`truncate` takes a text and a number of characters"))?;
    Ok(values::truncate(&call.text(0)?, most).into())
}

fn date(call: &Call<'_, '_>) -> Made {
    let form = call.any(1);
    let locale = call.root["lead"]["locale"].as_str().unwrap_or_default();
    let made = values::date(&call.direct(0)?, form.as_str(), (call.secret("zone"), locale));
    made.map(Value::from).map_err(|why| wrong(&format!("`date`: {why}")))
}

/// One of several, the same for this lead, this template and these choices for ever.
fn pick(call: &Call<'_, '_>) -> Made {
    let choices = call.all();
    let texts: Vec<String> = choices.iter().map(values::shown).collect();
    let mut about = vec!["pick", call.secret("lead"), call.secret("template")];
    about.extend(texts.iter().map(String::as_str));
    let count = u64::try_from(choices.len()).unwrap_or(1).max(1);
    let chosen = usize::try_from(dice(&about) % count).unwrap_or(0);
    choices.get(chosen).cloned().ok_or_else(|| wrong("`pick` takes the texts to choose from"))
}

fn plural(call: &Call<'_, '_>) -> Made {
    let count = call
        .direct(0)?
        .as_f64()
        .ok_or_else(|| wrong("`plural` takes a number, the word for one, and the word for more"))?;
    let one = (count - 1.0).abs() < f64::EPSILON;
    Ok(call.text(if one { 1 } else { 2 })?.into())
}

fn url(call: &Call<'_, '_>) -> Made {
    let mut parameters = Vec::new();
    for (key, given) in call.helper.hash() {
        if is_blank(given.value()) {
            let path = given.relative_path().cloned().unwrap_or_else(|| format!("url … {key}"));
            return Err(RenderErrorReason::MissingVariable(Some(path)));
        }
        parameters.push((*key, values::shown(given.value())));
    }
    values::with_query(&call.text(0)?, &parameters).map(Value::from).map_err(|why| wrong(&why))
}

/// The tracked address of link N.
fn link(call: &Call<'_, '_>) -> Made {
    let number = call.any(0);
    let address = number.as_u64().and_then(|n| call.root["~"]["links"].get(usize::try_from(n).ok()?));
    address.cloned().ok_or_else(|| wrong(&format!("there is no link {number}")))
}

fn truthy(value: &Value) -> bool {
    !is_blank(value) && *value != Value::Bool(false) && value.as_f64() != Some(0.0)
}

fn wrong(why: &str) -> RenderErrorReason {
    RenderErrorReason::NestedError(why.into())
}

impl Call<'_, '_> {
    /// The value of an argument, null where it is absent.
    fn any(&self, at: usize) -> Value {
        self.helper
            .param(at)
            .filter(|param| !param.is_value_missing())
            .map_or(Value::Null, |param| param.value().clone())
    }

    fn all(&self) -> Vec<Value> {
        (0..self.helper.params().len()).map(|at| self.any(at)).collect()
    }

    /// The value of an argument that must be there.
    fn direct(&self, at: usize) -> Made {
        let value = self.any(at);
        if is_blank(&value) { Err(self.missing(at)) } else { Ok(value) }
    }

    fn text(&self, at: usize) -> Result<String, RenderErrorReason> {
        self.direct(at).map(|value| values::shown(&value))
    }

    fn missing(&self, at: usize) -> RenderErrorReason {
        let path = self.helper.param(at).and_then(|param| param.relative_path()).cloned();
        RenderErrorReason::MissingVariable(path.or_else(|| Some(format!("{} …", self.helper.name()))))
    }

    /// Whether two numbers or two texts compare so; false where either is absent or they are of two kinds.
    fn compared(&self, holds: fn(&std::cmp::Ordering, &std::cmp::Ordering) -> bool) -> bool {
        let (a, b) = (self.any(0), self.any(1));
        let order = match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a.partial_cmp(&b),
            _ => a.as_str().zip(b.as_str()).map(|(a, b)| a.cmp(b)),
        };
        order.is_some_and(|order| holds(&order, &std::cmp::Ordering::Equal))
    }

    fn secret(&self, key: &str) -> &str {
        self.root["~"][key].as_str().unwrap_or_default()
    }
}

impl HelperDef for Ours {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        Ok(ScopedJson::Derived((self.0)(&Call { helper, root: context.data() })?))
    }

    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let call = Call { helper, root: context.data() };
        let value = (self.0)(&call)?;
        if is_blank(&value) {
            return Err(call.missing(0).into());
        }
        let text = if value.is_array() { values::shown(&value) } else { value.render() };
        let text = if render.is_disable_escape() { text } else { registry.get_escape_fn()(&text) };
        Ok(out.write(&text)?)
    }
}
