// Every page that there is: its name in the pictures, as whom it is seen, and its address, or how it is prepared, which answers
// the address. `here` has the visitors who are there already, by `as`, and whatever else a page leaves for the next ones.

import { until } from './waiting.mjs'

export const PAGES = [
  { name: 'channels-none', as: 'admin', address: 'channels' },
  { name: 'start', as: 'admin', address: 'start' },
  { name: 'start-account', as: 'admin', address: 'start/account' },
  { name: 'start-company', as: 'admin', address: 'start/company' },
  { name: 'start-number', as: 'admin', address: 'start/number' },
  { name: 'start-hours-without-a-number', as: 'admin', address: 'start/hours' },
  {
    name: 'start-webhooks',
    as: 'admin',
    prepare: async (desk, here) => {
      const people = [await desk.user('Chloé <b>Dupont</b>'), await desk.user('דוד 🙂 Ben')]
      here.channel = await desk.channel({ name: 'Reception', routing: { users: people.map(({ id }) => id) } })
      return 'start/webhooks'
    },
  },
  { name: 'start-hours', as: 'admin', address: 'start/hours' },
  { name: 'start-greetings', as: 'admin', address: 'start/greetings' },
  { name: 'start-agents', as: 'admin', address: 'start/agents' },
  { name: 'me', as: 'agent', address: 'me' },
  { name: 'channel', as: 'admin', prepare: async (desk, here) => (here.helpdesk ??= await helpdesk(desk)) },
  { name: 'channels', as: 'admin', address: 'channels' },
  { name: 'channel-new', as: 'admin', address: 'channels/new' },
  { name: 'channel-delete', as: 'admin', prepare: async (desk, here) => `${here.helpdesk}/deletion` },
  { name: 'tonight', as: 'admin', address: 'tonight' },
  { name: 'tickets', as: 'admin', prepare: async desk => { await ticket(desk); return 'tickets?view=all' } },
  { name: 'ticket', as: 'admin', prepare: async desk => `tickets/${await ticket(desk)}` },
  { name: 'people', as: 'admin', address: 'people' },
  { name: 'user', as: 'admin', prepare: async desk => `people/${(await desk.user('Zoë Ünal')).id}` },
  { name: 'teams', as: 'admin', prepare: async desk => { await team(desk, 'Support'); return 'people/teams' } },
  { name: 'team', as: 'admin', prepare: async desk => `people/teams/${await team(desk, 'Sales')}` },
  { name: 'system', as: 'admin', address: 'system' },
  { name: 'telephones', as: 'admin', prepare: async desk => { await desk.channel(); return 'system/telephones' } },
  { name: 'jobs', as: 'admin', address: 'system/jobs' },
  { name: 'webhooks', as: 'admin', prepare: async desk => { await webhook(desk); return 'system/webhooks' } },
  { name: 'webhook', as: 'admin', prepare: async desk => `system/webhooks/${await webhook(desk)}` },
  { name: 'tokens', as: 'admin', address: 'system/tokens' },
  { name: 'audit', as: 'admin', address: 'system/audit' },
  { name: 'erasure', as: 'admin', address: 'system/erasure' },
  { name: 'phone', as: 'agent', prepare: callers },
  { name: 'board', as: 'admin', address: 'board' },
  { name: 'wallboard', as: 'admin', address: 'board?wall' },
  { name: 'test-call', as: 'admin', prepare: async (desk, here) => `test-call?channel=${here.calls}&from=%2B43660111` },
  { name: 'replay', as: 'admin', prepare: async (desk, here) => `replay?channel=${here.calls}&days=7&strategy=round_robin&play=1` },
  { name: 'tickets-filtered', as: 'admin', prepare: async desk => `tickets?saved=${await kept(desk)}&q=&status=open&owner=nobody&since=2020-01-01&until=2019-01-01` },
  { name: 'tickets-kept', as: 'agent', prepare: async desk => `tickets?saved=${await kept(desk)}` },
  { name: 'ticket-views', as: 'admin', address: 'tickets/views' },
  { name: 'ticket-view', as: 'admin', prepare: async desk => `tickets/views/${await kept(desk)}` },
  { name: 'ticket-new', as: 'admin', address: 'tickets/new' },
  { name: 'conversation', as: 'admin', prepare: async (desk, here) => `tickets/${await conversation(desk, here)}` },
  { name: 'contacts', as: 'admin', address: 'contacts' },
  { name: 'contact-new', as: 'admin', address: 'contacts/new' },
  { name: 'contact', as: 'admin', prepare: async (desk, here) => `contacts/${await contact(desk, here)}` },
  { name: 'contact-merge', as: 'admin', prepare: async (desk, here) => `contacts/${here.clara}/merge?with=${here.twin}` },
  { name: 'contacts-own', as: 'agent', address: 'contacts' },
  { name: 'contact-own', as: 'agent', prepare: async (desk, here) => `contacts/${here.clara}` },
  { name: 'earlier', as: 'admin', prepare: async (desk, here) => `tickets/${here.leak}/earlier` },
  { name: 'channels-written', as: 'admin', address: 'channels/written' },
  { name: 'channel-written-new', as: 'admin', address: 'channels/written/new?kind=email' },
  { name: 'channel-written', as: 'admin', prepare: async (desk, here) => `channels/written/${here.shop}` },
  { name: 'skills', as: 'admin', address: 'people/skills' },
  { name: 'skills-of-user', as: 'admin', prepare: async (desk, here) => `people/${here.keeper}/skills` },
  { name: 'inboxes', as: 'admin', address: 'people/inboxes' },
  { name: 'inbox', as: 'admin', prepare: async (desk, here) => `people/inboxes/${here.inbox}` },
  { name: 'notifications-none', as: 'agent', address: 'notifications' },
  { name: 'notifications', as: 'agent', prepare: told },
  { name: 'notification-choices', as: 'agent', address: 'me/notifications' },
  { name: 'notification-defaults', as: 'admin', address: 'system/notifications' },
  { name: 'waiting-none', as: 'admin', address: 'tickets/waiting' },
  { name: 'waiting', as: 'admin', prepare: waiting },
  { name: 'messages-none', as: 'admin', address: 'tickets/messages' },
  { name: 'messages', as: 'admin', prepare: async (desk, here) => { here.loose = await loose(desk); return 'tickets/messages' } },
  { name: 'message', as: 'admin', prepare: async (desk, here) => `tickets/messages/${here.loose}` },
  { name: 'test-call-none', as: 'admin', address: 'test-call' },
]

