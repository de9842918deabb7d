// Everything once without a mouse: what is used is reached with Tab, and what has the focus can be seen.

import { PASSWORD } from '../visitor.mjs'
import { expect, until } from '../waiting.mjs'

// More than any page has.
const TABS_MAX = 250

const path = visitor => new URL(visitor.page.url()).pathname

// Goes on with Tab until this has the focus. What gets it on the way must show that it has it.
async function tabTo(visitor, locator) {
  await locator.waitFor()
  for (let tabs = 0; tabs < TABS_MAX; tabs++) {
    if (await locator.evaluate(element => element === document.activeElement)) return
    await visitor.page.keyboard.press('Tab')
    const unseen = await visitor.page.evaluate(() => {
      const element = document.activeElement
      const { outlineStyle, outlineWidth } = getComputedStyle(element)
      // Where nothing has the focus, it is in the browser itself.
      const shows = element === document.body || (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0)
      return shows ? undefined : element.outerHTML.slice(0, 200)
    })
    expect(unseen, undefined, 'the focus can be seen')
  }
  throw new Error(`Tab does not lead to ${locator}`)
}

async function typeInto(visitor, locator, text) {
  await tabTo(visitor, locator)
  await visitor.page.keyboard.press('ControlOrMeta+a')
  await visitor.page.keyboard.type(text)
}

async function press(visitor, locator) {
  await tabTo(visitor, locator)
  await visitor.page.keyboard.press('Enter')
}

async function go(visitor, letter, to) {
  // Keys are heard once the page is there.
  await visitor.page.waitForLoadState('load')
  await visitor.page.keyboard.press('g')
  await visitor.page.keyboard.press(letter)
  await until(`at ${to}`, () => path(visitor) === to)
  await visitor.page.getByRole('heading', { level: 1 }).waitFor()
}

export default async ({ desk, visit }) => {
  const [eve, ann] = [await desk.user('Eve', { role: 'admin' }), await desk.user('Ann')]
  const channel = await desk.channel({ name: 'Support', routing: { users: [ann.id] } })
  const first = await visit(eve)
  await first.open('me')
  await press(first, first.page.getByRole('button', { name: 'Sign out', exact: true }))
  await until('signed out', () => path(first) === '/sign-in')
  await first.examine()
  await typeInto(first, first.page.getByLabel('Email address'), 'eve@example.org')
  await typeInto(first, first.page.getByLabel('Password'), PASSWORD)
  await first.page.keyboard.press('Enter')
  await until('at the board', () => path(first) === '/board')
  await first.examine()

  // Past the navigation.
  await first.page.keyboard.press('Tab')
  await press(first, first.page.getByRole('link', { name: 'Skip to content' }))
  await until('the focus is on the content', () => first.page.evaluate(() => document.activeElement.id === 'main'))

  const parts = { p: '/phone', t: '/tickets', n: '/tonight', s: '/system', c: '/channels', o: '/contacts', e: '/people' }
  for (const [letter, to] of Object.entries(parts)) {
    await go(first, letter, to)
    await first.examine()
  }
  await press(first, first.page.locator('main').getByRole('link', { name: 'Ann' }).first())
  await until('at a person', () => path(first) === `/people/${ann.id}`)
  await first.examine()
  await typeInto(first, first.page.getByLabel('Name', { exact: true }), 'Ann Other')
  await first.page.keyboard.press('Enter')
  await until('it is saved', async () => (await desk.get(`users/${ann.id}`)).name === 'Ann Other')
  await first.page.getByRole('heading', { name: 'Ann Other' }).waitFor()

  await go(first, 'c', '/channels')
  await press(first, first.page.locator('main').getByRole('link', { name: 'Support' }).first())
  await until('at the channel', () => path(first) === `/channels/${channel.id}`)
  await first.examine()
  await typeInto(first, first.page.getByLabel('Name', { exact: true }).last(), 'Helpdesk')
  await first.page.keyboard.press('Enter')
  await until('it is saved', async () => (await desk.get(`channels/${channel.id}`)).name === 'Helpdesk')

  const second = await visit(ann)
  await second.open('phone')
  await second.page.getByText('connected', { exact: true }).waitFor()
  const caller = await desk.call(channel)
  const accept = second.page.locator('.slot').getByRole('button', { name: 'Accept' }).first()
  await until('it is offered', () => accept.isEnabled())
  await press(second, accept)
  await caller.until('talks', call => call.is_talking)
  const hangUp = second.page.getByRole('button', { name: 'Hang up' })
  await until('they may hang up', () => hangUp.isEnabled())
  await press(second, hangUp)
  await caller.until('is over', call => call.is_over)

  await go(second, 't', '/tickets')
  await second.examine()
  await second.page.keyboard.press('/')
  await until('the search has the focus', () => second.page.evaluate(() => document.activeElement.type === 'search'))
}
