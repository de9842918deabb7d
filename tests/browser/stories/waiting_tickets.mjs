// A ticket waits in the line with its reason until somebody becomes available. What a channel that makes no tickets kept is read,
// and a ticket is made of it.

import { expect, until } from '../waiting.mjs'

const SUBJECT = 'The <b>pump</b> leaks'

export default async ({ desk, visit }) => {
  const ann = await desk.user('Ann')
  const is = state => desk.api('PUT', `users/${ann.id}/availability`, { state })
  const assignment = { mode: 'specific', users: [ann.id], strategy: 'load_balanced' }
  const portal = await desk.post('channels', { kind: 'api', name: 'Portal', assignment, reroutes: true })
  const customer = { kind: 'email', value: 'vera@example.org' }
  const eve = await visit(await desk.user('Eve', { role: 'admin' }))
  const { page } = eve
  await eve.open('tickets')
  await page.getByRole('link', { name: 'Waiting line' }).click()
  await page.getByText('No ticket waits.').waitFor()
  await eve.examine()

  await is('away')
  const [first, second] = [SUBJECT, 'The valve sticks'].map(subject => ({ channel: portal.id, customer, name: 'Vera', subject, text: 'Since Monday.' }))
  const made = [await desk.post('tickets', first), await desk.post('tickets', second)]
  await page.getByRole('link', { name: 'Look again' }).click()
  const rows = page.locator('tbody tr')
  await rows.nth(1).waitFor()
  expect(await rows.nth(0).getByText(SUBJECT).count(), 1, 'the oldest is the first')
  for (const row of [rows.nth(0), rows.nth(1)]) {
    await row.getByText('Nobody who is selected is available.').waitFor()
    await row.getByText('Portal').waitFor()
    expect(await row.locator('time').count(), 1)
  }
  await eve.examine()
  await rows.nth(0).getByRole('link').first().click()
  await page.getByRole('heading', { name: 'Conversation', exact: true }).waitFor()
  await eve.examine()

  await is('available')
  await until('somebody has both', async () => {
    const tickets = await Promise.all(made.map(({ id }) => desk.get(`tickets/${id}`)))
    return tickets.every(ticket => ticket.owner === ann.id)
  })
  await eve.open('tickets/waiting')
  await page.getByText('No ticket waits.').waitFor()

  const shop = await desk.post('channels', { kind: 'api', name: 'Shop', assignment, makes_tickets: false })
  await desk.post('tickets', { ...first, channel: shop.id, text: 'It <i>drips</i>.' })
  const hers = await visit(ann)
  await hers.open('tickets')
  await hers.page.getByRole('link', { name: 'Messages without a ticket' }).click()
  await hers.page.getByText('the channel makes none').waitFor()
  await hers.examine()
  await hers.page.getByRole('row').filter({ hasText: SUBJECT }).getByRole('link').click()
  await hers.page.getByText('It <i>drips</i>.').waitFor()
  await hers.examine()
  const subject = hers.page.getByLabel('Subject')
  expect(await subject.inputValue(), SUBJECT)
  await subject.fill('x'.repeat(501))
  await hers.page.getByRole('button', { name: 'Make the ticket' }).click()
  await hers.page.locator('#subject-fault').waitFor()
  await hers.examine()
  await subject.fill('Leaks & drips')
  await hers.page.getByLabel('Given to').selectOption('me')
  await hers.page.getByRole('button', { name: 'Make the ticket' }).click()
  await hers.page.getByText('Leaks & drips').waitFor()
  await hers.page.getByText('Owner: Ann').waitFor()
  await hers.examine()
  await hers.open('tickets/messages')
  await hers.page.getByText('There is no such message.').waitFor()
}
