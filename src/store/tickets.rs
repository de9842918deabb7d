//! Tickets.

use super::{
    Reader, damaged, id, instant, json, messages, ms, optional_id,
    script::{Script, Values},
    to_json,
    visible::{LOOKED_AT_MAX, Seen, Theirs},
};
use crate::{
    calls::call::Caller,
    routing::ids::{CallId, ChannelId, ContactId, InboxId, TeamId, TicketId, UserId},
    routing::load::{COUNTED_FOR, Load, TicketType, Weight},
    tickets::{
        incoming::Identity,
        ticket::{Status, Ticket},
    },
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures_util::TryStreamExt;
use sqlx::{QueryBuilder, Row, SqliteConnection, sqlite::SqliteRow};
use std::collections::{BTreeMap, HashMap};

pub(super) fn write<'a>(script: &mut Script, tickets: impl Iterator<Item = &'a Ticket>) {
    let rows: Vec<&Ticket> = tickets.collect();
    let insert = "insert into tickets (id, type, status, owner, team, call, channel, created_ms, assigned_ms, closed_ms,
            closed_on, touched_ms, inbox, subject, contact, customer_kind, customer, properties) ";
    let bind = |mut row: Values<'_>, ticket: &&Ticket| {
        row.push_bind(ticket.id.to_string())
            .push_bind(type_name(ticket.kind))
            .push_bind(ticket.status.name())
            .push_bind(ticket.owner.map(|owner| owner.to_string()))
            .push_bind(ticket.team.map(|team| team.to_string()))
            .push_bind(ticket.call.map(|call| call.to_string()))
            .push_bind(ticket.channel.map(|channel| channel.to_string()))
            .push_bind(ms(ticket.created_at))
            .push_bind(ticket.assigned_at.map(ms))
            .push_bind(ticket.closed_at.map(ms))
            .push_bind(ticket.closed_on.map(|date| date.to_string()))
            .push_bind(ms(ticket.touched_at))
            .push_bind(ticket.inbox.map(|inbox| inbox.to_string()))
            .push_bind(ticket.subject.clone())
            .push_bind(ticket.contact.map(|contact| contact.to_string()))
            .push_bind(ticket.customer.as_ref().map(messages::identity_kind))
            .push_bind(ticket.customer.as_ref().and_then(messages::identity_value).map(str::to_owned))
            .push_bind((!ticket.properties.is_empty()).then(|| to_json(&ticket.properties)));
    };
    let or = " on conflict (id) do update set status = excluded.status, owner = excluded.owner, team = excluded.team,
            assigned_ms = excluded.assigned_ms, closed_ms = excluded.closed_ms, closed_on = excluded.closed_on,
            touched_ms = excluded.touched_ms, inbox = excluded.inbox, subject = excluded.subject,
            contact = excluded.contact, customer_kind = excluded.customer_kind, customer = excluded.customer,
            properties = excluded.properties";
    script.insert(insert, &rows, bind, or);
}

fn type_name(kind: TicketType) -> &'static str {
    match kind {
        TicketType::Calling => "calling",
        TicketType::Messages => "messages",
        TicketType::EmailOther => "email_other",
    }
}

pub(super) fn type_named(name: &str) -> sqlx::Result<TicketType> {
    match name {
        "calling" => Ok(TicketType::Calling),
        "messages" => Ok(TicketType::Messages),
        "email_other" => Ok(TicketType::EmailOther),
        _ => Err(damaged("ticket type")(name.to_owned())),
    }
}

pub(super) const COLUMNS: &str =
    "select id, type, status, owner, team, call, channel, created_ms, assigned_ms, closed_ms,
    closed_on, touched_ms, inbox, subject, contact, customer_kind, customer, properties from tickets ";

pub(super) fn read(row: &SqliteRow) -> sqlx::Result<Ticket> {
    let status: String = row.try_get("status")?;
    let closed_on: Option<String> = row.try_get("closed_on")?;
    Ok(Ticket {
        id: id(row, "id")?,
        kind: type_named(row.try_get("type")?)?,
        status: Status::named(&status).ok_or_else(|| damaged("status")(status.clone()))?,
        owner: optional_id(row, "owner")?,
        team: optional_id(row, "team")?,
        call: optional_id(row, "call")?,
        channel: optional_id(row, "channel")?,
        created_at: instant(row.try_get("created_ms")?),
        touched_at: instant(row.try_get::<Option<i64>, _>("touched_ms")?.unwrap_or_default()),
        assigned_at: row.try_get::<Option<i64>, _>("assigned_ms")?.map(instant),
        closed_at: row.try_get::<Option<i64>, _>("closed_ms")?.map(instant),
        closed_on: closed_on.and_then(|date| date.parse::<NaiveDate>().ok()),
        inbox: optional_id(row, "inbox")?,
        subject: row.try_get("subject")?,
        contact: optional_id(row, "contact")?,
        customer: customer(row)?,
        properties: properties(row)?,
    })
}

