//! Each kind of mistake has one stable code, so that people can look it up and programs can tell it apart.

macro_rules! codes {
    ($($name:ident $id:literal $title:literal)*) => {
        /// A kind of mistake.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $title] $name,)* }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code people see, such as `OV0201`.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// What kind of mistake it is, as a sentence.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    NotUtf8 "OV0001" "A file is not UTF-8 text."
    Binary "OV0002" "A file holds zero bytes: it is not text."
    EmptyFile "OV0003" "A file is empty."
    FileTooLarge "OV0004" "A file is larger than 1 MiB."
    MissingFile "OV0005" "A file that every workspace needs is not there."
    UnreadableFile "OV0006" "A file or folder cannot be read."
    UnreadName "OV0007" "A file has a name that is never read."
    Yaml "OV0101" "The YAML is broken."
    DuplicateKey "OV0102" "A key stands twice in one mapping."
    Tab "OV0103" "A line is indented with a tab."
    Alias "OV0104" "Anchors, aliases and merge keys are not read."
    TooDeep "OV0105" "The file is nested too deeply."
    SecondDocument "OV0106" "The file holds a second YAML document."
    KeyNotText "OV0108" "A key is not plain text."
    CalendarFile "OV0109" "An iCalendar file is broken, or holds what makes no whole days."
    UnknownKey "OV0201" "A key is not known where it stands."
    MissingKey "OV0202" "A key that is needed is missing."
    WrongShape "OV0203" "A value is a list, a mapping or nothing where something else is needed."
    BadValue "OV0204" "A value cannot be read as what it should be."
    UnknownChoice "OV0205" "A value is none of those that may stand here."
    BadName "OV0206" "A name has characters that a name may not have."
    NotYet "OV0301" "Something is described in the documentation of later versions and not supported yet."
    BadCondition "OV0401" "A condition has a mistake."
    UnquotedCondition "OV0402" "A condition that begins with `!` or a quote must be quoted as a whole."
    UnknownTemplate "OV0501" "A template is not in templates/."
    UnknownSender "OV0502" "A sender is not declared in config/overture.yaml."
    UnknownChannel "OV0503" "A channel is not declared in config/overture.yaml."
    UnknownSequence "OV0504" "A sequence is not in sequences/."
    UnknownAttribute "OV0505" "An attribute is not declared in config/overture.yaml."
    UnknownStage "OV0506" "A stage is none of the lifecycle."
    UnknownTeam "OV0507" "A team is not declared in config/team.yaml."
    UnknownRep "OV0508" "A rep is not declared in config/team.yaml."
    UnknownCalendar "OV0509" "A calendar is not declared in config/team.yaml."
    UnknownZone "OV0510" "A time zone is not in the IANA database."
    UnknownHolidays "OV0511" "Holidays are named of a place or a list that is not known."
    UnknownStep "OV0512" "A step is not in its sequence."
    DuplicateStep "OV0601" "Two steps of a sequence have the same id."
    MissingStepId "OV0602" "A step that acts has no id."
    StepKind "OV0603" "A step does nothing, or two things at once."
    DanglingElse "OV0604" "An `else` does not follow an `if`."
    EnrollCycle "OV0605" "Sequences enroll into each other in a circle."
    NeverOpens "OV0606" "A window never opens."
    MissingSender "OV0607" "A sequence mails but names no sender."
    Unreachable "OV0608" "A step can never be reached."
    LongWait "OV0609" "A wait is longer than a year."
    NoSteps "OV0610" "A sequence has no steps."
    NoTeam "OV0611" "A handoff has no team to go to."
    HolidaysEnd "OV0612" "The holidays that are known end soon."
    Starves "OV0613" "A sequence of an exclusive group can never be entered."
    MachineHandoff "OV0614" "A machine could bring about a handoff or an alert by itself."
    LonelyThread "OV0615" "A thread has nothing to follow."
    TooManyMails "OV0616" "More mails are wanted of a sender than it may send."
    EqualPriority "OV0617" "Two sequences of an exclusive group want the same leads with the same priority."
    LongSla "OV0618" "An SLA is longer than the team's working day."
    NoFallback "OV0619" "A team has no fallback."
    NeverSeen "OV0620" "A winner is found by opens or clicks that are not tracked."
    NeverOverdue "OV0621" "What is to happen to an overdue task never comes about."
    FrontMatter "OV0701" "The front matter of a template is broken."
    MissingSubject "OV0702" "A mail has no subject."
    TemplateSyntax "OV0703" "An expression of a template is broken."
    UnknownHelper "OV0704" "A template uses a helper that does not exist."
    UnknownValue "OV0705" "A template asks for a value that no lead can have."
    NoUnsubscribe "OV0706" "A nurture or cadence mail has no unsubscribe link that every reader sees."
    NoPostalAddress "OV0707" "A nurture or cadence mail does not show the company's postal address."
    BadLink "OV0708" "A link does not lead to http, https or mailto."
    ValueOutOfPlace "OV0709" "A template asks for a value that does not exist where it is used."
    TwinTemplate "OV0710" "Two template files have the same name."
    WrongTemplateKind "OV0711" "A template makes something else than is needed where it is used."
    TemplateJson "OV0712" "A webhook body does not make JSON."
    HtmlInMarkdown "OV0713" "HTML in a Markdown template is shown as text."
    UnknownPart "OV0714" "A layout, a partial or an attachment is not in templates/."
    PartialLoop "OV0715" "Partials show each other in a circle."
    LayoutBody "OV0716" "A layout does not show the body exactly once."
    Mjml "OV0717" "MJML cannot be read."
    UnsafeHtml "OV0718" "HTML holds what no mail may hold."
    ReservedAttribute "OV0801" "An attribute has a name that templates already use for something else."
    LastRule "OV0802" "The last routing rule does not apply always."
    Bands "OV0803" "The temperature bands do not rise."
    LiveNeedsSmtp "OV0901" "Mail is to leave, but a sender has no SMTP account."
    MissingSecret "OV0902" "A secret is not there."
    BadAddress "OV0903" "An address of the network is not acceptable."
}
