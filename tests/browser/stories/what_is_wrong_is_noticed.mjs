// The examination itself: each kind of thing that can be wrong with a page is brought about once, and must be complained of.

import { expect, until } from '../waiting.mjs'

const WRONG = [
  ['a script in the page', /script-src/, () => {
    document.body.append(Object.assign(document.createElement('script'), { textContent: '1' }))
  }],
  ['a style in the page', /style-src/, () => {
    document.body.insertAdjacentHTML('beforeend', '<p style="color: red"></p>')
  }],
  ['a request to elsewhere', /it asks http:\/\/127\.0\.0\.2/, () => {
    document.body.append(Object.assign(new Image(), { src: 'http://127.0.0.2:9/' }))
  }],
  ['an error of a script', /script: .*thrown/, () => {
    setTimeout(() => { throw new Error('thrown') })
  }],
  ['an error on the console', /console: written/, () => console.error('written')],
  ['a picture that is not heard', /axe, dark: image-alt/, () => {
    document.body.append(Object.assign(new Image(), { src: 'data:image/gif;base64,R0lGODlhAQABAAAAACw=' }))
  }],
  ['a text that can\'t be seen in the dark', /axe, dark: color-contrast/, () => {
    const text = Object.assign(document.createElement('p'), { textContent: 'unseen' })
    text.style.color = '#000'
    document.querySelector('main').append(text)
  }],
  ['a page that is too heavy', /KiB are too many/, async () => {
    for (const element of document.querySelectorAll('link[rel=stylesheet]')) {
      for (let more = 0; more < 40; more++) {
        const sheet = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: `${element.href}?${more}` })
        const loaded = new Promise(resolve => { sheet.onload = resolve })
        document.head.append(sheet)
        await loaded
      }
    }
  }],
]

export default async ({ desk, visit }) => {
  const ann = await visit(await desk.user('Ann'))
  for (const [what, complaint, bring] of WRONG) {
    await ann.open('me')
    await ann.page.evaluate(bring)
    await until(`a complaint about ${what}`, async () => {
      await ann.examine().catch(() => {})
      return ann.complaints.some(said => complaint.test(said))
    })
    await ann.page.goto('about:blank')
    ann.complaints.length = 0
  }
  ann.examined.clear()
  let missed
  try {
    ann.leave()
  } catch (error) {
    missed = error.message
  }
  expect(missed, 'the story came to /me, and never examined it')
  ann.examined.add('/me')
}