fn customer(row: &SqliteRow) -> sqlx::Result<Option<Identity>> {
    let kind: Option<String> = row.try_get("customer_kind")?;
    kind.map(|kind| messages::identity(&kind, row.try_get("customer")?)).transpose()
}

pub(super) fn properties(row: &SqliteRow) -> sqlx::Result<BTreeMap<String, String>> {
    let stored: Option<String> = row.try_get("properties")?;
    stored.map_or(Ok(BTreeMap::new()), |_| json(row, "properties"))
}

pub async fn one(connection: &mut SqliteConnection, ticket: TicketId) -> sqlx::Result<Option<Ticket>> {
    let mut query = QueryBuilder::new(COLUMNS);
    query.push("where id = ").push_bind(ticket.to_string());
    query.build().fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// The tickets of live calls.
pub async fn of_live_calls(connection: &mut SqliteConnection) -> sqlx::Result<Vec<Ticket>> {
    let mut query = QueryBuilder::new(COLUMNS);
    query.push("where id in (select ticket from calls where live is not null)");
    query.build().fetch_all(connection).await?.iter().map(read).collect()
}

/// The open tickets of calls and who called, the latest `limit` that were touched, oldest first.
pub async fn latest_open(
    connection: &mut SqliteConnection,
    limit: usize,
) -> sqlx::Result<Vec<(Ticket, Caller)>> {
    let sql = "select t.*, c.caller from tickets t join calls c on c.id = t.call
        where t.closed_ms is null and t.call is not null and t.type = 'calling' order by t.touched_ms desc limit $1";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = sqlx::query(sql).bind(limit).fetch_all(connection).await?;
    let caller = |row: &SqliteRow| row.try_get::<String, _>("caller").map(Caller::from);
    rows.iter().rev().map(|row| Ok((read(row)?, caller(row)?))).collect()
}

/// When each user was last given a ticket, open or not.
pub async fn last_assigned(connection: &mut SqliteConnection) -> sqlx::Result<Vec<(UserId, i64)>> {
    let sql = "select owner, max(assigned_ms) as last_ms from tickets where owner is not null group by owner";
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((id(row, "owner")?, row.try_get("last_ms")?))).collect()
}

/// What every user holds that counts at `at`, and when each was last given something.
pub async fn load(connection: &mut SqliteConnection, at: DateTime<Utc>) -> sqlx::Result<Load> {
    let mut load = Load::default();
    let sql = "select owner, type, assigned_ms from tickets
        where owner is not null and closed_ms is null and assigned_ms >= $1 order by owner, type, assigned_ms";
    // One by one: there may be a million, and a row takes more room than what is kept of it.
    let mut rows = sqlx::query(sql).bind(ms(at - COUNTED_FOR)).fetch(&mut *connection);
    while let Some(row) = rows.try_next().await? {
        let (user, kind) = (id(&row, "owner")?, type_named(row.try_get("type")?)?);
        load.put(Weight { user, kind, assigned_at: instant(row.try_get("assigned_ms")?) });
    }
    drop(rows);
    for (user, at_ms) in last_assigned(connection).await? {
        load.remember_assignment(user, instant(at_ms));
    }
    Ok(load)
}

/// Who comes next among all that were ever given a ticket.
pub async fn next_owner(
    connection: &mut SqliteConnection,
    after: Option<UserId>,
) -> sqlx::Result<Option<UserId>> {
    let sql = "select min(owner) as owner from tickets where owner > $1";
    let after = after.map_or_else(String::new, |after| after.to_string());
    optional_id(&sqlx::query(sql).bind(after).fetch_one(connection).await?, "owner")
}

/// How many tickets of each type this user holds that count at `at`.
pub async fn count_of(
    connection: &mut SqliteConnection,
    user: UserId,
    at: DateTime<Utc>,
) -> sqlx::Result<HashMap<TicketType, u32>> {
    let sql = "select type, count(*) as tickets from tickets
        where owner = $1 and closed_ms is null and assigned_ms >= $2 group by type";
    let rows =
        sqlx::query(sql).bind(user.to_string()).bind(ms(at - COUNTED_FOR)).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((type_named(row.try_get("type")?)?, row.try_get("tickets")?))).collect()
}

