//! The page of a channel: everything about it in one form, with the panel beside it. Buttons that fill something in, such
//! as copying a day, send the form too, and get it back as it then is; only *save* saves.

use super::{
    super::{
        super::{Problem, Web, auth::Id, channels::Channels, settings::current},
        form::FieldsAndFiles,
        layout::{Layout, Signed},
        refusal::Refusal,
        saving::{self, Outcome},
        show, show_wrong,
    },
    closing::ClosingPart,
    draft::{Draft, Faults, MAILS, Message, TIMES},
    opening::OpeningPart,
    panel::{self, Panel, instant_in, seen},
    recordings,
    week::WEEKDAYS,
    words,
};
use crate::{
    calls::{
        channel::{Channel, Slot, Times},
        preview::Preview,
    },
    desk::settings::{Settings, tag},
    routing::{
        ids::{ChannelId, UserId},
        people::{Seat, User},
        sentences::Teller,
    },
    web::access::{Sight, Viewer},
};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// So many users are listed who are not chosen; others are added by name.
const OTHERS_MAX: usize = 200;
/// So many recordings can be chosen from, the newest first, besides those that are chosen.
const RECORDINGS_MAX: usize = 50;

#[derive(Template)]
#[template(path = "channel.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    id: String,
    /// As it was when the form was filled in.
    tag: String,
    /// As it is saved.
    name: String,
    may_change: bool,
    is_saved: bool,
    /// What a button has filled in, or what came of it.
    note: Option<String>,
    faults: Faults,
    /// What somebody else has saved meanwhile, beside what is in the form.
    differences: Option<Vec<Difference>>,
    draft: Draft,
    open: bool,
    state: String,
    closing: ClosingPart,
    hours: OpeningPart,
    zone: &'static str,
    chosen: Vec<Person>,
    others: Vec<Person>,
    /// How many are not listed.
    more_users: usize,
    /// Whom somebody wants to add by name.
    add_users: String,
    teams: Vec<TeamOfRule>,
    providers: Vec<String>,
    recordings: Vec<Recording>,
    /// Numbers with messages of their own, which are not shown here.
    numbers_with_own: usize,
    defaults: [u32; 6],
    panel: Panel,
}

struct Difference {
    field: String,
    typed: String,
    saved: String,
}

struct Person {
    id: String,
    name: String,
    /// What is held against them now; `None`: nothing.
    objection: Option<String>,
    is_first: bool,
}

struct TeamOfRule {
    id: String,
    name: String,
    is_chosen: bool,
    main: Vec<Person>,
}

struct Recording {
    id: String,
    name: String,
    sha256: String,
    seconds: u32,
}

/// What is shown besides what is in the form.
#[derive(Default)]
struct Shown {
    is_saved: bool,
    note: Option<String>,
    faults: Faults,
    differences: Option<Vec<Difference>>,
    at: String,
    add_users: String,
}

pub async fn show_page(
    State(web): State<Web>,
    signed: Signed,
    Id(id): Id<ChannelId>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let page = async {
        let channel = seen(&web, &signed, id)?;
        let saved = current::<Channels>(&web, id)?;
        let is_saved = query.as_deref().is_some_and(|query| query.split('&').any(|one| one == "saved"));
        let shown = Shown { is_saved, at: instant_in(query), ..Shown::default() };
        page(&web, &signed, &channel, tag(&saved), Draft::of(&saved), shown).await
    };
    page.await.map(|page| show(&page)).map_err(|problem| signed.refuse(problem))
}

/// Saves the form, or does what the button says.
pub async fn take_form(
    State(web): State<Web>,
    signed: Signed,
    Id(id): Id<ChannelId>,
    form: FieldsAndFiles,
) -> Result<Response, Refusal> {
    take(&web, &signed, id, form).await.map_err(|problem| signed.refuse(problem))
}

