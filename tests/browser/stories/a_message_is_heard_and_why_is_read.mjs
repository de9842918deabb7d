// A caller finds nobody and leaves a message: it is among the unassigned tickets, it can be heard, and the ticket says why
// nobody was rung. Names are shown as they were typed.

import { messageOf } from '../pages.mjs'
import { expect, until } from '../waiting.mjs'

const NAME = 'Zoë <b>Ünal</b> 📞 שלום'

export default async ({ desk, visit }) => {
  const eve = await visit(await desk.user('Eve', { role: 'admin' }))
  await eve.open('tickets')
  await eve.page.getByText('Nothing is left to do here.').waitFor()
  const ann = await desk.user('Ann <i>Away</i>', { email: 'ann@example.org', reach: { client: 'ann' } })
  await desk.api('PUT', `users/${ann.id}/availability`, { state: 'away', reason: 'at the dentist' })
  const channel = await desk.channel({ routing: { users: [ann.id] } })
  const from = '+436601234567'
  await desk.post('contacts', { name: NAME, numbers: [from] })
  const call = await messageOf(desk, await desk.call(channel, { from, message_seconds: 5 }))

  await eve.open('tickets')
  const row = eve.page.getByRole('row').filter({ hasText: NAME })
  expect(await row.getByRole('link').first().locator('bdi').textContent(), NAME)
  await row.getByRole('link', { name: 'Why' }).click()
  await eve.page.getByRole('heading', { name: 'Why' }).waitFor()
  await eve.examine()
  expect(await eve.page.getByRole('heading', { level: 1 }).locator('bdi').textContent(), NAME)
  await eve.page.getByText('Nobody who is selected is available.').waitFor()
  await eve.page.getByText('One person was looked at').first().click()
  const candidate = eve.page.getByRole('row').filter({ hasText: 'at the dentist' }).first()
  expect(await candidate.getByRole('cell').first().textContent(), 'Ann <i>Away</i>')
  await eve.examine()

  const audio = eve.page.locator('audio')
  const seconds = await audio.evaluate(async audio => {
    audio.muted = true
    await audio.play()
    return audio.duration
  })
  expect(seconds > 1 && seconds < 10, true, `it lasts ${seconds} seconds`)
  const sound = await eve.page.evaluate(async address => {
    const answer = await fetch(address)
    const bytes = new Uint8Array(await answer.arrayBuffer())
    return [answer.headers.get('content-type'), String.fromCharCode(...bytes.slice(0, 4), ...bytes.slice(8, 12))]
  }, `api/v1/calls/${call.id}/voicemail`)
  expect(sound, ['audio/wav', 'RIFFWAVE'])
  await until('the waveform shows where it is', async () => Number(await eve.page.locator('.playhead').getAttribute('x1')) > 0)
  const listened = await desk.get('audit')
  expect(listened.items.some(line => line.action === 'listened' && line.subject === call.id), true, 'who listens is written down')

  await eve.page.getByLabel('New note').fill('Called <em>twice</em>\nשלום')
  await eve.page.getByRole('button', { name: 'Add the note' }).click()
  await eve.page.getByText('Called <em>twice</em>').waitFor()
  await eve.page.getByRole('button', { name: 'I have called back' }).click()
  await eve.page.getByText('Called back: Eve').waitFor()
  await eve.page.getByLabel('Status').selectOption('closed')
  await eve.page.getByRole('button', { name: 'Save' }).click()
  await until('it is closed', async () => !(await desk.get(`tickets/${call.ticket}`)).open)
  await eve.open('tickets?q=0660123')
  await eve.page.getByRole('row').filter({ hasText: NAME }).waitFor()

  const plain = await visit(await desk.user('Fay', { role: 'admin' }), { javaScriptEnabled: false })
  await plain.page.goto(`${desk.url}/tickets/${call.ticket}`)
  expect(await plain.page.locator('audio[controls]').count(), 1, 'without a script, too')
}