/// Each of them.
pub async fn held_by(
    connection: &mut SqliteConnection,
    user: UserId,
    at: DateTime<Utc>,
) -> sqlx::Result<Vec<Weight>> {
    let sql = "select type, assigned_ms from tickets
        where owner = $1 and closed_ms is null and assigned_ms >= $2 order by type, assigned_ms";
    let rows =
        sqlx::query(sql).bind(user.to_string()).bind(ms(at - COUNTED_FOR)).fetch_all(connection).await?;
    let weight = |row: &SqliteRow| {
        let kind = type_named(row.try_get("type")?)?;
        Ok(Weight { user, kind, assigned_at: instant(row.try_get("assigned_ms")?) })
    };
    rows.iter().map(weight).collect()
}

impl Reader {
    pub async fn ticket(&self, ticket: TicketId) -> sqlx::Result<Option<Ticket>> {
        let mut connection = self.pool.acquire().await?;
        one(&mut connection, ticket).await
    }

    /// These tickets, in no order.
    pub async fn tickets_of(&self, ids: &[TicketId]) -> sqlx::Result<Vec<Ticket>> {
        let mut query = QueryBuilder::new(COLUMNS);
        query.push("where id in (");
        let mut list = query.separated(", ");
        ids.iter().for_each(|id| {
            list.push_bind(id.to_string());
        });
        query.push(")");
        query.build().fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// The newest first, older than `after`: those as wished that somebody sees, or all.
    pub async fn tickets(
        &self,
        wished: &Wished,
        theirs: Option<&Theirs>,
        after: Option<TicketId>,
        limit: u32,
    ) -> sqlx::Result<Seen<Ticket>> {
        let (earliest, latest) = wished.filter.ids();
        let after = [after.map(|after| after.to_string()), latest].into_iter().flatten().min();
        let mut query = QueryBuilder::new(COLUMNS);
        query.push("where ").push(wished.of());
        if let Some(after) = &after {
            query.push(" and id < ").push_bind(after.clone());
        }
        wished.view.narrow(&mut query);
        wished.filter.narrow(&mut query);
        let mut looked_at = LOOKED_AT_MAX;
        if let Some(sought) = &wished.sought {
            let is_everywhere = self.is_everywhere(sought).await?;
            sought.narrow(is_everywhere, &mut query);
            looked_at = if is_everywhere { READ_THROUGH_MAX } else { looked_at };
        }
        let mut end = None;
        if let Some(theirs) = theirs {
            query.push(" and ");
            theirs.narrow_tickets(&mut query);
        }
        if theirs.is_some() || wished.is_narrow() {
            end = self.looks_until("tickets", Some(wished.of()), None, after, looked_at).await?;
            end = end.filter(|end| earliest.as_ref().is_none_or(|earliest| end >= earliest));
            if let Some(end) = end.as_ref().or(earliest.as_ref()) {
                query.push(" and id >= ").push_bind(end.clone());
            }
        }
        query.push(" order by id desc limit ").push_bind(i64::from(limit) + 1);
        let rows = query.build().fetch_all(&self.pool).await?.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Seen::new(rows, limit, |ticket: &Ticket| ticket.id.to_string(), end))
    }

    pub async fn tickets_of_call(&self, call: CallId) -> sqlx::Result<Vec<Ticket>> {
        let mut query = QueryBuilder::new(COLUMNS);
        query.push("where call = ").push_bind(call.to_string());
        query.build().fetch_all(&self.pool).await?.iter().map(read).collect()
    }
}

/// How much that has a word is gone through at once: in a large store a common one is in all of it.
const FOUND_MAX: i64 = 20_000;
/// How many tickets are read through for such a word.
const READ_THROUGH_MAX: i64 = 1_000;

/// Which tickets are asked for.
#[derive(Debug, Clone, Default)]
pub struct Wished {
    pub view: View,
    pub filter: Filter,
    pub sought: Option<Sought>,
}