async fn take(web: &Web, signed: &Signed, id: ChannelId, form: FieldsAndFiles) -> Result<Response, Problem> {
    signed.caller.must_be_admin()?;
    let channel = seen(web, signed, id)?;
    let fields = &form.fields;
    let mut draft = Draft::sent(fields);
    let mut shown = Shown { at: fields.text("at").to_owned(), ..Shown::default() };
    recordings::take(web, signed, &form, &mut draft, &mut shown.faults).await?;
    shown.add_users = add_users(web, signed, &mut draft, fields.text("add_users"), &mut shown.faults);
    let known = fields.text("tag").to_owned();
    let action = fields.text("action");
    let today = channel.zone.local(web.clock.now().at).date();
    match draft.opening.press(action, &form, &signed.layout, today, &mut shown.faults) {
        Some(note) => shown.note = note,
        None => match action.split_once(':') {
            Some(("first", which)) => put_first(&mut draft, which),
            None if action == "upload" => {}
            _ if !shown.faults.is_empty() => {}
            _ => return save(web, signed, &channel, &known, draft, shown).await,
        },
    }
    let is_wrong = !shown.faults.is_empty();
    let page = page(web, signed, &channel, known, draft, shown).await?;
    Ok(if is_wrong { show_wrong(&page) } else { show(&page) })
}

