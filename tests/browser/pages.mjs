// Every page that there is: its name in the pictures, as whom it is seen, and its address, or how it is prepared, which answers
// the address. `here` has the visitors who are there already, by `as`.

export const PAGES = [
  { name: 'me', as: 'agent', address: 'me' },
  { name: 'phone', as: 'agent', prepare: callers },
  { name: 'board', as: 'admin', address: 'board' },
  { name: 'wallboard', as: 'admin', address: 'board?wall' },
]

// One call was missed, two are ringing, another waits for nobody and is told so.
async function callers(desk) {
  const users = (await desk.get('users')).items
  const ben = await desk.user('Ben')
  const channel = await desk.channel({ name: 'Calls', routing: { users: [...users, ben].map(user => user.id) } })
  await desk.post('contacts', { name: 'Clara Novak', numbers: ['+43660111'] })
  const missed = await desk.call(channel, { from: '+43660111', message_seconds: 2 })
  await missed.until('is over', call => call.is_over)
  for (const from of ['+43660111', '+43660222']) await desk.call(channel, { from })
  return 'phone'
}