impl Wished {
    /// Of what it is a part: open tickets have an index of their own.
    fn of(&self) -> &'static str {
        match (&self.view, self.filter.open) {
            (View::All, None) => "true",
            (View::All, Some(true)) => "closed_ms is null",
            (View::All | View::Closed, _) => "closed_ms is not null",
            _ => "closed_ms is null",
        }
    }

    /// Whether many rows may have to be looked at for one that is wished.
    fn is_narrow(&self) -> bool {
        if self.filter != Filter::default() {
            return true;
        }
        match self.view {
            View::All | View::Closed => self.sought.as_ref().is_some_and(Sought::is_narrow),
            _ => true,
        }
    }
}

/// What a ticket must be; of what is `None` it may be anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub channel: Option<ChannelId>,
    /// In this workspace: an inbox, or with `None` the help desk.
    pub inbox: Option<Option<InboxId>>,
    /// Somebody's, or with `None` nobody's.
    pub owner: Option<Option<UserId>>,
    pub team: Option<TeamId>,
    pub kind: Option<TicketType>,
    pub status: Option<Status>,
    /// Not closed, or closed.
    pub open: Option<bool>,
    pub contact: Option<ContactId>,
    /// Made then or later.
    pub since: Option<DateTime<Utc>>,
    /// Made before.
    pub until: Option<DateTime<Utc>>,
}

/// An id is dated when its ticket was made, or later where the clock was set back: seldom by more than this.
const DATED_WITHIN: TimeDelta = TimeDelta::days(1);
/// Ids have 48 bits for their date.
const ID_MS_MAX: i64 = (1 << 48) - 1;

impl Filter {
    /// The first id that may be of this time, and the first one after it: what is before or after need not be looked at.
    fn ids(&self) -> (Option<String>, Option<String>) {
        let first = |at: DateTime<Utc>| format!("{:012x}{}", ms(at).clamp(0, ID_MS_MAX), "0".repeat(20));
        let since = self.since.and_then(|since| since.checked_sub_signed(DATED_WITHIN));
        let until = self.until.and_then(|until| until.checked_add_signed(DATED_WITHIN));
        (since.map(first), until.map(first))
    }

    fn narrow(&self, query: &mut QueryBuilder<sqlx::Sqlite>) {
        let equal = [
            (" and channel = ", self.channel.map(|channel| channel.to_string())),
            (" and inbox = ", self.inbox.flatten().map(|inbox| inbox.to_string())),
            (" and owner = ", self.owner.flatten().map(|owner| owner.to_string())),
            (" and team = ", self.team.map(|team| team.to_string())),
            (" and type = ", self.kind.map(|kind| type_name(kind).to_owned())),
            (" and status = ", self.status.map(|status| status.name().to_owned())),
            (" and contact = ", self.contact.map(|contact| contact.to_string())),
        ];
        for (must, be) in equal {
            if let Some(be) = be {
                query.push(must).push_bind(be);
            }
        }
        if self.inbox == Some(None) {
            query.push(" and inbox is null");
        }
        if self.owner == Some(None) {
            query.push(" and owner is null");
        }
        match self.open {
            None => {}
            Some(true) => drop(query.push(" and closed_ms is null")),
            Some(false) => drop(query.push(" and closed_ms is not null")),
        }
        if let Some(since) = self.since {
            query.push(" and created_ms >= ").push_bind(ms(since));
        }
        if let Some(until) = self.until {
            query.push(" and created_ms < ").push_bind(ms(until));
        }
    }
}

/// The lists that a desk works through (R2, A24).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum View {
    #[default]
    All,
    Closed,
    /// Open, and nobody's.
    Unassigned,
    /// Open, and theirs.
    Of(UserId),
    /// Open, nobody's, and of one of these teams.
    UnassignedOf(Vec<TeamId>),
    /// Open, and of one of these teams.
    OfTeams(Vec<TeamId>),
}

impl View {
    fn narrow(&self, query: &mut QueryBuilder<sqlx::Sqlite>) {
        match self {
            Self::All | Self::Closed => {}
            Self::Unassigned => drop(query.push(" and owner is null")),
            Self::Of(owner) => drop(query.push(" and owner = ").push_bind(owner.to_string())),
            Self::UnassignedOf(teams) => {
                query.push(" and owner is null");
                of_teams(teams, query);
            }
            Self::OfTeams(teams) => of_teams(teams, query),
        }
    }
}

fn of_teams(teams: &[TeamId], query: &mut QueryBuilder<sqlx::Sqlite>) {
    query.push(" and team in (");
    let mut list = query.separated(", ");
    teams.iter().for_each(|team| {
        list.push_bind(team.to_string());
    });
    query.push(")");
}

