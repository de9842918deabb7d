// A mail comes with HTML that is up to no good and a file. An agent reads it, takes the file, begins an answer, and sends it
// with a file and a status: then the ticket is theirs. The mail server is away, which they see. In the end they hand it on.

import { readFile } from 'node:fs/promises'
import { expect, until } from '../waiting.mjs'

const MAIL = [
  'From: Zoë <zoe@example.net>',
  'To: help@example.org',
  'Subject: The pump <b>leaks</b>',
  'Message-ID: <1@example.net>',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: text/html; charset=utf-8',
  '',
  '<p onclick="parent.document.title=1">It leaks <strong>again</strong>.</p><img alt="spy" src="https://spy.example.org/x.png">',
  '<script>parent.document.title = "evil"</script><style>body { background: url(https://spy.example.org/y.png) }</style>',
  '--b',
  'Content-Type: text/plain; name="../../since <when>.txt"',
  'Content-Disposition: attachment; filename="../../since <when>.txt"',
  '',
  'Since Monday.',
  '--b--',
  '',
].join('\r\n')

export default async ({ desk, visit }) => {
  const [ann, ben] = [await desk.user('Ann'), await desk.user('Ben')]
  const support = await desk.post('teams', { name: 'Support', main: [ann.id] })
  await desk.post('teams', { name: 'Second line', main: [ben.id], extra: [ann.id] })
  const email = { mailbox: 'main', address: 'help@example.org' }
  const channel = await desk.post('channels', { kind: 'email', name: 'Mail', email })
  const headers = { 'content-type': 'message/rfc822', authorization: `Basic ${btoa('mail:hush hush hush')}` }
  const taken = await fetch(`${desk.url}/hooks/mail/${channel.id}`, { method: 'POST', headers, body: MAIL })
  expect(taken.status, 200, await taken.text())
  const { id } = (await desk.get('tickets')).items[0]
  await desk.patch(`tickets/${id}`, { team: support.id })
  const ticket = () => desk.get(`tickets/${id}`)

  const agent = await visit(ann)
  const { page } = agent
  await agent.open('tickets?view=my_teams_unassigned')
  await page.getByRole('main').getByText('The pump <b>leaks</b>').click()
  const conversation = page.locator('#conversation')
  await conversation.getByText('It leaks again.').waitFor()
  await conversation.getByText('As it came').click()
  const frame = page.frameLocator('iframe')
  expect(await frame.locator('strong').textContent(), 'again', 'as it was written')
  expect(await frame.locator('script, style, [onclick], img[src^=http]').count(), 0, 'nothing in it does anything')
  const before = await page.title()
  expect(before.includes('evil'), false)
  expect((await page.locator('iframe').getAttribute('sandbox')).includes('allow-scripts'), false)
  await agent.examine()

  const coming = page.waitForEvent('download')
  await conversation.getByRole('link', { name: 'since' }).click()
  const download = await coming
  expect(await readFile(await download.path(), 'utf8'), 'Since Monday.')
  expect(/[/\\]/.test(download.suggestedFilename()), false, 'it lies where they put it')

  // A draft is nobody's business, and makes it nobody's.
  const answer = page.getByLabel('Answer')
  await answer.fill('Dear Zoë,\nit <will> be')
  await page.getByRole('button', { name: 'Keep as a draft' }).click()
  await page.getByText('Your draft of').waitFor()
  await agent.examine()
  expect(await answer.inputValue(), 'Dear Zoë,\nit <will> be')
  expect((await ticket()).owner, null)

  await answer.fill('Dear Zoë,\nit <will> be mended.')
  await page.locator('#reply-files').setInputFiles({ name: 'manual.txt', mimeType: 'text/plain', buffer: Buffer.from('Turn it off.') })
  await conversation.getByLabel('Status').selectOption('waiting')
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  const ours = page.locator('.message.ours')
  await ours.getByText('it <will> be mended.').waitFor()
  await ours.getByRole('link', { name: 'manual.txt' }).waitFor()
  await agent.examine()
  const now = await ticket()
  expect([now.owner, now.status], [ann.id, 'waiting'], 'who answers owns it')
  expect(await page.getByText('Your draft of').count(), 0)

  // It is on its way, and says why it did not get there yet.
  const again = ours.getByRole('button', { name: 'Send again' })
  await until('it says that it was tried', async () => {
    await page.reload()
    return again.isVisible()
  })
  await ours.getByText('on its way').waitFor()
  expect((await ours.locator('.fault').textContent()).length > 0, true, 'it says why')
  await agent.examine()
  await again.click()
  await ours.getByText('on its way').waitFor()

  const whose = page.getByRole('region', { name: 'Whose it is' })
  await whose.getByLabel('Owner').selectOption({ label: 'nobody' })
  await whose.getByLabel('Team').selectOption({ label: 'Second line' })
  await whose.getByRole('button', { name: 'Save' }).click()
  await page.locator('.ticket-facts').getByText('Second line').waitFor()
  await agent.examine()
  expect((await ticket()).owner, null)
}
