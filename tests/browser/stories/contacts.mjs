// A supervisor makes a contact, two change it at the same time, and two contacts turn out to be one person: what there was with
// either is on one page, and links to the other lead there. An agent has the earlier conversations beside the ticket.

import { messageOf } from '../pages.mjs'
import { expect, until } from '../waiting.mjs'

const NAME = 'Zoë <b>Ünal</b> שלום'
const NUMBER = '+4366012345'

export default async ({ desk, visit }) => {
  const ann = await desk.user('Ann')
  const [sue, sam] = [await visit(await desk.user('Sue', { role: 'admin' })), await visit(await desk.user('Sam', { role: 'supervisor' }))]
  const field = (visitor, name) => visitor.page.getByLabel(name, { exact: true })
  const save = visitor => visitor.page.getByRole('button', { name: 'Save' }).click()
  const press = (visitor, name) => visitor.page.getByRole('link', { name, exact: true }).click()

  // Somebody called, and somebody wrote: nobody knows yet that they are the same.
  const call = await messageOf(desk, await desk.call(await desk.channel({ name: 'Calls' }), { from: NUMBER, message_seconds: 2 }))
  const portal = await desk.post('channels', { kind: 'api', name: 'Portal' })
  const write = subject => desk.post('tickets', { channel: portal.id, customer: { kind: 'email', value: 'zoe@example.org' }, subject, text: 'Hello' })
  const [first, second] = [await write('The pump <i>'), await write('The valve')]

  // Sue makes a contact of the caller. First the number is none.
  await sue.open('contacts')
  await press(sue, 'New contact')
  await sue.examine()
  await field(sue, 'Name').fill(NAME)
  await field(sue, 'Numbers').fill('0660 12345')
  await field(sue, 'Owner').selectOption({ label: 'Ann' })
  await save(sue)
  await sue.page.getByText('a number is written like').waitFor()
  await sue.examine()
  expect(await field(sue, 'Name').inputValue(), NAME, 'what was typed stays')
  await field(sue, 'Numbers').fill('+43 660 12345')
  await save(sue)
  await sue.page.getByText('Saved.').waitFor()
  await sue.examine()
  const page = new URL(sue.page.url()).pathname.slice(1)
  expect((await desk.get(page)).numbers, [NUMBER])
  expect(await sue.page.getByRole('heading', { level: 1 }).locator('bdi').textContent(), NAME)
  const history = visitor => visitor.page.locator('#history').getByRole('row')
  await history(sue).filter({ hasText: 'voicemail' }).getByRole('link').click()
  await sue.page.getByRole('heading', { name: 'Why' }).waitFor()
  await sue.examine()
  expect(new URL(sue.page.url()).pathname, `/tickets/${call.ticket}`)
  await sue.page.getByRole('link', { name: NAME }).click()
  await sue.page.getByRole('heading', { name: 'What is known' }).waitFor()

  // Sam changes it meanwhile; Sue is told, and what she typed stays.
  await sam.open(`contacts?q=${encodeURIComponent('ünal')}`)
  await sam.page.locator('main').getByRole('link', { name: NAME }).click()
  await sam.examine()
  await field(sam, 'Email address').fill('z.unal@example.org')
  await save(sam)
  await sam.page.getByText('Saved.').waitFor()
  sue.expects(/status of 409/)
  await field(sue, 'Notes').fill('Of Sue')
  await save(sue)
  const told = sue.page.getByRole('alert')
  await told.getByText('Somebody else has changed this').waitFor()
  await sue.examine()
  await told.getByRole('row', { name: 'Email address z.unal@example.org' }).waitFor()
  expect((await desk.get(page)).notes, null, 'nothing is overwritten')
  await field(sue, 'Email address').fill('z.unal@example.org')
  await save(sue)
  await sue.page.getByText('Saved.').waitFor()
  const saved = await desk.get(page)
  expect([saved.notes, saved.email, saved.owner], ['Of Sue', 'z.unal@example.org', ann.id])

  // She types an address that somebody else has: it is the same person.
  await field(sue, 'Other addresses').fill('Zoe@example.org')
  await save(sue)
  await sue.page.getByText('It belongs to another contact').waitFor()
  await sue.examine()
  await press(sue, 'Is it the same person? Merge them.')
  await sue.page.getByRole('heading', { name: 'What will be kept' }).waitFor()
  await sue.examine()
  const other = first.contact
  expect(await sue.page.getByRole('row', { name: 'Other addresses' }).getByRole('cell').last().textContent(), 'zoe@example.org')
  await sue.page.getByRole('button', { name: 'Make them one' }).click()
  await sue.page.getByText('Two contacts are one now').waitFor()
  await sue.examine()
  for (const said of ['The pump <i>', 'The valve', 'voicemail']) await history(sue).filter({ hasText: said }).first().waitFor()
  expect(await history(sue).count(), 4, 'a heading, a call and two conversations')

  // Who looks for the other finds the one that stays; on a merge's page, too, one is found without a script.
  await sam.open(`contacts/${other}`)
  expect(new URL(sam.page.url()).pathname.slice(1), page)
  await sam.page.getByText('Two contacts are one now').waitFor()
  const twin = await desk.post('contacts', { name: 'Twin', numbers: ['+4366099999'] })
  const plain = await visit(await desk.user('Fay', { role: 'supervisor' }), { javaScriptEnabled: false })
  await plain.page.goto(`${desk.url}/${page}/merge`)
  await plain.page.getByRole('main').getByRole('searchbox').fill('0660 99999')
  await plain.page.getByRole('button', { name: 'Search' }).click()
  await press(plain, 'Twin')
  await plain.page.getByRole('button', { name: 'Make them one' }).click()
  await plain.page.getByText('Two contacts are one now').waitFor()
  expect((await desk.get(page)).numbers, [NUMBER, twin.numbers[0]])

  // Ann, whose contact it is, has it all beside her ticket, and changes nothing.
  await desk.patch(`tickets/${second.id}`, { owner: ann.id })
  await desk.patch(`tickets/${first.id}`, { owner: ann.id })
  const agent = await visit(ann)
  await agent.open(`tickets/${second.id}`)
  await agent.page.locator('#others').getByText('The pump <i>').waitFor()
  await press(agent, 'All conversations and calls')
  await agent.examine()
  expect(await agent.page.getByRole('main').getByRole('row').count(), 3, 'a heading and what she may see')
  await press(agent, 'Contacts')
  await agent.examine()
  await agent.page.locator('main').getByRole('link', { name: NAME }).click()
  await agent.page.getByRole('heading', { name: 'What is known' }).waitFor()
  await agent.examine()
  expect(await agent.page.getByRole('button', { name: 'Save' }).count(), 0)

  // Deleted, what there was stays.
  await sue.open(page)
  await sue.page.locator('summary').filter({ hasText: 'Delete the contact' }).click()
  await sue.examine()
  await sue.page.getByRole('button', { name: 'Delete the contact' }).click()
  await sue.page.getByText('The contact is deleted.').waitFor()
  await sue.examine()
  await until('nobody is left', async () => (await desk.get('contacts')).items.length === 0)
  expect((await desk.get(`tickets/${first.id}`)).subject, 'The pump <i>')
}
