// A ticket is given to Ann: it is counted at the top of her pages, she reads of it and goes there. She chooses how she is told, an
// admin says what holds for everybody else, and her own choice wins.

import { expect, until } from '../waiting.mjs'

const SUBJECT = 'The <b>pump</b> leaks'

export default async ({ desk, visit }) => {
  const ann = await desk.user('Ann')
  const assignment = { mode: 'specific', users: [ann.id], strategy: 'load_balanced' }
  const portal = await desk.post('channels', { kind: 'api', name: 'Portal', assignment })
  const customer = { kind: 'email', value: 'vera@example.org' }
  const ticket = subject => desk.post('tickets', { channel: portal.id, customer, name: 'Vera', subject, text: 'Since Monday.' })
  const hers = await visit(ann)
  const { page } = hers
  const link = page.getByRole('banner').getByRole('link', { name: 'Notifications' })
  const told = page.getByRole('table').getByRole('row').filter({ hasText: 'A ticket was given to you' })

  await hers.open('notifications')
  await page.getByText('Nothing was told to you yet.').waitFor()
  expect(await page.locator('#unread').isHidden(), true, 'nothing is unread')
  await hers.open('phone')
  await page.locator('#phone, .phone').first().waitFor()
  // Her telephone hears of it at once, other pages count anew when they are opened.
  await ticket(SUBJECT)
  await hers.open('phone')
  expect((await link.innerText()).replaceAll(/\s+/g, ' ').trim().startsWith('Notifications 1'), true, await link.innerText())
  await page.getByText('connected', { exact: true }).waitFor()
  await ticket('The valve sticks')
  await until('the second is counted as it comes', async () => (await page.locator('#unread [data-part=count]').textContent()) === '2')

  await link.click()
  await page.getByRole('heading', { name: 'Notifications', level: 1 }).waitFor()
  await hers.examine()
  expect(await told.count(), 2)
  const first = told.filter({ hasText: SUBJECT })
  await first.getByText('unread').waitFor()
  await first.getByRole('button', { name: 'Mark as read' }).click()
  await first.getByText('read', { exact: true }).waitFor()
  expect(await page.locator('#unread [data-part=count]').textContent(), '1')
  await hers.examine()
  await page.getByRole('link', { name: 'Unread', exact: true }).click()
  await page.getByRole('row').filter({ hasText: 'The valve sticks' }).waitFor()
  expect(await page.getByText(SUBJECT).count(), 0, 'what was read is not among the unread')
  await hers.examine()
  await page.getByRole('button', { name: 'Mark all as read' }).click()
  await page.getByText('You have read everything.').waitFor()
  expect(await page.locator('#unread').isHidden(), true, 'nothing is left')
  await page.getByRole('link', { name: 'All', exact: true }).click()
  await first.getByRole('link').click()
  await page.getByRole('heading', { name: 'Conversation', exact: true }).waitFor()
  await hers.examine()

  // She is told of what is hers, whatever holds for the others.
  await hers.open('me')
  await page.getByRole('link', { name: 'How you are told' }).click()
  const given = page.getByRole('group', { name: 'A ticket is given to you' }).getByLabel('On the page')
  const writes = page.getByRole('group', { name: 'The customer writes on your ticket' }).getByLabel('On the page')
  expect(await given.locator('option:checked').textContent(), 'as for everybody: yes')
  await given.selectOption('yes')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('It is saved.').waitFor()
  await hers.examine()

  const eve = await visit(await desk.user('Eve', { role: 'admin' }))
  await eve.open('system/notifications')
  for (const kind of ['A ticket is given to you', 'The customer writes on your ticket']) {
    await eve.page.getByRole('group', { name: kind }).getByLabel('On the page').uncheck()
  }
  await eve.page.getByRole('button', { name: 'Save' }).click()
  await eve.page.getByText('It is saved.').waitFor()
  await eve.examine()

  // Without a mail server nobody is promised a mail.
  await eve.page.getByRole('group', { name: 'A ticket is given to you' }).getByLabel('By mail').check()
  await eve.page.getByRole('button', { name: 'Save' }).click()
  await eve.page.locator('#assigned-mail-fault').waitFor()
  expect(await eve.page.getByRole('group', { name: 'A ticket is given to you' }).getByLabel('By mail').isChecked(), true, 'as it was typed')
  await eve.examine()

  await hers.open('me/notifications')
  expect(await given.inputValue(), 'yes')
  expect(await writes.locator('option:checked').textContent(), 'as for everybody: no')
  const third = await ticket('The tap drips')
  await desk.post(`tickets/${third.id}/messages`, { by_customer: true, text: 'Hello?' })
  await hers.open('notifications?unread=true')
  expect(await page.locator('tbody tr').count(), 1, 'of what the customer wrote she is not told')
  await page.getByText('The tap drips').waitFor()

  await hers.open('me/notifications')
  await page.getByRole('button', { name: 'Back to what holds for everybody' }).click()
  await page.getByText('It is saved.').waitFor()
  expect(await given.locator('option:checked').textContent(), 'as for everybody: no')
  await hers.examine()
  await ticket('The door squeaks')
  await hers.open('notifications')
  expect(await page.getByText('The door squeaks').count(), 0)
}
