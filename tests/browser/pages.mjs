// Every page that there is: its name in the pictures, as whom it is seen, and its address, or how it is prepared, which answers
// the address. `here` has the visitors who are there already, by `as`.

import { until } from './waiting.mjs'

export const PAGES = [
  { name: 'me', as: 'agent', address: 'me' },
  { name: 'tickets', as: 'admin', prepare: async desk => { await ticket(desk); return 'tickets?view=all' } },
  { name: 'ticket', as: 'admin', prepare: async desk => `tickets/${await ticket(desk)}` },
  { name: 'people', as: 'admin', address: 'people' },
  { name: 'user', as: 'admin', prepare: async desk => `people/${(await desk.user('Zoë Ünal')).id}` },
  { name: 'teams', as: 'admin', prepare: async desk => { await team(desk, 'Support'); return 'teams' } },
  { name: 'team', as: 'admin', prepare: async desk => `teams/${await team(desk, 'Sales')}` },
]

// A ticket of a call that rang nobody, with a message. Its id.
async function ticket(desk) {
  const away = await desk.user(`Ben ${desk.numbers}`)
  await desk.api('PUT', `users/${away.id}/availability`, { state: 'away', reason: 'lunch' })
  const channel = await desk.channel({ routing: { users: [away.id] } })
  const caller = await desk.call(channel, { message_seconds: 5 })
  return (await messageOf(desk, caller)).ticket
}

// The call of this caller, once its message is kept.
export function messageOf(desk, caller) {
  return until('a message that is kept', async () => {
    const { items } = await desk.get('calls?limit=100')
    return items.find(call => call.provider_call_id === caller.sid && call.voicemail)
  })
}

async function team(desk, name) {
  const ann = await desk.user(`Ann of ${name}`)
  return (await desk.post('teams', { name, main: [ann.id] })).id
}