// A channel with hours, holes, exceptions and messages. Its page.
async function helpdesk(desk) {
  const office = { mon: [['09:00', '17:00']], tue: [['09:00', '17:00']], wed: [['09:00', '12:00']] }
  const users = await Promise.all([
    desk.user('Berit', { working_hours: office, time_zone: 'Europe/Oslo' }),
    desk.user('Çağla <b>', { working_hours: { mon: [['13:00', '20:00']] } }),
    desk.user('Dirk', { capacity: 0 }),
  ])
  const team = await desk.post('teams', { name: 'Second line', main: [users[0].id] })
  const always = ['mon', 'tue', 'wed', 'thu', 'fri'].map(day => [day, [['08:00', '12:00'], ['13:00', '18:00']]])
  const channel = await desk.channel({
    name: 'Help desk',
    time_zone: 'Europe/Oslo',
    hours: {
      mode: 'schedule',
      weekly: { ...Object.fromEntries(always), sat: [['22:00', '02:00']] },
      exceptions: [{ date: '2099-12-24', spans: [], name: 'Christmas Eve' }, { date: '2099-12-31', spans: [['09:00', '12:00']] }],
    },
    routing: { users: users.map(user => user.id), teams: [team.id], tie_break: 'fixed_order', strategy: 'round_robin' },
    greetings: { after_hours: { text: 'We are closed.', language: 'en-GB' } },
  })
  return `channels/${channel.id}`
}

// One call was missed, two are ringing.
async function callers(desk, here) {
  const users = (await desk.get('users')).items.filter(user => user.name === 'Ann')
  users.push(await desk.user('Bert'))
  const channel = await desk.channel({ name: 'Calls', routing: { users: users.map(user => user.id) } })
  await desk.post('contacts', { name: 'Clara Novak', numbers: ['+43660111'] })
  here.calls = channel.id
  const missed = await desk.call(channel, { from: '+43660111', message_seconds: 2 })
  await missed.until('is over', call => call.is_over)
  await here.agent.open('phone')
  for (const from of ['+43660111', '+43660222']) await desk.call(channel, { from })
  await here.agent.page.locator('.slot.taken').nth(1).waitFor()
  return 'phone'
}

// A ticket of a call that rang nobody, with a message. Its id.
async function ticket(desk) {
  const away = await desk.user(`Ben ${desk.numbers}`)
  await desk.api('PUT', `users/${away.id}/availability`, { state: 'away', reason: 'lunch' })
  const channel = await desk.channel({ routing: { users: [away.id] } })
  const caller = await desk.call(channel, { message_seconds: 5 })
  return (await messageOf(desk, caller)).ticket
}

