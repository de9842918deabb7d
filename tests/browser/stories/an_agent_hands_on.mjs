// A caller is handed on to a colleague, notes go to the ticket about which they were begun, one click closes a ticket after the
// wrap-up, and a talk goes on through another network and a sleep. Before, the microphone is tried.

import { expect, until } from '../waiting.mjs'

export default async ({ desk, visit }) => {
  const [ann, ben] = [await desk.user('Ann'), await desk.user('Ben <i>')]
  const channel = await desk.channel({ name: 'Support', routing: { users: [ann.id], wrap_up_seconds: 900 } })
  const [first, second] = [await visit(ann), await visit(ben)]
  const line = visitor => visitor.page.locator('#call')
  const reads = (visitor, text) => line(visitor).getByText(text, { exact: true }).waitFor()
  const press = (visitor, name) => visitor.page.getByRole('button', { name, exact: true }).first().click()
  const notes = async ticket => (await desk.get(`tickets/${ticket}/notes`)).items.map(({ author, text }) => [author, text])
  await second.page.clock.install()
  for (const visitor of [first, second]) {
    await visitor.open('phone')
    await visitor.page.getByText('connected', { exact: true }).waitFor()
    await visitor.page.getByText('Nobody is calling.').waitFor()
  }

  await first.page.getByText('Sound and microphone').click()
  await press(first, 'Check the microphone')
  await first.page.locator('#microphone').getByText('works', { exact: true }).waitFor()
  await first.examine()

  // Ann takes it, begins a note, and hands the caller on to Ben.
  const caller = await desk.call(channel, { from: '+43660111' })
  await press(first, 'Accept')
  await caller.until('talks', call => call.is_talking)
  await reads(first, 'talking')
  await first.page.getByLabel('Note').fill('Wants Ben')
  await first.page.locator('#hand-on summary').click()
  await first.page.getByRole('combobox', { name: 'To' }).selectOption({ label: 'Ben <i>' })
  await first.examine()
  await first.page.locator('#hand-on-form').getByRole('button', { name: 'Hand on' }).click()
  await until('it rings at Ben', () => second.page.getByRole('button', { name: 'Accept' }).first().isEnabled())
  await press(second, 'Accept')
  await reads(second, 'talking')
  await reads(first, 'wrapping up')
  const { ticket } = (await desk.get('calls')).items[0]

  // Ben's machine sleeps; when it wakes up, the line is opened anew, and the talk is still there.
  const reopened = second.page.waitForEvent('websocket')
  second.expects(/WebSocket|ERR_|Failed to load/)
  await second.page.clock.fastForward('05:00')
  await reopened
  await until('Ben can hang up again', () => second.page.getByRole('button', { name: 'Hang up' }).isEnabled())
  await reads(second, 'talking')

  // Ann is ready, and takes another call before she has saved her note.
  await press(first, 'Ready')
  await until('Ann is free', async () => (await desk.get(`users/${ann.id}/availability`)).occupation === 'free')
  const other = await desk.call(channel, { from: '+43660222' })
  await press(first, 'Accept')
  await other.until('talks', call => call.is_talking)
  await until('it stands where it belongs', async () => (await notes(ticket)).length === 1)
  expect(await notes(ticket), [[ann.id, 'Wants Ben']])
  await until('nothing is left of it', async () => (await first.page.getByLabel('Note').inputValue()) === '')

  // Her network changes; the talk goes on.
  first.expects(/WebSocket|ERR_|Failed to load/)
  const anew = first.page.waitForEvent('websocket')
  await first.context.setOffline(true)
  await first.context.setOffline(false)
  await anew
  await first.page.getByText('connected', { exact: true }).waitFor()
  await until('Ann can hang up again', () => first.page.getByRole('button', { name: 'Hang up' }).isEnabled())
  expect((await other.look()).is_talking, true)

  // One click after the wrap-up: what Ben has typed is saved, his ticket is closed, and he is ready.
  await press(second, 'Hang up')
  await caller.until('is over', call => call.is_over)
  await reads(second, 'wrapping up')
  await second.page.getByLabel('Note').fill('It is solved.')
  await second.examine()
  await press(second, 'Close the ticket')
  await second.page.getByText('The ticket is closed.').waitFor()
  await reads(second, 'The call is over.')
  await until('Ben is free', async () => (await desk.get(`users/${ben.id}/availability`)).occupation === 'free')
  expect((await desk.get(`tickets/${ticket}`)).open, false)
  expect((await notes(ticket)).toSorted(), [[ann.id, 'Wants Ben'], [ben.id, 'It is solved.']].toSorted())
}
