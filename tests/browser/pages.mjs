// Every page that there is: its name in the pictures, as whom it is seen, and its address, or how it is prepared, which answers
// the address. `here` has the visitors who are there already, by `as`.

export const PAGES = [
  { name: 'me', as: 'agent', address: 'me' },
]
