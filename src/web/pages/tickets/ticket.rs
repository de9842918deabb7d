//! One ticket: its calls, why everything was decided, what was noted, and whose it is.

use super::{
    super::{
        super::{
            Problem, Web,
            access::{Sight, Viewer},
            auth::Id,
            missed, notes,
            tickets::visible,
        },
        form::Fields,
        layout::{Layout, Signed},
        moment::Moment,
        refusal::Refusal,
        show, show_changed, show_wrong,
    },
    calls::{self, CallPart, State, Who},
    conversation::{self, Conversation},
    earlier,
    why::{self, Decision},
};
use crate::{
    desk::{
        TicketPatch,
        settings::{Refused, Settings},
        ticket_tag,
    },
    routing::ids::{ContactId, MessageId, NoteId, TeamId, TicketId, UserId},
    store::earlier::Person,
    tickets::ticket::{Status, Ticket},
};
use askama::Template;
use axum::{
    extract::{Query, State as Reach},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

/// How many people and teams can be chosen from at once.
const CHOICES_MAX: usize = 200;
const NOTES: u32 = 50;
const CALLS_MAX: usize = 20;
/// How many other tickets of the same person stand beside it.
const OTHERS: usize = 5;

#[derive(Template)]
#[template(path = "ticket.html", config = "src/web/pages/askama.toml")]
struct Page {
    layout: Layout,
    id: TicketId,
    who: Who,
    status: State,
    owner: Option<String>,
    team: Option<String>,
    created: Moment,
    closed: Option<Moment>,
    subject: Option<String>,
    channel: Option<String>,
    properties: Vec<(String, String)>,
    conversation: Conversation,
    calls: Vec<CallPart>,
    /// How many earlier calls are not shown.
    earlier: usize,
    decisions: Vec<Decision>,
    notes: Vec<NotePart>,
    /// After which note the next ones come.
    more_notes: Option<String>,
    contact: Option<ContactPart>,
    /// Whether it is known who it is about.
    is_somebodys: bool,
    /// Other tickets of the same person, the newest first.
    others: Vec<earlier::Row>,
    form: Form,
    note: String,
    note_fault: Option<String>,
}

/// Owner, team and status, as they are to be.
struct Form {
    tag: String,
    owners: Vec<Choice>,
    teams: Vec<Choice>,
    statuses: Vec<Choice>,
    /// What somebody else has made of it meanwhile.
    theirs: Option<String>,
    fault: Option<String>,
}

pub struct Choice {
    pub value: String,
    pub text: String,
    pub selected: bool,
}

struct NotePart {
    at: Moment,
    author: Option<String>,
    text: String,
}

/// What whoever may see it sees of a contact.
struct ContactPart {
    /// Where it is shown, for who may see it.
    page: Option<String>,
    name: String,
    numbers: Vec<String>,
    email: Option<String>,
    notes: Option<String>,
}

#[derive(Deserialize)]
pub struct Asked {
    notes: Option<NoteId>,
    messages: Option<MessageId>,
}

pub async fn show_page(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<TicketId>,
    asked: Query<Asked>,
) -> Result<Response, Refusal> {
    let page = page(&web, &signed, id, asked.notes, asked.messages).await;
    Ok(show(&page.map_err(|problem| signed.refuse(problem))?))
}

/// Gives it to somebody, or another status; unless somebody else has, since the form was shown.
pub async fn change(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<TicketId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    visible(&signed.caller, id, &web).await.map_err(refuse)?;
    let patch = patch(&fields).ok_or_else(|| refuse(Problem::not_found()))?;
    let expected = Some(fields.text("tag").to_owned());
    let changed = web.desk.change_ticket(id, patch.clone(), expected, signed.caller.user).await;
    let (fault, is_stale) = match changed.map_err(|unavailable| refuse(unavailable.into()))? {
        Ok(_) => return Ok(to(&signed.layout, id, "")),
        Err(Refused::Stale) => (None, true),
        Err(Refused::Invalid(faults)) => (faults.into_iter().next().map(|fault| fault.detail), false),
        Err(refused) => return Err(refuse(refused.into())),
    };
    let mut page = page(&web, &signed, id, None, None).await.map_err(refuse)?;
    if is_stale {
        page.form.theirs = Some(page.form.as_it_is());
    }
    page.form.fault = fault;
    page.form.select(&patch);
    Ok(if is_stale { show_changed(&page) } else { show_wrong(&page) })
}

/// Writes a note.
pub async fn note(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<TicketId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    let text = fields.text("text").replace("\r\n", "\n");
    match notes::write(&web, &signed.caller, id, text.clone()).await {
        Ok(_) => Ok(to(&signed.layout, id, "#notes")),
        Err(problem) if problem.status() == 422 => {
            let mut page = page(&web, &signed, id, None, None).await.map_err(refuse)?;
            page.note_fault = Some(signed.layout.t("ticket-note-fault"));
            page.note = text;
            Ok(show_wrong(&page))
        }
        Err(problem) => Err(refuse(problem)),
    }
}

/// Says that the caller of one of its calls was called back.
pub async fn called_back(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<TicketId>,
    fields: Fields,
) -> Result<Response, Refusal> {
    let refuse = |problem: Problem| signed.refuse(problem);
    let call = fields.text("call").parse().map_err(|_| refuse(Problem::not_found()))?;
    missed::say(&web, &signed.caller, call).await.map_err(refuse)?;
    Ok(to(&signed.layout, id, &format!("#call-{call}")))
}

pub fn to(layout: &Layout, id: TicketId, place: &str) -> Response {
    let address = layout.address(&format!("tickets/{id}{place}"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response()
}

/// `None`: this is not what our form sends.
fn patch(fields: &Fields) -> Option<TicketPatch> {
    fn chosen<T: std::str::FromStr>(text: &str) -> Option<Option<T>> {
        if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
    }
    Some(TicketPatch {
        owner: Some(chosen(fields.text("owner"))?),
        team: Some(chosen(fields.text("team"))?),
        status: Some(Status::named(fields.text("status"))?),
        ..TicketPatch::default()
    })
}

/// The page with an answer that could not be sent, and why.
pub async fn page_with_reply(
    web: &Web,
    signed: &Signed,
    id: TicketId,
    text: String,
    fault: String,
) -> Result<impl Template, Problem> {
    let mut page = page(web, signed, id, None, None).await?;
    if let Some(reply) = &mut page.conversation.reply {
        (reply.text, reply.fault) = (text, Some(fault));
    }
    Ok(page)
}

async fn page(
    web: &Web,
    signed: &Signed,
    id: TicketId,
    after: Option<NoteId>,
    message: Option<MessageId>,
) -> Result<Page, Problem> {
    let ticket = visible(&signed.caller, id, web).await?;
    let layout = signed.layout.clone();
    let settings = web.desk.settings();
    let zone = &web.ground.account;
    let mut ids = web.reader.calls_of_ticket(id).await?;
    let earlier = ids.len().saturating_sub(CALLS_MAX);
    ids.drain(..earlier);
    let calls = calls::parts(web, signed, &ids).await?;
    let decisions = web.reader.decisions_on_ticket(id).await?;
    let (notes, more_notes) = notes_of(web, id, after).await?;
    let first = match ticket.call {
        Some(call) => web.reader.call(call).await?,
        None => None,
    };
    let number = first.as_ref().map(|call| call.from.as_str());
    let form = form(&ticket, signed, &settings);
    let conversation = conversation::of(web, signed, &ticket, message).await?;
    let person = earlier::on(&ticket, number, &settings);
    let others = others(&person, web, signed, id).await?;
    let contact = contact(person.contact, signed, &settings);
    let channel = ticket.channel.and_then(|channel| settings.ticket_channels.get(&channel));
    Ok(Page {
        id,
        who: Who::on(&ticket, number, &settings, &layout),
        subject: ticket.subject.clone(),
        channel: channel.map(|channel| channel.name.clone()),
        properties: ticket.properties.clone().into_iter().collect(),
        conversation,
        status: calls::status(ticket.status, &layout),
        owner: ticket.owner.map(|owner| settings.name_of(owner)),
        team: ticket.team.and_then(|team| Some(settings.people.teams.get(&team)?.name.clone())),
        created: Moment::new(ticket.created_at, zone),
        closed: ticket.closed_at.map(|at| Moment::new(at, zone)),
        calls,
        earlier,
        decisions: why::decisions(&decisions, ticket.channel, web, &layout),
        notes,
        more_notes,
        contact,
        is_somebodys: person.contact.is_some() || !person.numbers.is_empty(),
        others,
        form,
        note: String::new(),
        note_fault: None,
        layout,
    })
}

async fn others(
    person: &Person,
    web: &Web,
    signed: &Signed,
    id: TicketId,
) -> Result<Vec<earlier::Row>, Problem> {
    let part = earlier::with(person, web, signed, None, OTHERS as u32 + 1).await?;
    Ok(part.rows.into_iter().filter(|row| row.id != id).take(OTHERS).collect())
}

async fn notes_of(
    web: &Web,
    ticket: TicketId,
    after: Option<NoteId>,
) -> Result<(Vec<NotePart>, Option<String>), Problem> {
    let settings = web.desk.settings();
    let mut notes = web.reader.notes(ticket, after, NOTES + 1).await?;
    let more = notes.len() > NOTES as usize;
    notes.truncate(NOTES as usize);
    let next = notes.last().filter(|_| more).map(|note| format!("tickets/{ticket}?notes={}#notes", note.id));
    let shown = notes.into_iter().map(|note| NotePart {
        at: Moment::new(note.at, &web.ground.account),
        author: note.author.map(|author| settings.name_of(author)),
        text: note.text,
    });
    Ok((shown.collect(), next))
}

fn contact(id: Option<ContactId>, signed: &Signed, settings: &Settings) -> Option<ContactPart> {
    let id = id?;
    let contact = settings.contacts.get(id)?;
    let all = Viewer::new(&signed.caller, settings).contact(id) == Sight::All;
    let seen = |text: &Option<String>| text.clone().filter(|_| all);
    Some(ContactPart {
        page: all.then(|| format!("contacts/{id}")),
        name: contact.name.clone(),
        numbers: if all { contact.numbers.clone() } else { Vec::new() },
        email: seen(&contact.email),
        notes: seen(&contact.notes),
    })
}

fn form(ticket: &Ticket, signed: &Signed, settings: &Settings) -> Form {
    let layout = &signed.layout;
    let status = |status: Status| Choice {
        value: status.name().to_owned(),
        text: calls::status(status, layout).text,
        selected: ticket.status == status,
    };
    Form {
        tag: ticket_tag(ticket),
        owners: owners(ticket, signed, settings),
        teams: teams(ticket, layout, settings),
        statuses: [Status::New, Status::Waiting, Status::Closed].map(status).into(),
        theirs: None,
        fault: None,
    }
}

/// Nobody, its owner, oneself, then who has to do with it and everybody else, as long as there is room.
fn owners(ticket: &Ticket, signed: &Signed, settings: &Settings) -> Vec<Choice> {
    let people = &settings.people;
    let channel = ticket.channel.and_then(|channel| settings.channels.get(&channel));
    let routed = channel.map(|channel| people.routed(&channel.rule.users, &channel.rule.teams));
    let team = ticket.team.and_then(|team| people.teams.get(&team));
    let near = team.map(|team| [team.main.clone(), team.extra.clone()].concat()).unwrap_or_default();
    let mut rest: Vec<UserId> = people.users.keys().copied().collect();
    rest.sort_unstable();
    let first = [ticket.owner, Some(signed.me.user)].into_iter().flatten();
    let all = first.chain(near).chain(routed.unwrap_or_default()).chain(rest);
    let mut seen = std::collections::HashSet::new();
    let mut users: Vec<UserId> = all.filter(|user| seen.insert(*user)).take(CHOICES_MAX).collect();
    users.sort_by_key(|user| settings.name_of(*user).to_lowercase());
    let nobody = Choice {
        value: String::new(),
        text: signed.layout.t("ticket-owner-nobody"),
        selected: ticket.owner.is_none(),
    };
    let somebody = users.into_iter().map(|user| Choice {
        value: user.to_string(),
        text: settings.name_of(user),
        selected: ticket.owner == Some(user),
    });
    [nobody].into_iter().chain(somebody).collect()
}

fn teams(ticket: &Ticket, layout: &Layout, settings: &Settings) -> Vec<Choice> {
    let mut teams: Vec<(TeamId, &str)> =
        settings.people.teams.values().map(|team| (team.id, team.name.as_str())).collect();
    teams.sort_by_key(|(id, name)| (ticket.team != Some(*id), name.to_lowercase()));
    teams.truncate(CHOICES_MAX);
    let none =
        Choice { value: String::new(), text: layout.t("ticket-team-none"), selected: ticket.team.is_none() };
    let some = teams.into_iter().map(|(id, name)| Choice {
        value: id.to_string(),
        text: name.to_owned(),
        selected: ticket.team == Some(id),
    });
    [none].into_iter().chain(some).collect()
}

impl Form {
    /// What is chosen, in words.
    fn as_it_is(&self) -> String {
        let chosen = |choices: &[Choice]| {
            choices
                .iter()
                .find(|choice| choice.selected)
                .map_or_else(String::new, |choice| choice.text.clone())
        };
        let all = [&self.owners, &self.teams, &self.statuses].map(|choices| chosen(choices));
        all.map(|text| format!("\u{2068}{text}\u{2069}")).join(", ")
    }

    /// As somebody has filled it in.
    fn select(&mut self, patch: &TicketPatch) {
        let text = |id: Option<String>| id.unwrap_or_default();
        let owner = text(patch.owner.flatten().map(|id| id.to_string()));
        let team = text(patch.team.flatten().map(|id| id.to_string()));
        let status = patch.status.map_or("", Status::name).to_owned();
        for (choices, value) in
            [(&mut self.owners, owner), (&mut self.teams, team), (&mut self.statuses, status)]
        {
            choices.iter_mut().for_each(|choice| choice.selected = choice.value == value);
        }
    }
}