async fn save(
    web: &Web,
    signed: &Signed,
    channel: &Channel,
    known: &str,
    draft: Draft,
    mut shown: Shown,
) -> Result<Response, Problem> {
    let id = channel.id;
    let saved = current::<Channels>(web, id)?;
    let outcome = match draft.document(&saved, &signed.layout) {
        Ok(document) => saving::replace::<Channels>(web, signed, id, known, document).await?,
        Err(faults) => {
            shown.faults = faults;
            return Ok(show_wrong(&page(web, signed, channel, known.to_owned(), draft, shown).await?));
        }
    };
    match outcome {
        Outcome::Saved(_) => {
            let address = signed.layout.address(&format!("channels/{id}?saved"));
            Ok((StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response())
        }
        Outcome::Wrong(faults) => {
            shown.faults = Faults::of(&faults);
            Ok(show_wrong(&page(web, signed, channel, known.to_owned(), draft, shown).await?))
        }
        Outcome::Changed(now) => {
            shown.differences = Some(differences(web, &draft, &Draft::of(&now)));
            let page = page(web, signed, channel, tag(&now), draft, shown).await?;
            Ok((StatusCode::CONFLICT, show(&page)).into_response())
        }
    }
}

/// What is in the form and saved otherwise.
fn differences(web: &Web, typed: &Draft, saved: &Draft) -> Vec<Difference> {
    let settings = web.desk.settings();
    let both = typed.lines().into_iter().zip(saved.lines());
    let other = both.filter(|((_, typed), (_, saved))| typed != saved);
    other
        .map(|((field, typed), (_, saved))| Difference {
            field: field.to_owned(),
            typed: named(&typed, &settings),
            saved: named(&saved, &settings),
        })
        .collect()
}

/// With names in the place of ids.
fn named(text: &str, settings: &Settings) -> String {
    let name = |piece: &str| {
        let user = piece.parse().ok().and_then(|id| settings.people.users.get(&id)).map(|user| &user.name);
        let team = piece.parse().ok().and_then(|id| settings.people.teams.get(&id)).map(|team| &team.name);
        let greeting = piece.parse().ok().and_then(|id| settings.greetings.get(&id)).map(|one| &one.name);
        user.or(team).or(greeting).cloned().unwrap_or_else(|| piece.to_owned())
    };
    text.split(", ").map(name).collect::<Vec<_>>().join(", ")
}

/// Adds whom somebody has named, by name or address. What is left is nobody's.
fn add_users(web: &Web, signed: &Signed, draft: &mut Draft, typed: &str, faults: &mut Faults) -> String {
    let settings = web.desk.settings();
    let mut unknown = Vec::new();
    for piece in typed.split(',').map(str::trim).filter(|piece| !piece.is_empty()) {
        let is = |text: &str| text.to_lowercase() == piece.to_lowercase();
        match settings.people.users.values().find(|user| is(&user.email) || is(&user.name)) {
            Some(user) if !draft.users.contains(&user.id.to_string()) => {
                draft.users.push(user.id.to_string())
            }
            Some(_) => {}
            None => unknown.push(piece),
        }
    }
    if let Some(piece) = unknown.first() {
        faults.add("users", signed.layout.t1("channel-nobody-of-this-name", "name", *piece));
    }
    unknown.join(", ")
}

/// Under a fixed order the first is asked first.
fn put_first(draft: &mut Draft, which: &str) {
    if let Some(place) = draft.users.iter().position(|user| user == which) {
        draft.users[..=place].rotate_right(1);
    }
}

async fn page(
    web: &Web,
    signed: &Signed,
    channel: &Channel,
    tag: String,
    draft: Draft,
    shown: Shown,
) -> Result<Page, Problem> {
    let layout = &signed.layout;
    let (settings, now) = (web.desk.settings(), web.clock.now().at);
    let preview = web.desk.preview(channel.id, None, None, None).await??;
    let saved = Draft::of(&current::<Channels>(web, channel.id)?);
    let made = match draft == saved {
        true => None,
        false => Some(panel::made(web, layout, channel.id, &draft)?),
    };
    let panel = Panel::of(web, layout, channel, made, &shown.at).await?;
    let name = |user| settings.name_of(user);
    let teller = Teller { language: layout.language, zone: &channel.zone, name: &name };
    let (chosen, mut others) = people(&settings, &draft, &preview, &teller);
    let more_users = others.len().saturating_sub(OTHERS_MAX);
    others.truncate(OTHERS_MAX);
    let action = format!("channels/{}/closing", channel.id);
    let hours = OpeningPart::of(&draft.opening, &shown.faults, layout, &channel.zone, now);
    Ok(Page {
        id: channel.id.to_string(),
        tag,
        name: channel.name.clone(),
        may_change: signed.caller.must_be_admin().is_ok(),
        is_saved: shown.is_saved,
        note: shown.note,
        faults: shown.faults,
        differences: shown.differences,
        open: preview.hours.open,
        state: panel::state(layout, &preview, channel),
        closing: ClosingPart::of(action, &channel.hours, &channel.zone, now, layout),
        hours,
        zone: channel.zone.name(),
        chosen,
        others,
        more_users,
        add_users: shown.add_users,
        teams: teams(&settings, &draft, &preview, &teller),
        providers: web.ground.providers.keys().cloned().collect(),
        recordings: heard(signed, &settings, &draft),
        numbers_with_own: channel.greetings.by_number.len(),
        defaults: defaults(web.ground.times),
        draft,
        panel,
        layout: layout.clone(),
    })
}

/// As in [`TIMES`].
fn defaults(times: Times) -> [u32; 6] {
    [
        times.ring_seconds,
        times.agent_ring_seconds,
        times.wait_seconds,
        times.wrap_up_seconds,
        times.short_abandon_seconds,
        times.attach_minutes,
    ]
}

/// Who is chosen, in their order, and who could be, by name.
fn people(
    settings: &Settings,
    draft: &Draft,
    preview: &Preview,
    teller: &Teller<'_>,
) -> (Vec<Person>, Vec<Person>) {
    let users = &settings.people.users;
    let chosen: Vec<&User> =
        draft.users.iter().filter_map(|id| users.get(&id.parse::<UserId>().ok()?)).collect();
    let mut others: Vec<&User> = users
        .values()
        .filter(|user| user.has_seat(Seat::Service) && !chosen.iter().any(|one| one.id == user.id))
        .collect();
    others.sort_by_key(|user| user.name.to_lowercase());
    let chosen = chosen.into_iter().enumerate();
    let chosen = chosen.map(|(place, user)| Person { is_first: place == 0, ..person(user, preview, teller) });
    let others = others.into_iter().map(|user| person(user, preview, teller));
    (chosen.collect(), others.collect())
}

fn person(user: &User, preview: &Preview, teller: &Teller<'_>) -> Person {
    let candidate = preview.candidates.iter().find(|(of, ..)| *of == user.id);
    Person {
        id: user.id.to_string(),
        name: user.name.clone(),
        objection: match candidate {
            Some((.., objection)) => objection.map(|objection| teller.objection(user.id, objection)),
            // Whom the saved channel does not reach was not looked at.
            None => Some(String::new()),
        },
        is_first: false,
    }
}

fn teams(settings: &Settings, draft: &Draft, preview: &Preview, teller: &Teller<'_>) -> Vec<TeamOfRule> {
    let people = &settings.people;
    let shown = people.teams.values().map(|team| TeamOfRule {
        id: team.id.to_string(),
        name: team.name.clone(),
        is_chosen: draft.teams.contains(&team.id.to_string()),
        main: team
            .main
            .iter()
            .filter_map(|id| Some(person(people.users.get(id)?, preview, teller)))
            .collect(),
    });
    let mut teams: Vec<TeamOfRule> = shown.collect();
    let place = |team: &TeamOfRule| draft.teams.iter().position(|id| *id == team.id);
    teams.sort_by_key(|team| (place(team).unwrap_or(usize::MAX), team.name.to_lowercase()));
    teams
}

/// Of the recordings that whoever asks may hear, those that are chosen and the newest.
fn heard(signed: &Signed, settings: &Settings, draft: &Draft) -> Vec<Recording> {
    let viewer = Viewer::new(&signed.caller, settings);
    let is_chosen = |id: &str| draft.messages.iter().any(|message| message.choice == id);
    let mut heard: Vec<_> =
        settings.greetings.values().filter(|one| viewer.greeting(one.id) == Sight::All).collect();
    heard.sort_by_key(|greeting| std::cmp::Reverse(greeting.created_at));
    let shown =
        heard.into_iter().enumerate().map(|(place, greeting)| (place, greeting, greeting.id.to_string()));
    let mut recordings: Vec<Recording> = shown
        .filter(|(place, _, id)| *place < RECORDINGS_MAX || is_chosen(id))
        .map(|(_, greeting, id)| Recording {
            id,
            name: greeting.name.clone(),
            sha256: greeting.sha256.clone(),
            seconds: greeting.length_ms.div_ceil(1_000),
        })
        .collect();
    recordings.sort_by_key(|recording| recording.name.to_lowercase());
    recordings
}

impl Page {
    /// Each place of a message: name, what is chosen, and what is wrong with it.
    fn messages(&self) -> impl Iterator<Item = (&'static str, &Message, Option<String>)> {
        let slots = Slot::ALL.into_iter().map(Slot::name).zip(&self.draft.messages);
        slots.map(|(slot, message)| (slot, message, self.faults.get(slot)))
    }

    fn times(&self) -> impl Iterator<Item = (&'static str, &String, u32, Option<String>)> {
        let times = TIMES.into_iter().zip(&self.draft.times).zip(self.defaults);
        times.map(|((key, typed), default)| (key, typed, default, self.faults.get(key)))
    }

    fn mails(&self) -> impl Iterator<Item = (&'static str, &String, Option<String>)> {
        MAILS.into_iter().zip(&self.draft.mails).map(|(key, typed)| (key, typed, self.faults.get(key)))
    }

    /// Where a recording is served.
    fn sound(&self, choice: &str) -> Option<String> {
        let found = self.recordings.iter().find(|recording| recording.id == choice);
        found.map(|recording| format!("media/{}.wav", recording.sha256))
    }

    /// What a field is called.
    fn label(&self, field: &str) -> String {
        let field = field.replace('_', "-");
        match WEEKDAYS.contains(&field.as_str()) {
            true => words::named(&self.layout, &field),
            false => self.layout.t(&format!("channel-{field}")),
        }
    }
}
