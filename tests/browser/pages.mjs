// Every page that there is: its name in the pictures, as whom it is seen, and its address, or how it is prepared, which answers
// the address. `here` has the visitors who are there already, by `as`, and whatever else a page leaves for the next ones.

export const PAGES = [
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
      here.channel = await desk.channel({ name: 'Support', routing: { users: people.map(({ id }) => id) } })
      return 'start/webhooks'
    },
  },
  { name: 'start-hours', as: 'admin', address: 'start/hours' },
  { name: 'start-greetings', as: 'admin', address: 'start/greetings' },
  { name: 'start-agents', as: 'admin', address: 'start/agents' },
  { name: 'me', as: 'agent', address: 'me' },
]