// A conversation about a pump: what the customer wrote came as HTML, with an answer. The ticket's id.
async function conversation(desk, here) {
  const german = await desk.post('skills', { name: 'Deutsch', kind: 'language' })
  const keeper = await desk.user('Käthe <i>', { skills: [{ skill: german.id, level: 4 }] })
  const inbox = await desk.post('inboxes', { name: 'Sales & <b>', only: { users: [keeper.id], teams: [] } })
  const assignment = { mode: 'specific', users: [keeper.id], strategy: 'load_balanced' }
  const skills = [{ skill: german.id, level: 3, needed: true }]
  const channel = await desk.post('channels', { kind: 'api', name: 'Shop <b>', assignment, skills })
  Object.assign(here, { shop: channel.id, keeper: keeper.id, inbox: inbox.id })
  const customer = { kind: 'email', value: 'clara@example.org' }
  const ticket = await desk.post('tickets', { channel: channel.id, customer, name: 'Clara Novak', subject: 'The pump leaks', text: 'It leaks again.' })
  const html = '<p>It <b>leaks</b> <img src="https://example.org/spy.png"> again.</p>'
  await desk.post(`tickets/${ticket.id}/messages`, { by_customer: true, text: 'It leaks again.', html })
  await desk.post(`tickets/${ticket.id}/messages`, { text: 'We will have a look.' })
  here.leak = ticket.id
  return ticket.id
}

// Somebody who wrote twice and called, whom a chat knows, too, and who is twice in the list. Their id.
async function contact(desk, here) {
  const customer = { kind: 'email', value: 'clara@example.org' }
  const wrote = await desk.post('tickets', { channel: here.shop, customer, subject: 'The valve <b>', text: 'And the valve.' })
  here.clara = wrote.contact
  const visitors = [{ channel: here.shop, visitor: 'visitor-17' }]
  const owner = (await desk.get('users')).items.find(user => user.name === 'Ann').id
  const more = { name: 'Clara <i>Novák</i> שלום', visitors, owner, notes: 'Calls about\nthe pump.', other_emails: ['novak@home.test'] }
  await desk.patch(`contacts/${here.clara}`, more)
  here.twin = (await desk.post('contacts', { name: 'C. Novák', numbers: ['+4366077777'], priority: 3, blocked: 'voicemail' })).id
  return here.clara
}

// Ann was told of two tickets, and has read of one.
async function told(desk, here) {
  const ann = (await desk.get('users')).items.find(user => user.name === 'Ann')
  await desk.api('PUT', `users/${ann.id}/availability`, { state: 'available' })
  await written(desk, { name: 'Portal of Ann' }, ann, ['The valve <b>sticks</b>', 'A very long word: ' + 'drip'.repeat(40)])
  await here.agent.open('notifications')
  await here.agent.page.getByRole('button', { name: 'Mark as read' }).last().click()
  await here.agent.page.getByText('read', { exact: true }).waitFor()
  return 'notifications'
}

// Two tickets wait, as nobody is there.
async function waiting(desk) {
  const away = await desk.user('Åse Away')
  await desk.api('PUT', `users/${away.id}/availability`, { state: 'away', reason: 'lunch' })
  await written(desk, { name: 'Doors & <b>', reroutes: true }, away, ['The door squeaks', 'לא נפתח'])
  return 'tickets/waiting'
}

// Two messages of which no ticket is made. The newer one's id.
async function loose(desk) {
  const keeper = await desk.user('Keeper of letters')
  await written(desk, { name: 'Letters', makes_tickets: false }, keeper, ['Greetings', 'An <i>offer</i>'])
  return (await desk.get('messages')).items[0].id
}

// Vera writes by a channel of another system, whose tickets this user gets.
async function written(desk, more, { id }, subjects) {
  const assignment = { mode: 'specific', users: [id], strategy: 'load_balanced' }
  const channel = await desk.post('channels', { kind: 'api', assignment, ...more })
  const customer = { kind: 'email', value: 'vera@example.org' }
  for (const subject of subjects) {
    await desk.post('tickets', { channel: channel.id, customer, name: 'Vera', subject, text: 'Since Monday, and it gets worse.' })
  }
}

// The call of this caller, once its message is kept.
export function messageOf(desk, caller) {
  return until('a message that is kept', async () => {
    const { items } = await desk.get('calls?limit=100')
    return items.find(call => call.provider_call_id === caller.sid && call.voicemail)
  })
}

// A list that is kept and shared by an admin. Its id.
async function kept(desk) {
  const { items } = await desk.get('users?limit=200')
  const eve = items.find(user => user.name === 'Eve')
  const { token } = await desk.post('tokens', { name: `Eve ${desk.numbers++}`, role: 'admin', user: eve.id })
  const theirs = Object.assign(Object.create(desk), { token })
  const wanted = { open: true, owner: 'nobody', since: '2020-01-01T00:00:00Z' }
  return (await theirs.api('POST', 'views', { name: `Open <b> שלום ${desk.numbers}`, shared: true, tickets: wanted })).id
}

async function team(desk, name) {
  const ann = await desk.user(`Ann of ${name}`)
  return (await desk.post('teams', { name, main: [ann.id] })).id
}

async function webhook(desk) {
  const { items } = await desk.get('webhooks')
  const document = { name: `board ${items.length}`, url: 'https://example.org/board', events: ['*'], enabled: false }
  return (await desk.post('webhooks', document)).id
}
