//! Dates as people of a language write them: the names of months and weekdays, and the usual order.

use std::fmt::Write;

use jiff::Zoned;

/// How a language writes dates.
struct Language {
    /// Its code, or code and country where that country writes otherwise.
    tag: &'static str,
    /// What `date` writes where a template names no form, as strftime.
    form: &'static str,
    months: [&'static str; 12],
    /// From Monday.
    days: [&'static str; 7],
    /// Letters of a short name; whole names where it is longer than they are.
    short: usize,
}

const ENGLISH: Language = Language {
    tag: "en",
    form: "%-d %B %Y",
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    days: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    short: 3,
};

const LANGUAGES: [Language; 8] = [
    Language { tag: "en-us", form: "%B %-d, %Y", ..ENGLISH },
    Language {
        tag: "de",
        form: "%-d. %B %Y",
        months: [
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ],
        days: ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
        short: 2,
    },
    Language {
        tag: "fr",
        form: "%-d %B %Y",
        months: [
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ],
        days: ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
        short: 3,
    },
    Language {
        tag: "es",
        form: "%-d de %B de %Y",
        months: [
            "enero",
            "febrero",
            "marzo",
            "abril",
            "mayo",
            "junio",
            "julio",
            "agosto",
            "septiembre",
            "octubre",
            "noviembre",
            "diciembre",
        ],
        days: ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
        short: 3,
    },
    Language {
        tag: "it",
        form: "%-d %B %Y",
        months: [
            "gennaio",
            "febbraio",
            "marzo",
            "aprile",
            "maggio",
            "giugno",
            "luglio",
            "agosto",
            "settembre",
            "ottobre",
            "novembre",
            "dicembre",
        ],
        days: ["lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"],
        short: 3,
    },
    Language {
        tag: "nl",
        form: "%-d %B %Y",
        months: [
            "januari",
            "februari",
            "maart",
            "april",
            "mei",
            "juni",
            "juli",
            "augustus",
            "september",
            "oktober",
            "november",
            "december",
        ],
        days: ["maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"],
        short: 2,
    },
    Language {
        tag: "pt",
        form: "%-d de %B de %Y",
        months: [
            "janeiro",
            "fevereiro",
            "março",
            "abril",
            "maio",
            "junho",
            "julho",
            "agosto",
            "setembro",
            "outubro",
            "novembro",
            "dezembro",
        ],
        days: ["segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo"],
        short: 3,
    },
    ENGLISH,
];

/// Writes a date for a locale such as `de`, `fr-CA` or `en_US`; English where its language is not known.
pub fn date(at: &Zoned, form: Option<&str>, locale: &str) -> Result<String, String> {
    let language = of(locale);
    let form = form.unwrap_or(language.form);
    let names = named(form, at, language);
    jiff::fmt::strtime::format(&names, at).map_err(|error| format!("`{form}` is no form of a date: {error}"))
}

fn of(locale: &str) -> &'static Language {
    let tag = locale.trim().to_ascii_lowercase().replace('_', "-");
    let code = tag.split('-').next().unwrap_or_default();
    let best = [tag.as_str(), code].into_iter().find_map(|wanted| LANGUAGES.iter().find(|one| one.tag == wanted));
    best.unwrap_or(&LANGUAGES[LANGUAGES.len() - 1])
}

/// The form with the names of this date in it, so that what is left is numbers.
fn named(form: &str, at: &Zoned, language: &Language) -> String {
    let month = language.months[usize::from(at.month().unsigned_abs()) - 1];
    let day = language.days[usize::from(at.weekday().to_monday_zero_offset().unsigned_abs())];
    let short = |name: &str| name.chars().take(language.short).collect::<String>();
    let mut out = String::with_capacity(form.len() + 16);
    let mut chars = form.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '%' { chars.next() } else { None }) {
            ('%', Some('B')) => out.push_str(month),
            // A month is short with three letters in every language.
            ('%', Some('b' | 'h')) => out.extend(month.chars().take(3)),
            ('%', Some('A')) => out.push_str(day),
            ('%', Some('a')) => out.push_str(&short(day)),
            ('%', Some(other)) => {
                let _ = write!(out, "%{other}");
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(form: Option<&str>, locale: &str) -> String {
        let at = jiff::civil::date(2026, 3, 4).to_zoned(jiff::tz::TimeZone::UTC).unwrap();
        date(&at, form, locale).unwrap()
    }

    #[test]
    fn a_date_is_written_as_the_leads_language_does() {
        for (locale, expected) in [
            ("", "4 March 2026"),
            ("en", "4 March 2026"),
            ("en_US", "March 4, 2026"),
            ("de-AT", "4. März 2026"),
            ("fr", "4 mars 2026"),
            ("ES-mx", "4 de marzo de 2026"),
            ("it", "4 marzo 2026"),
            ("nl", "4 maart 2026"),
            ("pt-BR", "4 de março de 2026"),
            ("tlh", "4 March 2026"),
        ] {
            assert_eq!(written(None, locale), expected, "{locale}");
        }
        assert_eq!(written(Some("%A, %-d. %b %y; %a %%B"), "de"), "Mittwoch, 4. Mär 26; Mi %B");
        assert_eq!(written(Some("%a %-d %b"), "en"), "Wed 4 Mar");
    }
}