/// What was typed to find a ticket; any of these is enough.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sought {
    /// The beginning of its id.
    pub id: Option<String>,
    /// One of these called.
    pub callers: Vec<String>,
    /// Somebody called whose number begins so. Many digits: all who have it are looked up.
    pub prefix: Option<String>,
    /// Somebody called whose number has these digits in it.
    pub digits: Option<String>,
    /// Of one of these.
    pub contacts: Vec<ContactId>,
    /// Something that was written on it has all of these words, or longer ones that begin so.
    pub words: Vec<String>,
}

impl Sought {
    /// The words as the index is asked for them. In quotes it is no query language, but what is looked for. Words begin so,
    /// but for single letters, with which too many begin.
    fn query(&self) -> String {
        let word = |word: &String| {
            let last = word.rsplit(|c: char| !c.is_alphanumeric()).find(|part| !part.is_empty());
            let star = if last.is_some_and(|last| last.chars().nth(1).is_some()) { "*" } else { "" };
            format!("\"{}\"{star}", word.replace('"', ""))
        };
        self.words.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    fn is_narrow(&self) -> bool {
        self.digits.is_some() || !self.words.is_empty()
    }

    /// `is_everywhere`: too much has these words for all of it to be read; each ticket's own is looked at instead.
    fn narrow(&self, is_everywhere: bool, query: &mut QueryBuilder<sqlx::Sqlite>) {
        query.push(" and (false");
        if let Some(id) = &self.id {
            // Ids are hex digits: nothing of them comes after this letter.
            query.push(" or (id >= ").push_bind(id.clone());
            query.push(" and id < ").push_bind(format!("{id}g")).push(")");
        }
        if !self.callers.is_empty() {
            query.push(" or id in (select ticket from calls where caller in (");
            let mut list = query.separated(", ");
            self.callers.iter().for_each(|caller| {
                list.push_bind(caller.clone());
            });
            query.push("))");
        }
        if let Some(prefix) = &self.prefix {
            // After the digits comes the colon.
            query.push(" or id in (select ticket from calls where caller >= ").push_bind(prefix.clone());
            query.push(" and caller < ").push_bind(format!("{prefix}:")).push(")");
        }
        if let Some(digits) = &self.digits {
            query.push(" or exists (select 1 from calls where calls.ticket = tickets.id and instr(caller, ");
            query.push_bind(digits.clone()).push(") > 0)");
        }
        if !self.contacts.is_empty() {
            query.push(" or contact in (");
            let mut list = query.separated(", ");
            self.contacts.iter().for_each(|contact| {
                list.push_bind(contact.to_string());
            });
            query.push(")");
        }
        match (self.words.is_empty(), is_everywhere) {
            (true, _) => {}
            (false, false) => {
                query.push(" or id in (select ticket from search_rows where row in (");
                query.push("select rowid from search_words where search_words match ");
                query.push_bind(self.query()).push("))");
            }
            (false, true) => {
                // The plus: each ticket's rows are looked up in what has the words, which is found once, and not the other way.
                query.push(" or exists (select 1 from search_rows where search_rows.ticket = tickets.id");
                query.push(
                    " and +search_rows.row in (select rowid from search_words where search_words match ",
                );
                query.push_bind(self.query()).push("))");
            }
        }
        query.push(")");
    }
}

impl Reader {
    /// Whether more has the words than one look may read.
    async fn is_everywhere(&self, sought: &Sought) -> sqlx::Result<bool> {
        if sought.words.is_empty() {
            return Ok(false);
        }
        let sql = "select count(*) from (select 1 from search_words where search_words match $1 limit $2)";
        let found: i64 =
            sqlx::query_scalar(sql).bind(sought.query()).bind(FOUND_MAX).fetch_one(&self.pool).await?;
        Ok(found >= FOUND_MAX)
    }

    /// Tickets that were made in that time, the oldest first, newer than `after`.
    pub async fn tickets_in(
        &self,
        span: super::calls::Span,
        after: Option<TicketId>,
        limit: u32,
    ) -> sqlx::Result<Vec<Ticket>> {
        let mut query = QueryBuilder::new(COLUMNS);
        query.push("where id > ").push_bind(after.map_or_else(String::new, |after| after.to_string()));
        span.narrow(&mut query, "created_ms");
        query.push(" order by id limit ").push_bind(i64::from(limit));
        query.build().fetch_all(&self.pool).await?.iter().map(read).collect()
    }
}
