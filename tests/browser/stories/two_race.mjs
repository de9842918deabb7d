// Two agents are rung for one call and both accept at once: exactly one gets it, and the other reads who did.

import { expect, until } from '../waiting.mjs'

const told = async visitor => (await visitor.page.locator('#offers').textContent()).replaceAll(/\s+/g, ' ')

export default async ({ desk, visit }) => {
  const [ann, ben] = [await desk.user('Ann'), await desk.user('Ben <i>')]
  const channel = await desk.channel({ name: 'Support', routing: { users: [ann.id, ben.id], wrap_up_seconds: 600 } })
  await desk.post('contacts', { name: 'Clara', numbers: ['+436601234567'] })
  const visitors = [await visit(ann), await visit(ben)]
  for (const visitor of visitors) {
    await visitor.open('phone')
    await visitor.page.getByText('connected', { exact: true }).waitFor()
  }
  const caller = await desk.call(channel)
  const buttons = visitors.map(visitor => visitor.page.getByRole('button', { name: 'Accept' }).first())
  for (const [index, visitor] of visitors.entries()) {
    await until('it is offered', () => buttons[index].isEnabled())
    await visitor.page.locator('.slot').getByText('Clara').waitFor()
    await visitor.examine()
  }
  const places = await Promise.all(buttons.map(button => button.boundingBox()))
  await Promise.all(buttons.map(button => button.click()))
  await caller.until('talks', call => call.is_talking)

  await until('one reads that it is theirs, the other who took it', async () => {
    const texts = await Promise.all(visitors.map(told))
    return texts.some(text => text.includes('You took it.')) && texts.some(text => /(Ann|Ben <i>) took it/.test(text))
  })
  const won = (await told(visitors[0])).includes('You took it.') ? 0 : 1
  const [winner, loser] = [visitors[won], visitors[1 - won]]
  expect((await told(loser)).includes(`${['Ann', 'Ben <i>'][won]} took it`), true, 'by name')
  await winner.page.locator('#call').getByText('talking', { exact: true }).waitFor()
  expect(await loser.page.getByRole('button', { name: 'Hang up' }).isEnabled(), false)
  for (const [index, visitor] of visitors.entries()) {
    const now = await visitor.page.locator('.slot').first().getByRole('button', { name: 'Accept', includeHidden: true }).boundingBox()
    expect(now, places[index], 'no button moved')
  }
  const calls = await desk.get('calls')
  expect(calls.items[0].offers.filter(offer => offer.cause === 'won').length, 1)

  // They write something down, hang up, wrap up, close the ticket, and are ready.
  await winner.page.getByLabel('Note').fill('Will call again')
  await winner.page.getByRole('button', { name: 'Save the note' }).click()
  await winner.page.getByText('The note is saved.').waitFor()
  await winner.page.getByRole('button', { name: 'Hang up' }).click()
  await winner.page.locator('#call').getByText('wrapping up').waitFor()
  await winner.examine()
  await winner.page.reload()
  await winner.page.locator('#call').getByText('wrapping up').waitFor()
  await winner.page.getByRole('button', { name: 'Close the ticket' }).click()
  await winner.page.locator('#call').getByText('The call is over.').waitFor()
  const ticket = await desk.get(`tickets/${calls.items[0].ticket}`)
  expect([ticket.open, (await desk.get(`tickets/${ticket.id}/notes`)).items[0].text], [false, 'Will call again'])
  await until('ready', async () => (await desk.get(`users/${[ann, ben][won].id}/availability`)).occupation === 'free')
  await winner.page.locator('#recent + ul').getByText('Clara').waitFor()
}
